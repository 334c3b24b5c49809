"""Results of `promptops verify`: one module for each format, with the name of the format."""
