"""The catalogue of changes: what each code means, what it breaks, and which bump it requires."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from promptops.model.bump import Bump
from promptops.model.change import Level
from promptops.records import record


@record(frozen=True, slots=True, kw_only=True)
class ChangeCode:
    """One kind of change.

    Attributes:
        name: In words with hyphens.
        bump: What it requires where no policy and no waiver says otherwise.
        summary: One line, as the documentation shows it.
        warning: Each such change deserves a look.
        risk: Why a reviewer must not overlook one; "" where it is no risk in itself.
        way_out: How to get what is wanted without it, or "".
    """

    code: str
    name: str
    level: Level
    bump: Bump
    summary: str
    warning: bool = False
    risk: str = ""
    way_out: str = ""


def _codes(table: str) -> Iterator[ChangeCode]:
    """Of a table whose lines are a code and, indented, what it means, its risk, the way out."""
    for row in table.strip().split("\nCHG"):
        first, *more = row.split("\n")
        code, name, level, bump, *flags = first.split()
        text = " ".join(line.strip() for line in more)
        text, _, way_out = text.partition(" instead: ")
        summary, _, risk = text.partition(" risk: ")
        yield ChangeCode(
            code=code if code.startswith("CHG") else f"CHG{code}",
            name=name,
            level=cast(Level, level),
            bump=Bump[bump.upper()],
            summary=summary,
            warning="warn" in flags,
            risk=risk,
            way_out=way_out,
        )


CODES: Mapping[str, ChangeCode] = {
    each.code: each
    for each in _codes("""
CHG101 required-input-added BREAKING major
    an input was added that callers must pass
    instead: give it a `default`, or leave it out of `required`
CHG102 input-became-required BREAKING major
    an input that could be left out can't any more
    instead: give it a `default`
CHG103 required-input-with-default-added ADDITIVE minor
    a required input was added, and its default stands in where callers leave it out
CHG104 optional-input-added ADDITIVE minor
    callers may pass an input that there was not
CHG105 input-removed BREAKING major
    an input is gone, and passing it is refused
    instead: mark it `deprecated: true` with `x-sunset: DAY` first, and remove it after that day
CHG106 input-ignored BEHAVIOR minor warn
    an input is gone, and passing it does nothing, since the inputs are open
CHG107 input-renamed BREAKING major
    an input has another name, and the old one is not among its `x-aliases`
    instead: add the old name to `x-aliases`
CHG108 input-type-narrowed BREAKING major
    an input accepts fewer types, or null no longer
CHG109 input-type-widened ADDITIVE minor
    an input accepts more types
CHG110 input-value-removed BREAKING major
    an input accepts fewer of the values listed, or a list or a constant where anything was
CHG111 input-value-added ADDITIVE minor
    an input accepts more of the values listed
CHG112 input-bound-tightened BREAKING major
    a bound, a pattern or another condition refuses more than before (a `format` only warns:
    nothing checks it)
CHG113 input-bound-relaxed ADDITIVE minor
    a bound, a pattern or another condition refuses less than before
CHG114 inputs-closed BREAKING major
    unknown names were accepted and are refused
CHG115 inputs-opened ADDITIVE minor
    unknown names were refused and are accepted
CHG116 input-default-changed BEHAVIOR minor
    what stands in for an input that callers leave out is another value
CHG117 input-undecided BREAKING major
    a keyword changed of which nobody can prove that it accepts what it accepted; it breaks
    until it is waived
CHG118 input-deprecated ADDITIVE minor
    an input is deprecated
CHG119 sunset-input-removed BREAKING major
    an input is gone that was deprecated, after its `x-sunset`; the gate lets it pass
CHG120 input-described-otherwise NEUTRAL patch
    descriptions, titles or examples of inputs, which no model sees, or another way to write the
    same
CHG121 input-trusted BEHAVIOR minor
    an input was marked as written by strangers and is no more
    risk: what strangers write is trusted now
CHG201 output-property-lost BREAKING major
    consumers relied on a property that is gone, or that may be missing now
CHG202 output-type-widened BREAKING major
    consumers may receive a type that was impossible
CHG203 output-type-narrowed BEHAVIOR minor
    the output may be less than before
CHG204 output-value-added BREAKING major
    consumers may receive a listed value that was impossible (not where `x-extensible-enum` is set)
CHG205 output-value-removed BEHAVIOR minor
    a listed value is no longer possible
