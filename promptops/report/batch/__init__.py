"""Formats for submitted and collected batches: one module each, with the name of the format.

A format is a function `write(report: BatchReport, *, style: Style = plain) -> str`.
"""
