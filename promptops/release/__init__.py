"""Releases: tag names, the record in a tag, the next version, and channels."""
