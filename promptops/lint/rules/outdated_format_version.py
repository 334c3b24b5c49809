"""SCH008."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.lint.subject import CURRENT_FORMAT, format_number
from promptops.source.document import Document


@rule("SCH008", severity=Severity.WARNING)
def outdated_format_version(document: Document, problems: Sequence[Problem]) -> Iterator[Problem]:
    """A prompt file has the format version that this promptops reads.

    promptops never guesses the version, because it could silently lose keys that it doesn't know.
    If a file has an older version and only current keys, the fix changes the version. A newer
    version needs a newer promptops.

    Bad:
        format: promptops/0
        description: Answers one question.

    Good:
        format: promptops/1
        description: Answers one question.
    """
    number = format_number(document)
    if number is None or number == CURRENT_FORMAT:
        return
    place = document.place("/format")
    if number > CURRENT_FORMAT:
        hint = "update promptops: this version reads `promptops/1`"
        yield Problem(f"`promptops/{number}` is a newer format", at=place, hint=hint)
        return
    current = all(problem.at == place for problem in problems if problem.code.startswith("SCH"))
    yield Problem(
        f"`promptops/{number}` is an older format",
        at=place,
        hint="write `promptops/1`" + ("" if current else ", and fix what the new version rejects"),
        fix=Fix((Edit(place, f"promptops/{CURRENT_FORMAT}"),), safe=True) if current else None,
    )
