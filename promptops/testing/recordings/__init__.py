"""Recorded answers of models: finding, auditing and writing them."""
