"""Answers that lie under version control, with the golden files."""
