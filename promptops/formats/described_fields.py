"""What describes a prompt in most formats: its title, its description, its owners, its tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def described(
    source: Mapping[str, Any],
    *,
    title: Sequence[str],
    owners: Sequence[str] = (),
    tags: Sequence[str] = (),
) -> dict[str, Any]:
    """The fields of a prompt file; a value of another type is left out.

    Args:
        title: The keys that can have it, the preferred one first; so for owners and tags.
    """
    fields: dict[str, Any] = {}
    for name, keys in (("title", title), ("description", ("description",))):
        text = next((source[key] for key in keys if isinstance(source.get(key), str)), "")
        if text:
            fields[name] = text
    for name, keys in (("owners", owners), ("tags", tags)):
        given = next((source[key] for key in keys if source.get(key)), None)
        if given and (isinstance(given, list) or name == "owners"):
            fields[name] = [str(one) for one in (given if isinstance(given, list) else [given])]
    return fields
