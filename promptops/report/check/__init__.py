"""What the gate says: each module is a format, and its name is the format's name.

A format is a function `write(report: CheckReport, *, style: Style = plain) -> str`. What it says of
lint and of test cases is what `promptops lint` and `promptops test` say, by the same code.
"""
