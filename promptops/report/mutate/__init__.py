"""Formats for the result of mutation testing: one module each, with the name of the format.

A format is a function `write(run: MutationRun, *, style: Style = plain) -> str`; the text ends with
a newline. `facts.py` has what formats share.
"""
