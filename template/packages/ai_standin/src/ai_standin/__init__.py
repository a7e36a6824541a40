"""A stand-in for the Azure AI services and Entra ID: their HTTP, their failures, no Azure."""
