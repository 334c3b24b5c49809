"""Formats for a comparison of arms: one module each, with the name of the format.

A format is a function `write(comparison: ArmComparison, *, style: Style = plain) -> str`; the text
ends with a newline. `facts.py` has what formats share.
"""
