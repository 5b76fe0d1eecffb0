"""The baselines of a run: lookup, reading, and judging again with the judge of the run."""
