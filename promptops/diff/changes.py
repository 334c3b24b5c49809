"""Creates changes: the table of codes gives level and bump, the caller the facts."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Hashable, Iterable, Mapping
from datetime import date
from typing import Any

from promptops.analysis.secrets import without_secrets
from promptops.diff.codes import CODES
from promptops.model.change import ABSENT, Change, PromptDiff, Witness
from promptops.model.config import Waiver
from promptops.model.version import Bump, Version
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


# Equality of JSON values; Python's `==` treats true and 1 as equal.


def equal(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal: 1 and 1.0 are, true and 1 are not."""
    return bool(one == other) and _alike(one, other)


def lookup_key(value: Any) -> Hashable:
    """A key that is the same for equal values; values with the same key may differ in booleans."""
    if isinstance(value, Mapping):
        return frozenset((key, lookup_key(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(lookup_key, value))
    return value if isinstance(value, Hashable) else repr(value)


def _alike(one: Any, other: Any) -> bool:
    """Whether two values that are equal in Python have booleans in the same places."""
    if isinstance(one, Mapping):
        return all(_alike(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple):
        return all(map(_alike, one, other))
    return isinstance(one, bool) is isinstance(other, bool)


# CHG901 to CHG903: the gate for a bump or a version given on the command line.


def gate(
    declared: Bump | Version, proved: Bump, last: Version | None, taken: Collection[Version] = ()
) -> Change | None:
    """The error in a bump or a version given on the command line (CHG901 to CHG903), or None.

    A greater bump than the required one is always accepted.
    """
    if isinstance(declared, Bump):
        return None if declared >= proved else _too_small(str(declared), str(proved))
    if last is not None and declared < last:
        return change("CHG902", "", f"{declared} is lower than {last}, the last release")
    if declared in taken or (declared == last and proved):
        return change("CHG901", "", f"{declared} was released already")
    if last is not None and declared < last.after(proved):
        return _too_small(str(declared), f"{last.after(proved)} ({proved})")
    return None


def _too_small(declared: str, proved: str) -> Change:
    return change("CHG903", "", f"{declared} is too small: the changes require {proved}")


def lowered(changes: Collection[Change], declared: Bump, reason: str) -> Change | None:
    """The error for a bump that is too small, or None: with a reason, BEHAVIOR can be lowered.

    Only a waiver lowers the bump of a breaking change, and only to minor.
    """
    above = [each for each in changes if each.bump > declared]
    worst = max(above, key=lambda each: each.bump, default=None)
    if worst is None:
        return None
    firm = next(
        (requiring for requiring in above if requiring.level in ("BREAKING", "ADDITIVE")), None
    )
    if firm is not None:
        return _too_small(str(declared), f"{firm.bump}, by {firm.code}")
    return None if reason.strip() else _too_small(str(declared), f"{worst.bump}, or a reason")


def demanding(prompts: Iterable[PromptDiff], bump: Bump) -> tuple[str, ...]:
    """Changes that require a greater bump, each with its prompt, the greatest bump first."""
    found = [(prompt, each) for prompt in prompts for each in prompt.changes if each.bump > bump]
    found.sort(key=lambda pair: -pair[1].bump)
    return tuple(f"{prompt.id}: {each.code} {each.message}" for prompt, each in found)