CHG206 output-bound-relaxed BREAKING major
    consumers may receive what a bound or a pattern excluded
    risk: an output bound is relaxed
CHG207 output-property-added ADDITIVE minor
    the output has a property more (major with `--strict`)
CHG208 output-format-changed BREAKING major
    the output has or lacks a schema now, or another format
CHG209 sent-description-changed BEHAVIOR minor
    a description of the output or of a tool, which the model sees, or another way to write the
    same schema
CHG210 optional-output-property-removed BEHAVIOR minor
    a property that could be missing always is
CHG211 output-undecided BREAKING major
    a keyword changed of which nobody can prove that it excludes what it excluded; it breaks
    until it is waived
CHG212 output-opened-or-closed ADDITIVE minor
    unknown properties of the output are allowed now, or are no more (opened is major with
    `--strict`)
CHG301 rendered-text-changed BEHAVIOR minor
    the model sees another text in at least one test case
CHG302 rendered-white-space-changed BEHAVIOR minor
    the model sees other white space, and nothing else (`diff.whitespace` may make it a patch)
CHG303 same-requests-proved NEUTRAL patch
    templates changed; every case of both sides renders the same bytes, and they cover every branch
CHG304 same-requests-unproved BEHAVIOR minor
    templates changed; every case renders the same bytes, and some branch is covered by none
CHG305 form-changed NEUTRAL patch
    comments or the form of templates: they mean the same for all inputs
CHG306 messages-changed BEHAVIOR minor
    messages were added, removed, put in another order, or given another role
CHG307 caller-slot-removed BREAKING major
    what callers pass reaches the model no more: a `history`, or the input of an image, a sound
    or a document
CHG308 examples-changed BEHAVIOR minor
    the few-shot examples differ
CHG309 prefill-or-stop-changed BEHAVIOR minor warn
    how the answer begins, or the sequences that end it
CHG310 render-fails BREAKING major
    a test case that rendered does so no more
CHG311 obligation-lost BEHAVIOR minor
    a sentence that obliges or forbids (never, must, do not, only, always) is gone or reversed
    risk: a guardrail was removed or reworded
CHG401 model-changed BEHAVIOR minor
    another model of the same provider
    risk: another model answers
CHG402 provider-changed BREAKING major
    another provider (`diff.provider_change` may make it minor)
    risk: another provider's model answers
CHG403 parameters-changed BEHAVIOR minor
    how the model samples, or how long it may answer
CHG404 capability-required BREAKING major
    the model must be able to do what it need not before: see, hear, read documents, call tools,
    or read a longer request than its predecessor could
CHG405 tool-added BREAKING major
    the model may call a tool that hosts must implement first
    risk: the model may call a tool that there was not
CHG406 tool-removed BEHAVIOR minor
    the model can't call a tool any more
CHG407 tool-parameters-changed BREAKING major
    hosts may receive arguments that were impossible (only narrowed: BEHAVIOR, minor)
CHG408 tool-choice-changed BEHAVIOR minor
    when or how tools are called
CHG501 prompt-lost BREAKING major
    a prompt, or a name it had, can't be loaded any more
    instead: keep the old id among the `aliases` of the prompt that replaces it
CHG502 prompt-added ADDITIVE minor
    a prompt, or a name of one, can be loaded that there was not
CHG503 file-moved NEUTRAL patch
    a partial or a schema file moved, and everything else is equal
CHG504 variant-removed BREAKING major
    a variant of a prompt can't be loaded any more
CHG505 not-compared BREAKING major
    an internal error of promptops kept both sides from being compared; please report it
    risk: the change was not looked at
CHG601 tests-changed NEUTRAL none
    test cases or assertions were added, tightened or renamed
CHG602 tests-loosened NEUTRAL none warn
    test cases or assertions were removed or loosened
    risk: a test asserts less, or something else
CHG701 description-changed NEUTRAL patch
    descriptions, owners, tags and what else no model sees
CHG702 prompt-deprecated ADDITIVE minor
    a prompt is deprecated
CHG901 version-not-bumped BREAKING none
    there are changes, and the version given by hand is the last one, or taken
CHG902 version-decreased BREAKING none
    the version given by hand is lower than the last one
CHG903 bump-too-small BREAKING none
    the bump or version given by hand is smaller than the proved one
""")
}
"""By code, in the order of the catalogue."""
