"""Losses as findings, with the line of their source and without its secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from promptops.analysis.masking import Masked, masked, without_secrets
from promptops.commands.import_.reading import ReadFile
from promptops.formats.codes import CODES, severity_of
from promptops.formats.connections import names_connection
from promptops.formats.document import Loss
from promptops.model.finding import Finding

_HIDDEN = frozenset(("IMP111", "IMP131"))
"""Their lines are not shown: a key can have any form."""


def findings(reads: Iterable[ReadFile], losses: Iterable[tuple[str, Loss]]) -> Iterator[Finding]:
    """A finding for each loss, which has the id of its prompt, or ""."""
    data = {read.path: read.data for read in reads}

    @cache
    def source(path: str) -> Masked:
        try:
            text = data.get(path, b"").decode().removeprefix("\ufeff")
        except UnicodeDecodeError:
            return Masked("", ())
        return masked(text.replace("\r\n", "\n"))

    @cache
    def lines(path: str) -> list[str]:
        return source(path).text.split("\n")

    def line(loss: Loss) -> str:
        found = lines(loss.place.path)
        if loss.code in _HIDDEN or not 0 < loss.place.line <= len(found):
            return ""
        shown = found[loss.place.line - 1]
        return "" if names_connection(shown) else shown

    for identity, loss in losses:
        yield Finding(
            code=loss.code,
            name=CODES[loss.code].name,
            severity=severity_of(loss),
            message=without_secrets(loss.message, source(loss.place.path).secrets),
            place=loss.place,
            prompt=identity,
            hint=without_secrets(loss.hint) if loss.hint else loss.hint,
            source_line=line(loss),
        )
