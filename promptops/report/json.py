"""For programs: one object, described by `schemas/lint.schema.json`."""

from __future__ import annotations

from promptops.report.parts.record_json import write

__all__ = ["write"]
