"""What the project promises about speed, cost and safety, measured as ratios within one run."""
