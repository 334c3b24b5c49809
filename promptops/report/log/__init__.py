"""Formats for the history of a prompt: one module each, with the name of the format.

A format is a function `write(history: History, *, style: Style = plain) -> str`; what it returns
ends with a newline, or is empty.
"""
