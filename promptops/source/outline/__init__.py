"""What a position of a YAML file is in, also while the file is half-typed (cursor.py)."""
