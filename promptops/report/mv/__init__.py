"""The result of `promptops mv`."""
