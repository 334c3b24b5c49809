"""Formats for a diff: one module each, with the name of the format.

A format is a function `write(report: DiffReport, *, style: Style = plain) -> str`; the text ends
with a newline. `facts.py` has what formats share.
"""
