"""What a run leaves behind: the run log, and the reports that are made from it."""
