"""Frozen data types that every package may use. Standard library only."""
