"""Formats for the result of the gate: one module each, with the name of the format.

A format is a function `write(report: CheckReport, *, style: Style = plain) -> str`. Findings and
test cases are shown as `promptops lint` and `promptops test` show them, by the same code.
"""
