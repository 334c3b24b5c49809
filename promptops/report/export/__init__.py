"""The result of `promptops export`, one file for each format."""
