"""citations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.evals.cited_passages import check_pattern, cited_ids
from promptops.evals.registry import assertion
from promptops.evals.retrieved_passages import (
    checked_arguments,
    listed_ids,
    named_inputs,
    passages_of,
)
from promptops.evals.subject import Subject
from promptops.evals.texts import not_blank
from promptops.evals.verdict import NamedPart, Verdict
from promptops.evals.wording import shown
from promptops.records import field, record


@assertion("citations", on=("answer",))
@record(frozen=True, slots=True, kw_only=True)
class Citations:
    """The answer cites passages that it was given, and at least one.

    If `path` selects a list, its items are the cited ids. In a text, the pattern finds them; by
    default `[P1]`, an id in square brackets. The degree is the share of the cited ids that exist.
    Whether a cited passage supports the statement is a question for `supported`.

    Attributes:
        value: The name of the input that contains the passages: mappings with an `id`, or ids.
        arguments: `pattern`, an RE2 pattern whose only group is the id; `none: true` also accepts
            an answer without citations; `id`, the key of the id in a passage.

    Holds:
        inputs: {passages: [{id: P1, text: Everyone has 28 days.}]}
        answer: 28 days [P1].
        output: [{type: citations, value: passages}]

    Fails:
        inputs: {passages: [{id: P1, text: Everyone has 28 days.}]}
        answer: '{"answer": "28 days", "citations": ["P1", "P2"]}'
        output: [{type: citations, value: passages, path: /citations}]
    """

    value: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        not_blank(self.value)
        checked_arguments(self.arguments, ("id", "none", "pattern"))
        check_pattern(self.arguments)

    @property
    def named(self) -> tuple[NamedPart, ...]:
        return named_inputs(self.value, self.arguments)

    def check(self, subject: Subject) -> Verdict:
        passages = passages_of(subject.record, self.value, self.arguments)
        known = {passage.id for passage in passages}
        cited = cited_ids(subject, self.arguments)
        unknown = tuple(name for name in cited if name not in known)
        degree = 1 - len(unknown) / len(cited) if cited else float(self._may_be_none)
        which = "only citations" if self._may_be_none else "citations, and only"
        return Verdict(
            passed=degree == 1,
            expected=f"{which} of passages of the input {shown(self.value)}",
            opposite=f"a citation of no passage of the input {shown(self.value)}, or none",
            where=subject.where,
            got=_got(cited, unknown),
            degree=degree,
        )

    @property
    def _may_be_none(self) -> bool:
        return bool(self.arguments.get("none"))


def _got(cited: tuple[str, ...], unknown: tuple[str, ...]) -> str:
    if not cited:
        return "no citation"
    return listed_ids(cited) + (f"; not given: {listed_ids(unknown)}" if unknown else "")
