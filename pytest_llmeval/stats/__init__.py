"""Statistics, without any knowledge of runs and reports."""
