"""How a plan and a comparison are shown: each view makes text and decides nothing."""
