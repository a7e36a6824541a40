"""The chat service: a conversation in, a streamed answer out."""
