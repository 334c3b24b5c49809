"""Requests of a run as batches of a provider: submitted, and collected within a day."""
