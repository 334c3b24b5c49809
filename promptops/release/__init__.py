"""Releases: what their tags are called and say, what comes next, and the channels."""
