"""The run log: tables, rows and migrations, and the history of runs."""
