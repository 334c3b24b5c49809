"""Both arms of a comparison, called in turns, so that changes of the model affect both alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from promptops.evals.judge_answer import status_of
from promptops.jobs.testing.answering import Got, Want
from promptops.jobs.testing.baseline import Baseline
from promptops.jobs.testing.judging import Heard, Judging, heard, wants
from promptops.jobs.testing.plan import Asked, Key, Planned
from promptops.records import field, record


@record(slots=True)
class Arms:
    """The candidate and its baseline.

    Attributes:
        asks: Fresh answers may be requested; else only recordings are used.
        violated: Answers that violate a contract.
    """

    judging: Judging
    baseline: Baseline
    asks: bool
    violated: set[Asked] = field(default_factory=set)

    @property
    def violating(self) -> Iterator[tuple[str, str]]:
        """Cases, by prompt and name, of which more than one answer violates a contract."""
        found = Counter((prompt, case) for prompt, case, _ in self.violated)
        return (case for case, number in found.items() if number > 1)

    def begin(self, plan: Sequence[Planned]) -> None:
        """Call both arms if the baseline has no answers by the current model.

        One answer of each prompt is requested first, to find out.
        """
        baseline = self.baseline
        known = {each.prompt.id: each for each in reversed(plan) if baseline.recorded(each)}
        got = self._get(wants(self.judging.catalog, list(known.values())), ())
        for each in known.values():
            answer = got[each.key].answer
            if answer is not None and baseline.answered_by_another(each, answer):
                baseline.outdated.add(each.prompt.id)
        self._ask([each for each in plan if baseline.answer(each) is None])

    def hear(self, plan: Sequence[Planned]) -> tuple[list[Heard], list[Heard]]:
        """The judged answers of the candidate and of its baseline; requests missing ones."""
        if self.asks:
            self._ask(plan)
        ours = heard(self.judging, plan)[0]
        self.violated |= {e.planned.asked for e in ours if status_of(e.said) == "failed"}
        return ours, self.baseline.heard(plan)

    def _ask(self, plan: Sequence[Planned]) -> None:
        missing = [each for each in plan if self.baseline.answer(each) is None]
        got = self._get(wants(self.judging.catalog, plan), self.baseline.wants(missing))
        for planned in missing:
            same = self.baseline.counterpart(planned)
            answer = got[same.key].answer if same is not None else None
            if answer is not None:
                self.baseline.learn(planned, answer)

    def _get(self, ours: Iterable[Want], theirs: Iterable[Want]) -> dict[Key, Got]:
        pairs = zip_longest(ours, theirs)
        return self.judging.answering.get([want for pair in pairs for want in pair if want])
