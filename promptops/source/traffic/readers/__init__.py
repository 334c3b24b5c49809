"""Formats of samples. Each file has one `READER`."""
