"""Frozen nouns that every room may hold. Standard library only."""
