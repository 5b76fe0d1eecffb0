"""A run as a whole: what it leaves behind, its gates, its end, its shards."""
