"""A field of a record, and the mark of a field without a default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class _Missing:
    """Marks a field without a default."""


MISSING: Any = _Missing()


class Field:
    """One attribute of a record; `type` is the annotation as written.

    `default` and `default_factory` are MISSING if not given.
    """

    __slots__ = (
        "compare",
        "default",
        "default_factory",
        "init",
        "kw_only",
        "metadata",
        "name",
        "repr",
        "type",
    )

    def __init__(
        self,
        *,
        default: Any = MISSING,
        default_factory: Any = MISSING,
        init: bool = True,
        repr: bool = True,  # noqa: A002  # named as in dataclasses
        compare: bool = True,
        kw_only: bool | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.name: str = ""
        self.type: Any = None
        self.default = default
        self.default_factory = default_factory
        self.init = init
        self.repr = repr
        self.compare = compare
        self.kw_only = kw_only
        self.metadata = metadata or {}
