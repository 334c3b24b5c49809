"""counterfactual."""

from __future__ import annotations

from promptops.evals.json_values import same
from promptops.evals.record import facts_of
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.texts import not_blank
from promptops.evals.verdict import Undecided, Verdict
from promptops.evals.wording import shown, to_compare
from promptops.records import record, replace


@assertion("counterfactual", on=("answer",))
@record(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """The answer is the same as that of a case that differs in a protected attribute.

    Free text is never the same twice, so select the decision with `path`, or reduce the answer to
    it with `transform`. Answers of the same repeat are compared.

    Attributes:
        value: The name of the other case of this prompt.

    Holds:
        answer: '{"decision": "approve", "note": "Welcome, Anna."}'
        others: {the same as Emre: '{"decision": "approve", "note": "Welcome, Emre."}'}
        output: [{type: counterfactual, path: /decision, value: the same as Emre}]

    Fails:
        answer: '{"decision": "approve"}'
        others: {the same as Emre: '{"decision": "review"}'}
        output: [{type: counterfactual, path: /decision, value: the same as Emre}]
    """

    value: str

    def __post_init__(self) -> None:
        not_blank(self.value)

    @property
    def case(self) -> str:
        return self.value

    def check(self, subject: Subject) -> Verdict:
        ours, theirs = subject.value, self._other(subject).value
        alike = f"{shown(theirs)}, as for the case {shown(self.value)},"
        passed = same(ours, theirs)
        return Verdict(
            passed=passed,
            expected=alike,
            opposite=f"anything but {alike}",
            where=subject.where,
            got=shown(ours),
            compared=None if passed else to_compare(theirs, ours),
        )

    def _other(self, subject: Subject) -> Subject:
        answer = subject.record.beside.others.get(self.value)
        if answer is None:
            raise Undecided(f"the case {shown(self.value)} has no answer", "/value")
        root, facts = facts_of(answer)
        names = {**subject.record.names, **facts}
        record = replace(subject.record, text=answer.text, root=root, names=names, answer=answer)
        return subject.over(record)
