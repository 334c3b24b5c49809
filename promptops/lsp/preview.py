"""The command `promptops.preview`: what a model receives for a case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from promptops.jobs.live.preview import Preview, PreviewPiece, preview
from promptops.lsp.names import readable_places
from promptops.lsp.open_file import OpenFile
from promptops.model.place import Place
from promptops.report.parts.visible import visible

COMMAND = "promptops.preview"
CHANGED = "promptops/previewChanged"
"""The notification that a preview of a file, `{uri}`, may differ now."""

_MOST_LINES = 200
"""Of a preview that is shown as a message."""

_UNREADABLE = "the prompt can't be read: fix the errors in the file"


def preview_of(file: OpenFile, case: str | None) -> dict[str, Any]:
    """The request of a case of the open prompt, or of its first case, as JSON.

    While the prompt can't be read, the preview is that of its last readable text, with an error.
    """
    loaded = file.live.readable(file.path)
    if loaded is None or loaded.prompt is None:
        return _value(file, Preview(case=None, cases=(), error=_UNREADABLE))
    found = preview(file.live.catalog, loaded.prompt, case)
    value = _value(file, found)
    if file.live.catalog.loaded(file.path).prompt is None:
        value["error"] = _UNREADABLE
    return value


def as_text(value: dict[str, Any]) -> str:
    """A preview as `preview_of` returns it, for an editor that can only show a message."""
    messages = [
        f"{each['role']}:\n{''.join(piece['text'] for piece in each['pieces'])}"
        for each in value["messages"]
    ]
    size = [] if value["tokens"] is None else [f"{value['tokens']:,} tokens"]
    parts = [*messages, *size, *([value["error"]] if value["error"] else [])]
    lines = "\n\n".join(parts).split("\n")
    return "\n".join([*map(visible, lines[:_MOST_LINES]), *(["…"] if lines[_MOST_LINES:] else [])])


def _value(file: OpenFile, found: Preview) -> dict[str, Any]:
    current = readable_places(file)
    return {
        "case": found.case,
        "cases": list(found.cases),
        "messages": [
            {
                "role": message.role,
                "pieces": [_piece(file, piece, current) for piece in message.pieces],
            }
            for message in found.messages
        ],
        "tokens": found.tokens,
        "cost": found.cost_usd,
        "error": found.error,
    }


def _piece(
    file: OpenFile, piece: PreviewPiece, current: Callable[[Place], Place | None]
) -> dict[str, Any]:
    place = current(piece.place) if piece.place is not None else None
    at = file.location_of(place) if place is not None else None
    return {"text": piece.text, "literal": piece.literal, "location": at}
