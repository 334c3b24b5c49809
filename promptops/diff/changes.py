"""Creates changes: the table of codes gives level and bump, the caller the facts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date
from typing import Any

from promptops.analysis.secrets import without_secrets
from promptops.diff.codes import CODES
from promptops.model.change import ABSENT, Change, Witness
from promptops.model.config import Waiver
from promptops.model.version import Bump
from promptops.records import replace
from promptops.runtime.request.canonical import canonical_json

OWN_POLICY = "the setting that lowers its bump is part of the same change"


def change(code: str, path: str, message: str, **facts: Any) -> Change:
    """A change with the facts of its code; `facts` are fields of `Change` and override them.

    Secrets in the message, in strings before and after, and in the reason of a witness are masked.
    """
    known = CODES[code]
    given = {"level": known.level, "bump": known.bump, "warning": known.warning, "risk": known.risk}
    for name in facts.keys() & {"before", "after", "witness"}:
        facts[name] = _without_secrets(facts[name])
    text = without_secrets(message)
    return Change(code=code, name=known.name, path=path, message=text, **{**given, **facts})


def _without_secrets(fact: Any) -> Any:
    if isinstance(fact, Witness):
        return replace(fact, reason=without_secrets(fact.reason))
    return without_secrets(fact) if isinstance(fact, str) else fact


def with_fingerprints(prompt_id: str, changes: Iterable[Change]) -> tuple[Change, ...]:
    """Sort changes, worst first, and fingerprint each: a hash of prompt, code, path and values."""
    ordered = sorted(changes, key=lambda each: (-each.bump, not each.risk, each.code, each.path))
    return tuple(replace(each, fingerprint=_fingerprint(prompt_id, each)) for each in ordered)


def apply_waivers(
    changes: Iterable[Change], waivers: Iterable[Waiver], accepted: Iterable[Waiver], today: date
) -> tuple[Change, ...]:
    """Apply waivers: a waived breaking change requires only a minor bump.

    An expired waiver has no effect, and the message shows that. A waiver that is not among the
    `accepted` ones (those of the base) is part of the change that it allows: that is a risk.
    """
    known = {waiver.fingerprint: waiver for waiver in waivers}
    before = set(accepted)
    return tuple(
        _apply_waiver(each, known[each.fingerprint], before, today)
        if each.level == "BREAKING" and each.fingerprint in known
        else each
        for each in changes
    )


def _apply_waiver(change: Change, waiver: Waiver, before: set[Waiver], today: date) -> Change:
    if waiver.expires < today:
        return replace(change, message=f"{change.message} (its waiver ended on {waiver.expires})")
    own = "" if waiver in before else "the waiver is part of the change that it allows"
    risk = "; ".join(each for each in (change.risk, own) if each)
    return replace(change, bump=min(change.bump, Bump.MINOR), waiver=waiver, risk=risk)


def _fingerprint(prompt_id: str, change: Change) -> str:
    """Independent of the wording of the message, but not of the values or the basis."""
    facts = (change.before, change.after, change.basis)
    values = [None if value is ABSENT else [value] for value in facts]
    if change.code == "CHG310" and change.witness is not None:
        values.append([change.witness.case])
    try:
        text = canonical_json(_plain([prompt_id, change.code, change.path, *values]))
    except ValueError:  # NaN, or half a surrogate pair
        text = repr((prompt_id, change.code, change.path, values))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if hasattr(value, "items"):
        return {str(key): _plain(item) for key, item in value.items()}
    return value
