"""Formats for scored samples of production: one module each, with the name of the format.

A format is a function `write(score: Score, *, style: Style = plain) -> str`; the text ends with a
newline. None shows text of a sample. `facts.py` has what formats share.
"""
