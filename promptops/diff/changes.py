"""Creates changes: the table of codes gives level and bump, the caller the facts."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, cast

from promptops.analysis.secrets import without_secrets
from promptops.model.change import ABSENT, Change, Level, PromptDiff, Witness
from promptops.model.config import Waiver
from promptops.model.version import Bump, Version
from promptops.records import record, replace
from promptops.runtime.request.canonical import canonical_json


@record(frozen=True, slots=True, kw_only=True)
class ChangeCode:
    """One kind of change.

    Attributes:
        code: Such as CHG105; it never changes its meaning.
        name: Words joined by hyphens.
        level: Who is affected.
        bump: The required bump, unless a policy or a waiver changes it.
        summary: What changed, in one line.
        warning: Whether reports mark each such change for attention.
        risk: Why a reviewer must not overlook it; "" if it is not a risk in itself.
        instead: How to achieve the same without this change, or "".
    """

    code: str
    name: str
    level: Level
    bump: Bump
    summary: str
    warning: bool = False
    risk: str = ""
    instead: str = ""


def _codes(table: str) -> Iterator[ChangeCode]:
    """Parse the table below: each code with its meaning, its risk and the alternative."""
    for row in table.strip().split("\nCHG"):
        first, *more = row.split("\n")
        code, name, level, bump, *flags = first.split()
        text = " ".join(line.strip() for line in more)
        text, _, instead = text.partition(" instead: ")
        summary, _, risk = text.partition(" risk: ")
        yield ChangeCode(
            code=code if code.startswith("CHG") else f"CHG{code}",
            name=name,
            level=cast(Level, level),
            bump=Bump[bump.upper()],
            summary=summary,
            warning="warn" in flags,
            risk=risk,
            instead=instead,
        )


CODES: Mapping[str, ChangeCode] = {
    each.code: each
    for each in _codes("""
CHG101 required-input-added BREAKING major
    an input was added that callers must pass
    instead: give it a `default`, or leave it out of `required`
CHG102 input-became-required BREAKING major
    an optional input became required
    instead: give it a `default`
CHG103 required-input-with-default-added ADDITIVE minor
    a required input with a default was added, so callers may omit it
CHG104 optional-input-added ADDITIVE minor
    an optional input was added
CHG105 input-removed BREAKING major
    an input was removed, and passing it is refused
    instead: mark it `deprecated: true` with `x-sunset: DATE` first, and remove it after that date
CHG106 input-ignored BEHAVIOR minor warn
    an input was removed, and passing it has no effect because the inputs are open
CHG107 input-renamed BREAKING major
    an input was renamed, and the old name is not in its `x-aliases`
    instead: add the old name to `x-aliases`
CHG108 input-type-narrowed BREAKING major
    an input accepts fewer types, or no longer accepts null
CHG109 input-type-widened ADDITIVE minor
    an input accepts more types
CHG110 input-value-removed BREAKING major
    an input accepts fewer listed values, or only listed values instead of any value
CHG111 input-value-added ADDITIVE minor
    an input accepts more listed values
CHG112 input-bound-tightened BREAKING major
    a bound, a pattern or another condition is stricter than before (a `format` only warns,
    because it is not validated)
CHG113 input-bound-relaxed ADDITIVE minor
    a bound, a pattern or another condition is less strict than before
CHG114 inputs-closed BREAKING major
    unknown names are now refused
CHG115 inputs-opened ADDITIVE minor
    unknown names are now accepted
CHG116 input-default-changed BEHAVIOR minor
    the default of an input changed
CHG117 input-undecided BREAKING major
    cannot prove that the new input schema accepts everything the old one did; breaking until
    waived
CHG118 input-deprecated ADDITIVE minor
    an input is deprecated
CHG119 sunset-input-removed BREAKING major
    a deprecated input was removed after its `x-sunset`; the gate accepts it
CHG120 input-described-otherwise NEUTRAL patch
    descriptions, titles or examples of inputs changed, which are not sent to the model, or an
    equivalent schema is written differently
CHG121 input-trusted BEHAVIOR minor
    an input is no longer marked as untrusted (`x-untrusted`)
    risk: untrusted input is now trusted
CHG201 output-property-lost BREAKING major
    an output property was removed or became optional, and consumers may rely on it
CHG202 output-type-widened BREAKING major
    consumers may receive a type that was impossible
CHG203 output-type-narrowed BEHAVIOR minor
    the output can have fewer types than before
