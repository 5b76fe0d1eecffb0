"""Settings: their table, readers, precedence, project files and locations."""
