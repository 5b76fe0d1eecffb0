"""One reader per file format: a file becomes a Table of rows that know their line."""
