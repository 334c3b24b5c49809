"""Recorded answers: audit and prune them, and record them in batches."""
