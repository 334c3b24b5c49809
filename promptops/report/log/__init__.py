"""How the history of a prompt is shown: each module is a format, and its name is the format's name.

A format is a function `write(history: History, *, style: Style = plain) -> str`; what it returns
ends with a newline, or is empty.
"""
