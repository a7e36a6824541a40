"""One module for each AI service that the stand-in speaks for."""
