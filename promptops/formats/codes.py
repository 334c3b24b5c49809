"""The codes of what `import` and `export` lose, change or assume: name, severity, explanation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, cast

from promptops.formats.code_table import IMPORT
from promptops.formats.document import Loss
from promptops.formats.export_code_table import EXPORT
from promptops.model.finding import Severity
from promptops.records import record

CodeKind = Literal["error", "loss", "change", "note"]


@record(frozen=True, slots=True, kw_only=True)
class LossCode:
    """One kind of loss.

    Attributes:
        name: Words joined by hyphens.
        kind: `error`: the prompt, or the whole file, is not written. `loss`: something is missing
            in the result. `change`: all is there, and what is rendered or decided can differ.
            `note`: all is there, in other words, or the source does not define it.
        may_refuse: A `loss` without which some prompts can't be written: an error there.
        summary: What happened, one line for the documentation.
        fix: What the user can do, or "".
    """

    code: str
    name: str
    kind: CodeKind
    may_refuse: bool
    summary: str
    fix: str

    @property
    def severity(self) -> Severity:
        """The severity of a finding that does not refuse its prompt."""
        return _SEVERITIES[self.kind]


_SEVERITIES: Mapping[CodeKind, Severity] = {
    "error": Severity.ERROR,
    "loss": Severity.WARNING,
    "change": Severity.WARNING,
    "note": Severity.INFO,
}


def severity_of(loss: Loss) -> Severity:
    """The severity of a loss; an error refuses its prompt."""
    return Severity.ERROR if loss.refuses else CODES[loss.code].severity


def _codes(table: str) -> Iterator[LossCode]:
    """Parse a table: the head of each code, its explanation, and after `fix:` the fix."""
    for row in table.strip().split("\n\n"):
        head, *lines = row.split("\n")
        code, name, kind, *flags = head.split()
        summary, _, fix = " ".join(line.strip() for line in lines).partition(" fix: ")
        yield LossCode(
            code=code,
            name=name,
            kind=cast(CodeKind, kind),
            may_refuse="may-refuse" in flags,
            summary=summary,
            fix=fix,
        )


CODES: Mapping[str, LossCode] = {each.code: each for each in (*_codes(IMPORT), *_codes(EXPORT))}
"""By code; those of `import`, then those of `export`."""
