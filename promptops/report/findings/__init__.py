"""Formats of findings: each module of this package is one format with the same name.

A new format is a new module with a function `write`; `json_lines.py` is the format `json-lines`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Protocol, cast

from promptops.errors import UsageError
from promptops.model.finding import Severity
from promptops.model.report import LintReport, RuleInfo, Style


class Writer(Protocol):
    """The function `write` of a format; it ignores arguments that it does not need.

    The text it returns ends with a newline, or is empty. It never raises, and the text can be
    encoded as UTF-8.
    """

    def __call__(
        self,
        report: LintReport,
        *,
        rules: Mapping[str, RuleInfo] = ...,
        style: Style = ...,
        version: str = ...,
        home: str = ...,
        fail_on: Severity = ...,
    ) -> str: ...


def writer(name: str) -> Writer:
    """Import and return a format by name. Raises UsageError if there is no such format."""
    from importlib import import_module

    if name not in formats():
        raise _unknown(name)
    return cast(Writer, import_module(f"{__name__}.{name.replace('-', '_')}").write)


def formats() -> tuple[str, ...]:
    """The names of all formats, sorted; imports no format."""
    from promptops.plugins import module_names

    return tuple(sorted(name.replace("_", "-") for name in module_names(sys.modules[__name__])))


def _unknown(name: str) -> UsageError:
    from promptops.suggestions import did_you_mean

    hint = did_you_mean(name, formats()) or f"one of: {', '.join(formats())}"
    return UsageError(f"there is no format {name!r}", hint=hint)
