"""How a search for the commit that broke a case is shown: each module is a format.

A format is a function `write(bisection: Bisection, *, style: Style = plain) -> str`; what it
returns ends with a newline.
"""
