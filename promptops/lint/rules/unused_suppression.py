"""REP009."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from promptops.catalog.catalog import Catalog
from promptops.lint import Problem, Severity, rule
from promptops.lint.suppressions import Suppression
from promptops.model.config import Waiver
from promptops.model.place import Place


@rule("REP009", severity=Severity.WARNING)
def unused_suppression(
    catalog: Catalog,
    unused: Sequence[Suppression],
    idle_waivers: Sequence[Waiver],
    today: date,
) -> Iterator[Problem]:
    """A comment or a waiver that silences a finding has a finding to silence.

    What is silenced was known and accepted, for a reason. When the reason is gone and the comment
    stays, it waits to hide the next finding of its kind, which nobody has seen. A waiver past its
    day silences nothing either: its finding is back, or was mended.

    Bad:
        messages:
          - role: user
            # promptops: ignore[VAR001] the caller adds it
            content: Say hello.

    Good:
        messages:
          - role: user
            # promptops: ignore[VAR001] the caller adds it
            content: "Say hello to {{ name }}."
    """
    for suppression in unused:
        codes = ", ".join(suppression.codes)
        yield Problem(
            f"{codes} finds nothing here", at=suppression.place, hint="remove the comment"
        )
    for waiver in idle_waivers:
        expired = waiver.expires < today
        message = f"the waiver of {waiver.fingerprint} " + (
            f"ended on {waiver.expires}" if expired else "matches no finding"
        )
        path = catalog.config.path or "promptops.toml"
        yield Problem(message, at=Place(path), hint="remove it, or mend what it waives")
