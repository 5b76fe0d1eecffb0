"""What a run is held against: baselines, gates on the run, the comparison of two runs."""
