"""Formats for the search for the commit that broke a case: one module each.

A format is a function `write(bisection: Bisection, *, style: Style = plain) -> str`; what it
returns ends with a newline.
"""
