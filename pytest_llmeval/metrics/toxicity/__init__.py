"""Toxicity, measured by a detoxify model on this machine."""
