"""Formats for a run of `drift`: one module each, with the name of the format.

A format is a function `write(drift: Drift, *, style: Style = plain) -> str`; the text ends with a
newline. `facts.py` has what formats share.
"""
