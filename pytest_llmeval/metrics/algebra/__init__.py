"""Formulas: found in a text, written in one notation, and compared by computer algebra."""
