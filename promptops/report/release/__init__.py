"""Formats for a planned and a created release, and for the message of its tag."""
