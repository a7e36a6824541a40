"""The pipeline's host on this machine: plays Event Grid, Service Bus and Event Hubs on Azurite."""
