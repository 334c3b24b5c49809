"""REP009."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal

from promptops.catalog.catalog import Catalog, toml_places
from promptops.lint import Problem, Severity, rule
from promptops.lint.engine import matches
from promptops.lint.subject import LintRun
from promptops.lint.suppressions import Suppression
from promptops.model.config import Waiver


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
    it hides the next finding of the same kind. A waiver of `[[lint.waivers]]` or `[[diff.waivers]]`
    after its end date accepts nothing, so its finding or change is reported again or is gone. The
    end date is compared with the current date in UTC. A glob of `per-file-ignores` that matches no
    file is misspelt, or its files were moved.

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
    if run.complete:
        expired = [each for each in catalog.config.diff.waivers if each.expires < today]
        yield from _idle_waivers(catalog, "lint", idle_waivers, today)
        yield from _idle_waivers(catalog, "diff", expired, today)
        yield from _idle_globs(catalog)


def _idle_waivers(
    catalog: Catalog, table: Literal["lint", "diff"], idle: Sequence[Waiver], today: date
) -> Iterator[Problem]:
    """Problems at the fingerprints; none for a waiver that only the base of a gate has."""
    places = toml_places(catalog)
    for index, waiver in enumerate(getattr(catalog.config, table).waivers):
        if places is None or waiver not in idle:
            continue
        at = places.word(f"/{table}/waivers/{index}/fingerprint", waiver.fingerprint)
        if at is not None:
            ended = waiver.expires < today
            why = f"ended on {waiver.expires}" if ended else "matches no finding"
            message = f"the waiver of {waiver.fingerprint} {why}"
            yield Problem(message, at=at, hint="remove it, or fix what it waives")


def _idle_globs(catalog: Catalog) -> Iterator[Problem]:
    """Globs that match no file of this revision; a gate applies its base's settings instead."""
    places = toml_places(catalog)
    for glob in catalog.config.lint.per_file_ignores:
        place = places.word("/lint/per-file-ignores", glob) if places is not None else None
        if place is not None and not any(matches(path, glob) for path in catalog.files.entries):
            hint = "correct the glob, or remove it; paths are relative to the repository root"
            yield Problem(f"`{glob}` matches no file", at=place, hint=hint)
