"""Keys, endpoints and connection settings in what a reader carries: they are never copied."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.document import Loss, SourceDocument
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.records import replace

_NAME = (
    r"(?:api[-_]?(?:key|base|base[-_]?url)|(?:access|secret|private)[-_]?key|secret"
    r"|password|passwd|bearer|(?:auth|access|api)[-_]?token|authori[sz]ation|credentials?"
    r"|connection(?:[-_]?string)?|endpoint|base[-_]?url|organi[sz]ation(?:[-_]?id)?)"
)
_CONNECTION = lazy_pattern(rf".*{_NAME}", re.IGNORECASE)
_ASSIGNED = lazy_pattern(rf"{_NAME}[\"']?\s*[:=]", re.IGNORECASE)
_FREE = ("metadata",)
"""Keys of a prompt file whose values a reader takes from its source as they are; and `x-…`."""


def without_connections(document: SourceDocument) -> SourceDocument:
    """The document without such keys in `metadata`, `x-…` and the options of a provider.

    Each is an IMP111.
    """
    removed: list[str] = []
    fields = dict(_cleaned_fields(document.fields, removed))
    if not removed:
        return document
    kept = [loss for loss in document.losses if _removed_key(loss, removed) is None]
    places = {_removed_key(loss, removed): loss.place for loss in document.losses}
    lost = (_lost(name, places.get(name, document.place)) for name in dict.fromkeys(removed))
    return replace(document, fields=fields, losses=(*kept, *lost))


def _removed_key(loss: Loss, removed: Sequence[str]) -> str | None:
    """The removed key of which a loss reports that it is kept."""
    if loss.code not in ("IMP202", "IMP203"):
        return None
    return next((name for name in removed if loss.message.startswith(f"`{name}`")), None)


def _lost(name: str, place: Place) -> Loss:
    message = f"connection settings are not carried: `{name}`"
    return Loss(code="IMP111", message=message, place=place)


def names_connection(line: str) -> bool:
    """Whether a line of a source assigns a connection setting."""
    return _ASSIGNED.search(line) is not None


def _cleaned_fields(fields: Mapping[str, Any], removed: list[str]) -> Iterator[tuple[str, Any]]:
    for key, value in fields.items():
        if key == "model" and isinstance(value, Mapping) and "provider_options" in value:
            options = _cleaned(value["provider_options"], removed)
            yield key, {**value, "provider_options": options}
        elif key.startswith("x-") and _CONNECTION.fullmatch(key):
            removed.append(key.removeprefix("x-"))
        elif key in _FREE or key.startswith("x-"):
            yield key, _cleaned(value, removed)
        else:
            yield key, value


def _cleaned(value: Any, removed: list[str]) -> Any:
    """A copy of a value without the keys, whose names go to `removed`."""
    if isinstance(value, list):
        return [_cleaned(one, removed) for one in value]
    if not isinstance(value, Mapping):
        return value
    names = [key for key in value if isinstance(key, str) and _CONNECTION.fullmatch(key)]
    removed += names
    return {key: _cleaned(one, removed) for key, one in value.items() if key not in names}
