"""The answers of a run: as text while they arrive, and as JSON."""