CHG204 output-value-added BREAKING major
    consumers may receive a new listed value (not reported with `x-extensible-enum`)
CHG205 output-value-removed BEHAVIOR minor
    a listed value is no longer possible
CHG206 output-bound-relaxed BREAKING major
    consumers may receive values that a bound or a pattern excluded before
    risk: an output bound is relaxed
CHG207 output-property-added ADDITIVE minor
    the output has an additional property (major with `--strict-output`)
CHG208 output-format-changed BREAKING major
    the output format changed, or its schema was added or removed
CHG209 sent-description-changed BEHAVIOR minor
    a description of the output or of a tool changed, which is sent to the model, or an
    equivalent schema is written differently
CHG210 optional-output-property-removed BEHAVIOR minor
    an optional output property was removed
CHG211 output-undecided BREAKING major
    cannot prove that the new output schema excludes everything the old one did; breaking until
    waived
CHG212 output-opened-or-closed ADDITIVE minor
    unknown properties of the output are now allowed, or no longer allowed (allowed is major with
    `--strict-output`)
CHG301 rendered-text-changed BEHAVIOR minor
    the rendered text differs in at least one test case
CHG302 rendered-white-space-changed BEHAVIOR minor
    only white space of the rendered text differs (`diff.whitespace` can make it a patch)
CHG303 same-requests-proved NEUTRAL patch
    templates changed; every case renders the same bytes, and the cases cover every branch
CHG304 same-requests-unproved BEHAVIOR minor
    templates changed; every case renders the same bytes, but some branches are not covered
CHG305 form-changed NEUTRAL patch
    comments or formatting of templates changed; they are equivalent for all inputs
CHG306 messages-changed BEHAVIOR minor
    messages were added, removed or reordered, or have another role
CHG307 caller-slot-removed BREAKING major
    data that callers pass no longer reaches the model: a `history`, or the input of an image,
    a sound or a document
CHG308 examples-changed BEHAVIOR minor
    the few-shot examples differ
CHG309 prefill-or-stop-changed BEHAVIOR minor warn
    the beginning of the answer, or the stop sequences changed
CHG310 render-fails BREAKING major
    a test case no longer renders
CHG311 obligation-lost BEHAVIOR minor
    an obligation or prohibition (never, must, do not, only, always) was removed or reversed
    (`diff.obligations` can make it a risk)
CHG401 model-changed BEHAVIOR minor
    the model changed; the provider is the same
    risk: the model changed
CHG402 provider-changed BREAKING major
    the provider changed (`diff.provider_change` can make it minor)
    risk: the provider changed
CHG403 parameters-changed BEHAVIOR minor
    sampling parameters or the output limit changed
CHG404 capability-required BREAKING major
    the model needs a new capability: images, audio, documents, tools, or a longer context
    window than its predecessor has
CHG405 tool-added BREAKING major
    the model may call a tool that hosts must implement first
    risk: the model may call a new tool
CHG406 tool-removed BEHAVIOR minor
    the model can no longer call a tool
CHG407 tool-parameters-changed BREAKING major
    hosts may receive new kinds of arguments (if only narrowed: BEHAVIOR, minor)
CHG408 tool-choice-changed BEHAVIOR minor
    the choice of tools changed
CHG501 prompt-lost BREAKING major
    a prompt, or one of its names, can no longer be loaded
    instead: keep the old id among the `aliases` of the prompt that replaces it
CHG502 prompt-added ADDITIVE minor
    a prompt, or a name of a prompt, was added
CHG503 file-moved NEUTRAL patch
    a partial or a schema file moved, and nothing else changed
CHG504 variant-removed BREAKING major
    a variant of a prompt can no longer be loaded
CHG505 not-compared BREAKING major
    the sides were not compared because of an internal error of promptops; please report it
    risk: the change was not checked
CHG601 tests-changed NEUTRAL none
    test cases or assertions were added, tightened or renamed
CHG602 tests-loosened NEUTRAL none warn
    test cases or assertions were removed or loosened
    risk: a test asserts less, or something different
CHG701 description-changed NEUTRAL patch
    descriptions, owners, tags or other metadata changed, which are not sent to the model
CHG702 prompt-deprecated ADDITIVE minor
    a prompt is deprecated
CHG901 version-not-bumped BREAKING none
    there are changes, but the given version equals the last one or exists already
CHG902 version-decreased BREAKING none
    the given version is lower than the last one
CHG903 bump-too-small BREAKING none
    the given bump or version is smaller than the required one
""")
}
"""The table by code, in its order."""


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
