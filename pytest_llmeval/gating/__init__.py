"""Gates on a run, and the comparison of two runs."""
