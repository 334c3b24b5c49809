"""The table of change codes: the meaning of each, and the bump that it requires."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from promptops.model.change import Level
from promptops.model.version import Bump
from promptops.records import record


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
