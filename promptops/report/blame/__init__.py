"""Formats for the blame of a request: one module each, with the name of the format.

A format is a function `write(blame: Blame, *, style: Style = plain) -> str`; what it returns ends
with a newline, or is empty.
"""
