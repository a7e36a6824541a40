"""Starts and keeps up production AI repositories for the Azure Developer CLI."""
