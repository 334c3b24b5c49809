"""Finds where one JSON Schema accepts values that another one rejects."""
