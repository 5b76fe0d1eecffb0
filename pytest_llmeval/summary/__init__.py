"""Facts about results: checks, costs, tallies and changes. No presentation."""
