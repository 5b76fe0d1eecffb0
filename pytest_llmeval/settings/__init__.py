"""Every setting: the table, how a value is read and which of several values holds, and the project's files."""
