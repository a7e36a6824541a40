"""One module for each AI service; import only the one whose extra is installed."""
