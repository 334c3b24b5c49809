"""REP009."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from promptops.catalog.catalog import Catalog
from promptops.catalog.config_places import toml_places
from promptops.lint import Problem, Severity, rule
from promptops.lint.engine import matches
from promptops.lint.subject import LintRun
from promptops.lint.suppressions import Suppression
from promptops.model.config import Waiver
from promptops.model.place import Place


@rule("REP009", severity=Severity.WARNING)
def unused_suppression(
    catalog: Catalog,
    unused: Sequence[Suppression],
    idle_waivers: Sequence[Waiver],
    today: date,
    run: LintRun,
) -> Iterator[Problem]:
    """Every suppression comment, waiver and ignore glob matches a finding.

    A suppression documents a known and accepted finding. If it remains after the finding is fixed,
    it hides the next finding of the same kind. A waiver after its end date suppresses nothing, so
    its finding is reported again or was fixed. A glob of `per-file-ignores` that matches no file is
    misspelt, or its files were moved.

    Bad:
        messages:
          - role: user
            # promptops: ignore[VAR001] the caller adds it
            content: Say hello.

    Bad:
        --- promptops.toml
        [lint.per-file-ignores]
        "prompts/legcay/**" = ["TST001"]
        --- prompts/legacy/ask.prompt.yaml
        format: promptops/1
        messages:
          - {role: user, content: Say hello.}

    Good:
        messages:
          - role: user
            # promptops: ignore[VAR001] the caller adds it
            content: "Say hello to {{ name }}."
    """
    for suppression in unused:
        codes = ", ".join(suppression.codes)
        yield Problem(
            f"{codes} has no finding here", at=suppression.place, hint="remove the comment"
        )
    for waiver in idle_waivers:
        expired = waiver.expires < today
        message = f"the waiver of {waiver.fingerprint} " + (
            f"ended on {waiver.expires}" if expired else "matches no finding"
        )
        path = catalog.config.path or "promptops.toml"
        yield Problem(message, at=Place(path), hint="remove it, or fix what it waives")
    if run.complete:
        yield from _idle_globs(catalog)


def _idle_globs(catalog: Catalog) -> Iterator[Problem]:
    """Globs that match no file of this revision; a gate applies its base's settings instead."""
    places = toml_places(catalog)
    for glob in catalog.config.lint.per_file_ignores:
        place = places.word("/lint/per-file-ignores", glob) if places is not None else None
        if place is not None and not any(matches(path, glob) for path in catalog.files.entries):
            hint = "correct the glob, or remove it; paths are relative to the repository root"
            yield Problem(f"`{glob}` matches no file", at=place, hint=hint)
