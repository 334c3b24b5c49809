"""Lint findings, with place, fix and fingerprint."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from promptops.model.place import Offsets, Place
from promptops.records import record
from promptops.records.outputs import as_text, hidden


@as_text
class Severity(IntEnum):
    """The severity of a finding; comparable, error is the highest."""

    INFO = 0
    WARNING = 1
    ERROR = 2

    def __str__(self) -> str:
        return self.name.lower()


@record(frozen=True, slots=True)
class Related:
    """Another place related to a finding: an include that leads to it, the other definition.

    Attributes:
        place: Of the include, or of the definition.
        message: How it is related.
    """

    place: Place
    message: str


@record(frozen=True, slots=True)
class Edit:
    """Replaces the characters of a place; an empty place inserts.

    Attributes:
        place: The characters that are replaced.
        text: The new text.
    """

    place: Place
    text: str


def edits_by_path(edits: Iterable[Edit]) -> dict[str, list[Edit]]:
    """The edits of each file, in order."""
    found: dict[str, list[Edit]] = {}
    for edit in edits:
        found.setdefault(edit.place.path, []).append(edit)
    return found


@record(frozen=True, slots=True)
class Fix:
    """Edits that fix a finding.

    Attributes:
        edits: They belong together, and do not overlap.
        safe: Every test case renders byte for byte as before.
    """

    edits: tuple[Edit, ...]
    safe: bool = False


@record(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem, at the character to change.

    Attributes:
        code: Of the rule, such as `VAR001`; it never changes meaning.
        name: Of the rule, such as `undefined-variable`.
        severity: Of the finding; the configuration may change that of the rule.
        message: The problem: one sentence, lower case, no full stop.
        place: The name in `{{ name }}` and not the braces; the key for a wrong key, the value for a
            wrong value.
        prompt: The id of its prompt, or "" for a file that is not a prompt.
        hint: The fix, for a person, shown at the caret; or None.
        related: Other places: includes that lead to it, the other definition.
        fix: Edits that fix it, or None.
        fingerprint: Hash of code, prompt, the source line without whitespace, and an ordinal; the
            same when lines move, for baselines and waivers.
        source_line: The line of the file at the place, for display.
        case: The test case in whose rendered request it was found, or None.
    """

    code: str
    name: str
    severity: Severity
    message: str
    place: Place
    prompt: str = ""
    hint: str | None = None
    related: tuple[Related, ...] = ()
    fix: Fix | None = None
    fingerprint: str = ""
    source_line: str = hidden(default="")
    case: str | None = None


@record(frozen=True, slots=True)
class Problem:
    """A fact from a reader or a rule; the engine makes it a finding.

    Attributes:
        at: A place, or a JSON pointer into the prompt file ("" is its root).
        key: With a pointer: the place of the key, not of the value.
        within: With a pointer to a scalar: the wrong characters of its text.
        fix: Edits, or a sentence for a person (shown if there is no better hint).
        case: The test case in whose rendered request it was found.
        code: Only for problems of a reader: the rule to which it belongs. Rules leave it empty.
    """

    message: str
    at: str | Place = ""
    key: bool = False
    fix: str | Fix | None = None
    hint: str | None = None
    related: tuple[Related, ...] = ()
    case: str | None = None
    code: str = ""
    within: Offsets | None = None
