"""The summary of a run in Markdown."""
