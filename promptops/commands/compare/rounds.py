"""The rounds of a comparison: which answers are requested, and when an arm needs no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from promptops.catalog.catalog import Catalog
from promptops.commands.compare.arms import ArmRun, PromptArms, sends_same_requests
from promptops.evals.deciding.decision import REPEATS
from promptops.records import field, record, replace
from promptops.testing.answering import Answering, request_in_turns
from promptops.testing.model_calls import ModelCalls
from promptops.testing.plan import CaseKey, PlannedCase, WantedAnswer

_Targets = Mapping[tuple[str, str], int]
"""From a prompt and an arm to the number of answers that each case needs."""


@record(frozen=True, slots=True, kw_only=True)
class Rounds:
    """Requests the answers of all arms in turns by case, and judges them.

    An arm that is decided, or that only more cases would decide, gets no further answers.

    Attributes:
        arms: The reference first.
        catalog: Has the endpoints that must all be approved.
        uses_recordings: Recorded answers count; else every answer is requested.
    """

    prompts: Sequence[PromptArms]
    arms: Sequence[ArmRun]
    calls: ModelCalls
    catalog: Catalog
    uses_recordings: bool
    _cases: dict[tuple[str, str], int] = field(default_factory=dict)

    def replay(self) -> None:
        """Judge all recorded answers; requests nothing."""
        plans = {
            arm.name: [
                replace(planned, repeat=n)
                for prompt in self.prompts
                for planned in (*prompt.cases, *prompt.partners)
                for n in range(max(1, arm.recorded(planned, prompt.repeats)))
            ]
            for arm in self.arms
        }
        self._get(self.arms, plans)

    def request(self) -> None:
        """Request answers until every arm is decided or can't be."""
        targets = self._first_targets()
        while targets:
            self._round(targets)
            targets = {} if self.calls.ended else self._next(targets)

    def _first_targets(self) -> _Targets:
        """As many answers as are stored for the reference and the arm, but at least the first."""
        found = {}
        for prompt in self.prompts:
            stored = {arm.name: self._stored(prompt, arm) for arm in self.arms}
            for arm in self.arms[1:]:
                both = min(stored[self.arms[0].name], stored[arm.name])
                looks = (repeats for repeats in REPEATS if repeats <= both)
                found[prompt.id, arm.name] = max(looks, default=1)
        return found

    def _stored(self, prompt: PromptArms, arm: ArmRun) -> int:
        """The number of answers that are stored for each case."""
        if not self.uses_recordings:
            return 0
        return min(arm.recorded(planned, prompt.repeats) for planned in prompt.cases)

    def _next(self, targets: _Targets) -> _Targets:
        found = {}
        for prompt in self.prompts:
            for arm in self.arms[1:]:
                known = targets.get((prompt.id, arm.name))
                wanted = self._needed(prompt, arm) if known is not None else None
                if known is not None and wanted is not None and known < wanted <= prompt.repeats:
                    found[prompt.id, arm.name] = wanted
        return found

    def _needed(self, prompt: PromptArms, arm: ArmRun) -> int | None:
        """The number of answers to each case that the next look needs; None for no more."""
        reference = self.arms[0]
        if sends_same_requests(arm, reference, prompt.cases):
            return None
        score = prompt.decide(prompt.score, reference, arm) if prompt.score else None
        contracts = prompt.decide_contracts(reference, arm)
        if (score and score.verdict == "fail") or (contracts and contracts.verdict == "worse"):
            return None
        if contracts and contracts.needs_more_cases:
            return None
        needs = (
            score.needs.repeats if score and score.needs else None,
            contracts.repeats_needed if contracts else None,
        )
        return max((repeats for repeats in needs if repeats is not None), default=None)

    def _round(self, targets: _Targets) -> None:
        plans = {arm.name: list(self._plan(arm, targets)) for arm in self.arms}
        self._get(self.arms, plans)

    def _plan(self, arm: ArmRun, targets: _Targets) -> Iterator[PlannedCase]:
        for prompt in self.prompts:
            own = targets.get((prompt.id, arm.name), 0)
            if arm is self.arms[0]:
                own = max(targets.get((prompt.id, other.name), 0) for other in self.arms[1:])
            for planned in (*prompt.cases, *prompt.partners):
                yield from (replace(planned, repeat=n) for n in range(own))

    def _get(self, arms: Sequence[ArmRun], plans: Mapping[str, Sequence[PlannedCase]]) -> None:
        """Find or request the answers of the arms, and judge them."""
        missing: list[_Turn] = []
        for number, arm in enumerate(arms):
            wants = arm.wants(plans[arm.name])
            at = {want.key: self._position(key) for key, want in wants.items()}
            missing += (
                _Turn((*at[want.key], number), arm.answering, want)
                for want in arm.answering.look_up(list(wants.values()))
            )
        turns = sorted(missing, key=lambda turn: turn.at)
        wanted = [(turn.answering, turn.want) for turn in turns]
        request_in_turns(wanted, self.calls, self.catalog)
        for arm in arms:
            arm.judge(plans[arm.name])

    def _position(self, key: CaseKey) -> tuple[int, int]:
        """The place of a case among all cases, and the repeat."""
        if not self._cases:
            every = (case for prompt in self.prompts for case in (*prompt.cases, *prompt.partners))
            self._cases.update((case.case_key[:2], index) for index, case in enumerate(every))
        return self._cases[key[:2]], key[2]


@record(frozen=True, slots=True)
class _Turn:
    """A missing answer; by `at`, the arms take turns at each case."""

    at: tuple[int, int, int]
    answering: Answering
    want: WantedAnswer
