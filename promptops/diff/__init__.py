"""The changes between two catalogs, and the required version bump; independent of git."""
