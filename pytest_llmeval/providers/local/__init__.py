"""A GGUF model in this process, without a key and without a network."""
