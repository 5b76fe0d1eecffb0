"""The result files of other tools, read as baselines."""
