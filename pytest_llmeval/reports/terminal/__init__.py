"""The reports in the terminal."""
