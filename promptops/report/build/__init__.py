"""What `promptops build` did: one module for each format, and its name is the format's name."""
