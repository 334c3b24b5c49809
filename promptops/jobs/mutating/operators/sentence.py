"""Delete a sentence."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.jobs.mutating.edits import TemplateText, TextEdit, shortened
from promptops.jobs.mutating.prose import blocks, has_words, sentences_of


def edits(of: TemplateText) -> Iterator[TextEdit]:
    """One for each sentence, with the values in it.

    Not for headings, for what has no words besides values, and for a list item of one sentence,
    which the operator `item` deletes.
    """
    for block in blocks(of.flat):
        sentences = [] if block.is_heading else list(sentences_of(of.flat, block))
        if block.is_item and len(sentences) < 2:
            continue
        for start, end in sentences:
            if has_words(of.flat[start:end]):
                written = of.text.value[start:end]
                change = f'delete "{shortened(written)}"'
                yield TextEdit(start=start, end=end, change=change, subject=written)
