"""How the change of a channel is shown: each module is a format, and its name is the format's name.

A format is a function `write(move: Move, *, style: Style = plain) -> str`; what it returns ends
with a newline.
"""
