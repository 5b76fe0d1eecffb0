"""Judges: scorers that ask a model through an injected Provider, and know nothing of HTTP."""
