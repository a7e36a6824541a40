"""What stands behind the ports; import only the one that is used: their SDKs are slow to import."""
