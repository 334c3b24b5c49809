"""Point a channel at a release, and read what it served."""
