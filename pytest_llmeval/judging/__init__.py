"""Judging answers that are there already: rescoring and calibration."""
