"""Golden files: read, validated, selected, turned into chats."""
