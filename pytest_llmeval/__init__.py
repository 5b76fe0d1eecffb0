"""Regression tests for systems built on language models. See README.md."""
