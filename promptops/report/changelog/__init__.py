"""How the history of releases is shown: each module is a format, and its name is the format's.

A format is a function `write(history: Sequence[tuple[Release, Record]], *, style: Style = plain)
-> str`; what it returns ends with a newline.
"""
