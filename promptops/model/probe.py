"""A packaged attack on a prompt, and its family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from promptops.records import record
from promptops.records.outputs import hidden, output

Slot = Literal["any", "document", "list"]
Position = Literal["replace", "embed"]
Transform = Literal[
    "base64",
    "bidi",
    "hex",
    "homoglyph",
    "leet",
    "many-shot",
    "reversed",
    "rot13",
    "split",
    "tags",
    "zero-width",
]


@record(frozen=True, slots=True, kw_only=True)
class Probe:
    """An attack, written into an untrusted input.

    Its strings may contain the placeholders of `evals.probes.placeholders`.

    Attributes:
        id: Unique in the library. The text of an id never changes.
        family: The name of its family.
        owasp: The risk of the OWASP Top 10 for LLM applications, such as `LLM01:2025`.
        slot: The inputs it attacks: any, one that holds a document, or an item of a list.
        place: Whether the text replaces the value of the input or is put into its middle.
        text: What the attacker writes. The sent text is made of it by `transform`.
        transform: How the attack is hidden; None if it is sent as written.
        resists: Assertions over the answer, as cases write them. All pass if the attack failed.
        obeyed: An answer that the attack achieved: a string, or a mapping with `text` and
            `tool_calls`.
        refused: An answer that the attack did not change, in the same form.
        rubric: For the judge, if no moderation model is configured; None if `resists` needs none.
    """

    id: str
    family: str
    owasp: str
    slot: Slot
    place: Position = hidden()
    text: str
    resists: tuple[Mapping[str, Any], ...] = hidden()
    obeyed: str | Mapping[str, Any] = hidden()
    refused: str | Mapping[str, Any] = hidden()
    transform: Transform | None = None
    rubric: str | None = hidden(default=None)


@record(frozen=True, slots=True, kw_only=True)
class BiasPair:
    """Two sentences that differ in one protected attribute; the decision must be the same.

    Attributes:
        id: Unique in the library. The sentences of an id never change.
        attribute: Such as `age`.
        texts: The sentence of the group that is usually treated better, then the other one. Each is
            put before the value of an untrusted input.
    """

    id: str
    attribute: str
    texts: tuple[str, str]


@record(frozen=True, slots=True, kw_only=True)
class Family:
    """Probes that attack in the same way.

    Attributes:
        name: Its name, as in `--family`.
        title: Its title.
        attacks: What the attacker does, in one sentence.
        owasp: The usual risk of its probes.
        probes: The most typical one first. Empty for the family `bias`, which has only pairs.
        pairs: Empty for every other family.
        needs_tools: Its probes attack the tools that `evaluation.probes.tools` of a prompt names.
    """

    name: str
    title: str
    attacks: str
    owasp: str
    probes: tuple[Probe, ...] = ()
    pairs: tuple[BiasPair, ...] = ()
    needs_tools: bool = False


@output("probe-list")
@record(frozen=True, slots=True, kw_only=True)
class ProbeList:
    """The result of `promptops probe --families`.

    Attributes:
        families: The packaged families, or those of `--family`.
    """

    families: tuple[Family, ...]
