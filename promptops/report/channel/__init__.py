"""Formats for the change of a channel: one module each, with the name of the format.

A format is a function `write(move: Move, *, style: Style = plain) -> str`; what it returns ends
with a newline.
"""
