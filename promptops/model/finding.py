"""What lint yields: a finding, with its place, its fix and its fingerprint."""

from __future__ import annotations

from enum import IntEnum

from promptops.model.place import Offsets, Place
from promptops.records import record


class Severity(IntEnum):
    """How bad a finding is; comparable, error the highest."""

    INFO = 0
    WARNING = 1
    ERROR = 2

    def __str__(self) -> str:
        return self.name.lower()


@record(frozen=True, slots=True)
class Related:
    """Another place that a finding speaks of: an include on the way, the other definition."""

    place: Place
    message: str


@record(frozen=True, slots=True)
class Edit:
    """Replace the characters of a place by a text; an empty place inserts."""

    place: Place
    text: str


@record(frozen=True, slots=True)
class Fix:
    """Edits that mend a finding.

    Attributes:
        safe: Every test case renders byte for byte as before.
    """

    edits: tuple[Edit, ...]
    safe: bool = False

    @property
    def applicability(self) -> str:
        return "safe" if self.safe else "unsafe"


@record(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, at the character a person must change.

    Attributes:
        code: Of the rule, such as `VAR001`; it never changes meaning.
        name: Of the rule, such as `undefined-variable`.
        hint: What to do, for a person, shown at the caret; or None.
        prompt: The id of the prompt it was found in, or "" for a file that is none.
        fingerprint: Hash of code, prompt, the source line without its white space, and an ordinal;
            the same when lines move.
        source_line: The line of the file at the place, for showing.
        case: The test case in whose rendered request it was seen, or None.
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
    source_line: str = ""
    case: str | None = None


@record(frozen=True, slots=True)
class Problem:
    """A fact that a reader or a rule yields; the engine makes a finding of it.

    Attributes:
        at: A place, or a JSON pointer into the prompt file ("" is its root).
        key: With a pointer: the place of the key and not of the value.
        within: With a pointer to a scalar: the characters of its text that are wrong.
        fix: Edits, or a sentence for a person (shown where there is nothing better to say).
        case: The test case in whose rendered request it was seen.
        code: Only of what a reader found: the rule it belongs to. A rule leaves it empty.
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
