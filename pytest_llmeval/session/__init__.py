"""Assembly: settings become providers, store, engine, scorers, and what a run leaves behind."""
