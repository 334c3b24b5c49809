"""The list that `--formats` prints."""

from __future__ import annotations

from collections.abc import Mapping


def format_list(formats: Mapping[str, str]) -> str:
    """Names of formats with what they are, in columns."""
    width = max(map(len, formats))
    return "".join(f"{name.ljust(width)}  {marks}\n" for name, marks in formats.items())
