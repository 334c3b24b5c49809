"""Delete a list item."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.jobs.mutating.edits import TemplateText, TextEdit, shortened
from promptops.jobs.mutating.prose import blocks, has_word


def edits(of: TemplateText) -> Iterator[TextEdit]:
    """One for each item with a word besides values; its line is deleted with its newline."""
    for block in blocks(of.flat):
        if block.is_item and has_word(of.flat[block.start : block.end]):
            written = of.text.value[block.start : block.end]
            change = f'delete the item "{shortened(written)}"'
            yield TextEdit(start=block.first, end=block.last, change=change, subject=written)
