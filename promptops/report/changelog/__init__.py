"""Formats for the history of releases: one module each, with the name of the format.

A format is a function `write(history: Sequence[tuple[Release, Record]], *, style: Style = plain)
-> str`; what it returns ends with a newline.
"""
