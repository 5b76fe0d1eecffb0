"""Settings become providers, store, engine and scorers, each made once."""
