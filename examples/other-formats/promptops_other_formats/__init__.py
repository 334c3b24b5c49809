"""Readers of four formats, as a package beside promptops has them."""
