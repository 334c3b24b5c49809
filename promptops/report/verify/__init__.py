"""What `promptops verify` found: one module for each format, and its name is the format's name."""
