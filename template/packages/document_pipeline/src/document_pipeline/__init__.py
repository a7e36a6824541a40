"""Documents in, AI results out, nothing lost. Knows nothing of the host that triggers it."""
