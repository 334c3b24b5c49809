"""For programs: one object, described by `schemas/lint.schema.json`."""

from promptops.report.data_text import write_json as write

__all__ = ["write"]
