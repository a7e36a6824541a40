"""The vision service: an image in; caption, tags and text out."""
