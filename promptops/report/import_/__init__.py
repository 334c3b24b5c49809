"""The result of `promptops import`, one file for each format."""
