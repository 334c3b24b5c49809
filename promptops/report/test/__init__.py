"""How a test run is shown: each module is a format, and its name is the format's name.

A format is a function `write(run: TestRun, *, style: Style = plain) -> str`; what it returns ends
with a newline. What formats share stands in `parts/`.
"""
