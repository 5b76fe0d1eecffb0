"""Metrics: scorers that need no judge, ours and those that users add."""
