"""The text service: a document in; text, tables and key-value pairs out."""
