"""One file for each format that `export` writes."""
