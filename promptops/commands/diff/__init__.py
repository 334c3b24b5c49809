"""Compare two revisions, and find the required version bump."""
