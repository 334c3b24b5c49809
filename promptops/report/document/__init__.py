"""What reports have in common: a document of blocks, and how each format writes these blocks."""
