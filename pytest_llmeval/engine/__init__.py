"""Requests in, completions out: the only place that sends model calls."""
