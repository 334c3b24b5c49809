"""For programs: one object, described by `schemas/lint.schema.json`."""

from __future__ import annotations

__all__ = ["write"]
