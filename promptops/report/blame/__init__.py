"""How a blamed request is shown: each module is a format, and its name is the format's.

A format is a function `write(blame: Blame, *, style: Style = plain) -> str`; what it returns ends
with a newline, or is empty.
"""
