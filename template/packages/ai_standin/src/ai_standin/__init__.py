"""A stand-in for the Azure AI services: their HTTP, their failures, no Azure."""
