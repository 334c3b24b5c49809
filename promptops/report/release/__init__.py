"""Formats for a release before and after it is created, and for the message of its tag."""
