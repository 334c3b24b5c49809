"""Reports of `promptops build`: one module for each format, with the name of the format."""
