"""Formats for the list of packaged probes: one module each, with the name of the format."""
