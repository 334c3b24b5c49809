"""Search another wording of a prompt on one half of its cases, and prove it on the other one."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.commands.lint.lint import LintOptions, chosen_rules
from promptops.commands.optimize.answers import CandidateAnswers
from promptops.commands.optimize.candidates import Candidate, Candidates
from promptops.commands.optimize.search import Proposer, Search
from promptops.errors import InputError, UsageError, os_reason
from promptops.evals.case_assertions import assertions_of, counterparts
from promptops.evals.deciding.arm_contracts import decide_contracts
from promptops.evals.deciding.decision import REPEATS, CaseScore, margin_of
from promptops.evals.deciding.improvement import decide_improvement, error_probability
from promptops.evals.judge_answer import primary
from promptops.model.optimization import Goal, HeldOutHalf, Optimization, SearchHalf, State
from promptops.model.prompt import Prompt
from promptops.plurals import some
from promptops.records import record, replace
from promptops.testing.answering import UNRECORDED, Answering, AnyMode
from promptops.testing.model_calls import ModelCalls
from promptops.testing.options import RunOptions, model_calls
from promptops.testing.paired import source_of
from promptops.testing.plan import PlannedCase, plan_cases
from promptops.testing.recordings.store import AnswerCache, Store
from promptops.testing.retrieving import MissingInputs
from promptops.testing.runner import within_policy
from promptops.workspace.named_prompts import required_prompt
from promptops.workspace.profiles import required_profile
from promptops.workspace.render import readable_prompt
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import Workspace

MANY_LOOKS = 5
"""So many looks at the same cases are worth a warning."""


@record(frozen=True, slots=True, kw_only=True)
class OptimizeOptions:
    """How to search.

    Attributes:
        proposer: The profile of the model that proposes.
        rounds: The number of proposals.
        held_out: The share of cases that the search does not see.
        run: How models are called; its limit of the cost is required.
    """

    proposer: str
    goal: Goal = "better"
    rounds: int = 10
    held_out: float = 0.5
    run: RunOptions


def optimize(workspace: Workspace, identity: str, options: OptimizeOptions) -> Optimization:
    """Search a better wording of one prompt; no file is written but the local cache.

    Raises UsageError for an unknown prompt or profile, a prompt without cases, measures or texts of
    its own, an endpoint that is not approved, or a missing key or package.
    """
    return _Optimizing(workspace, identity, options).run()


class _Optimizing:
    """One run; `run` is called once."""

    def __init__(self, workspace: Workspace, identity: str, options: OptimizeOptions) -> None:
        self._start_s = time.perf_counter()
        self._workspace = workspace
        self._catalog: Catalog = workspace.catalog
        path = required_prompt(workspace, identity)
        self._prompt = readable_prompt(workspace, path)
        self._options = options
        self._proposer = required_profile(workspace, options.proposer)
        run = within_policy(workspace, SelectionOptions(patterns=(identity,)), options.run)
        self._calls: ModelCalls = model_calls(workspace.repository, run)
        whole = self._plan()
        plan = [each for each in whole if each.needs_answer]
        self._score, self._measured = _required_score(self._prompt, plan)
        self._candidates = Candidates(
            workspace,
            path,
            [each.case for each in whole],
            chosen_rules(workspace, LintOptions()),
            options.goal,
        )
        if not self._candidates.texts:
            raise UsageError(
                f"`{self._prompt.id}` has no text of its own",
                hint="name the prompt that it extends, or the one that has the texts",
            )
        self._halves = halves(self._prompt, plan, options.held_out)
        if not self._halves.search:
            raise UsageError(
                f"all {len(plan)} cases are held out, none is left for the search",
                hint="add cases: promptops cases, or hold out less: --held-out 30",
            )
        self._held = HeldOut(
            cases=self._halves.held_out,
            sources=self._halves.sources,
            looks=Looks.of(workspace.repository.common_dir, self._prompt.id),
            goal=options.goal,
            margin=margin_of(self._prompt.evaluation),
            contract_margin=_contract_margin(self._prompt, workspace),
        )

    def run(self) -> Optimization:
        """Search, look once at the held-out half, and conclude."""
        answering = self._answering(UNRECORDED)
        try:
            search = self._search(answering)
            best = search.run()
        finally:
            answering.end(prune=False)
        half = self._held.unseen()
        if best is not None and self._held.cases and not self._calls.ended:
            half = self._look(best)
        self._calls.name_cached()
        return self._result(search, best, half)

    def _plan(self) -> list[PlannedCase]:
        """All cases, with all inputs."""
        loaded = self._catalog.loaded(self._prompt.path)
        whole = list(plan_cases(self._catalog, [loaded], 1))
        whole = MissingInputs(self._catalog, "live", self._calls).of_plan(whole, whole, 1)
        _refuse_no_cases(self._prompt, whole)
        wrong = next((each for each in whole if each.error), None)
        if wrong is not None:
            raise UsageError(
                f"case {wrong.case.name!r}: {wrong.error}",
                where=str(wrong.place),
                hint=f"fix it first: promptops test {self._prompt.id}",
            )
        return whole

    def _answering(self, mode: AnyMode) -> Answering:
        cache = AnswerCache(self._workspace.repository.common_dir)
        return Answering(
            self._catalog,
            Store(self._catalog, cache),
            mode,
            repository=self._workspace.repository,
            calls=self._calls,
        )

    def _answers(self, answering: Answering) -> CandidateAnswers:
        return CandidateAnswers(
            catalog=self._catalog,
            answering=answering,
            original=self._candidates.original,
            score=self._score,
            measured=self._measured,
        )

    def _search(self, answering: Answering) -> Search:
        return Search(
            candidates=self._candidates,
            answers=self._answers(answering),
            proposer=Proposer(
                answering=answering,
                profile=self._proposer,
                goal=self._options.goal,
                texts=self._candidates.texts,
            ),
            cases=self._halves.search,
            rounds=self._options.rounds,
            goal=self._options.goal,
        )

    def _look(self, best: Candidate) -> HeldOutHalf:
        """The one look: both sides are called anew, so that a change of the model affects both.

        A look that was begun before continues with its answers.
        """
        begun = self._held.looks.has(proposal_digest(self._candidates.original, best))
        answering = self._answering(UNRECORDED if begun else "live")
        try:
            return self._held.look(self._candidates.original, best, self._answers(answering))
        finally:
            answering.end(prune=False)

    def _result(self, search: Search, best: Candidate | None, half: HeldOutHalf) -> Optimization:
        candidates, calls = self._candidates, self._calls
        return Optimization(
            prompt=self._prompt.id,
            path=self._prompt.path,
            goal=self._options.goal,
            proposer=self._options.proposer,
            state=_state(best, half),
            search=SearchHalf(
                cases=len(self._halves.search),
                score=search.score(candidates.original),
                cost_usd_1000=search.answers.cost_usd_1000(candidates.original),
                proposals=tuple(search.tried),
                refused=dict(search.refused),
                answers=search.answers.requested,
            ),
            held_out=half,
            tokens=candidates.original.tokens,
            proposed_tokens=best.tokens if best is not None else None,
            texts=tuple(candidates.proposed(best)) if best is not None else (),
            contents=candidates.files(best) if best is not None else {},
            notes=tuple(self._notes(search, half)),
            problem=search.problem,
            unanswered=calls.unanswered,
            unasked=calls.unasked,
            ended=calls.ended,
            interrupted=calls.ledger.interrupted,
            cost_usd=calls.cost_usd,
            duration_s=time.perf_counter() - self._start_s,
        )

    def _notes(self, search: Search, half: HeldOutHalf) -> Iterator[str]:
        judges = sorted(set(self._judges_like_proposer(search)))
        if judges:
            named = some(judges, 3, name=lambda judge: f"`{judge}`")
            yield f"weak evidence: the model that proposed also judges the answers, as {named}"
        if half.decision is None:
            return
        if half.looks >= MANY_LOOKS:
            yield (
                f"these held-out cases were checked {half.looks} times before, so this check"
                f" requires an error probability of {half.alpha:.2g}: add cases (`promptops cases`)"
            )
        elif half.looks:
            times = "once" if half.looks == 1 else f"{half.looks} times"
            yield (
                f"these held-out cases were checked {times} before: the error probability is"
                f" {half.alpha:.2g} in place of 0.05"
            )

    def _judges_like_proposer(self, search: Search) -> Iterator[str]:
        """The judges of answers whose model is the one that proposed."""
        ours = self._proposer.provider, self._proposer.id
        for want, _ in search.answers.answering.answered():
            if want.judge and want.profile and (want.profile.provider, want.profile.id) == ours:
                yield want.judge


def _refuse_no_cases(prompt: Prompt, plan: Sequence[PlannedCase]) -> None:
    if not any(each.needs_answer or each.error for each in plan):
        raise UsageError(
            f"`{prompt.id}` has no test case with an assertion on the answer",
            where=prompt.path,
            hint=f"add cases: promptops cases {prompt.id}",
        )


def _required_score(prompt: Prompt, plan: Sequence[PlannedCase]) -> tuple[str, frozenset[str]]:
    """The primary score, and the cases that measure it; UsageError for a prompt without one."""
    names: dict[str, set[str]] = {}
    for planned in plan:
        for assertion in assertions_of(planned.case, prompt):
            found = assertion.parsed
            if found is not None and found.score is not None:
                names.setdefault(found.score, set()).add(planned.case.name)
    score = primary(prompt.evaluation, names) if names else None
    if score is None:
        what = "no measure" if not names else "several scores and no primary one"
        raise UsageError(
            f"`{prompt.id}` has {what}: nothing says which answer is better",
            where=prompt.path,
            hint="add an assertion with `score: quality`"
            if not names
            else "name the primary one in `evaluation.score`",
        )
    return score, frozenset(names.get(score, ()))


def _contract_margin(prompt: Prompt, workspace: Workspace) -> float:
    written = prompt.evaluation.get("contract_margin")
    return float(written or workspace.config.compare.contract_margin) / 100


def _state(best: Candidate | None, half: HeldOutHalf) -> State:
    if best is None:
        return "none"
    decision = half.decision
    if decision is None:
        return "unproved"
    if decision.contracts_lost or decision.high <= decision.required:
        return "not better"
    return "proved" if decision.proved and not half.missing else "unproved"


# The half of the cases that the search does not see.

_Value = Callable[[Candidate, str, int], float | None]
"""A value of the answer to a candidate for a case and repeat; None without one."""

ANSWERS = REPEATS[-1]
"""To each held-out case, on each side."""

_SAME_SET = 0.5
"""The share of the smaller set that two sets have in common, to count as the same."""


@record(frozen=True, slots=True, kw_only=True)
class Halves:
    """The cases of a prompt by name.

    Attributes:
        search, held_out: In the order of the prompt.
        sources: From each name to what dependent cases share: their source, their inputs, or that
            their answers are compared.
    """

    search: tuple[str, ...]
    held_out: tuple[str, ...]
    sources: Mapping[str, str]


def halves(prompt: Prompt, plan: Sequence[PlannedCase], share: float) -> Halves:
    """Split the cases; dependent ones are in the same half.

    A case stays in its half when others are added. Drafts are always in the search half, because
    no person has read them.

    Args:
        share: Of the cases to hold out, 0 to 1.
    """
    sources = _sources(prompt, plan)
    drafts = {sources[each.case.name] for each in plan if each.case.is_draft}
    held = {
        name
        for name, source in sources.items()
        if source not in drafts and _chance(prompt, source) < share
    }
    return Halves(
        search=tuple(name for name in sources if name not in held),
        held_out=tuple(name for name in sources if name in held),
        sources=sources,
    )


def _sources(prompt: Prompt, plan: Sequence[PlannedCase]) -> dict[str, str]:
    """From the name of each case to that of the first one of those that depend on each other."""
    first: dict[str, str] = {}
    found: dict[str, str] = {}
    for each in plan:
        name = each.case.name
        inputs = json.dumps(each.case.inputs, sort_keys=True, default=str)
        keys = (f"inputs {inputs}{_opening(each)}", source_of(each), *_names(each, prompt))
        known = [first[key] for key in keys if key and key in first]
        root = min(known, default=name)
        for old in known:
            found = {case: root if group == old else group for case, group in found.items()}
            first = {key: root if group == old else group for key, group in first.items()}
        found[name] = root
        first |= {key: root for key in keys if key}
    return found


def _opening(planned: PlannedCase) -> str:
    """What the first turn of a conversation sends: those with the same one get the same answer."""
    turns = planned.case.turns
    return repr(turns[0].said) if turns else ""


def _names(planned: PlannedCase, prompt: Prompt) -> Iterator[str]:
    """The case itself, and those whose answers its assertions need."""
    for name in (planned.case.name, *counterparts(planned.case, prompt)):
        yield f"case {name}"


def _chance(prompt: Prompt, source: str) -> float:
    digest = hashlib.sha256(f"{prompt.id}\0{source}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


# How often the cases were looked at.


@record(frozen=True, slots=True, kw_only=True)
class Looks:
    """The looks at held-out cases of one prompt, kept in git's directory.

    A look at a proposal that was looked at before is no new one: its answers are known.

    Attributes:
        file: One line for each look, with hashes of the cases and of the proposal.
    """

    file: Path

    @classmethod
    def of(cls, common_dir: Path, prompt: str) -> Looks:
        return cls(file=common_dir / "promptops" / "optimize" / f"{prompt}.jsonl")

    def before(self, cases: Sequence[str], proposal: str = "") -> int:
        """The number of other proposals for which at least half of these cases decided before.

        Raises InputError if the file can't be read.
        """
        ours, others = set(map(_short_hash, cases)), set[str]()
        for known, other in self._known():
            if proposal and other == proposal:
                break
            if len(ours & known) >= _SAME_SET * max(min(len(ours), len(known)), 1):
                others.add(other)
        return len(others)

    def has(self, proposal: str) -> bool:
        """Whether a proposal was looked at before."""
        return any(other == proposal for _, other in self._known())

    def add(self, cases: Sequence[str], proposal: str) -> None:
        """Store one more look; before the first request, so that none is lost."""
        line = json.dumps({"cases": sorted(map(_short_hash, cases)), "proposal": proposal})
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with open(self.file, "ab") as file:
                file.write(f"{line}\n".encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self._unusable(os_reason(error)) from None

    def _known(self) -> Iterator[tuple[set[str], str]]:
        try:
            lines = self.file.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError) as error:
            reason = os_reason(error) if isinstance(error, OSError) else "not UTF-8"
            raise self._unusable(reason) from None
        for number, line in enumerate(lines, 1):
            try:
                value = json.loads(line)
                yield set(value["cases"]), str(value["proposal"])
            except (ValueError, KeyError, TypeError):
                raise self._unusable(f"line {number} is damaged") from None

    def _unusable(self, reason: str) -> InputError:
        return InputError(
            f"the checks of held-out cases can't be counted: {reason}",
            where=str(self.file),
            hint="repair the file; without it, a proposal may be called proved that is not",
        )


def _short_hash(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def proposal_digest(original: Candidate, proposal: Candidate) -> str:
    """Identifies a proposal for the prompt as it stands."""
    texts = json.dumps([dict(original.texts), dict(proposal.texts)], sort_keys=True)
    return hashlib.sha256(texts.encode("utf-8", "surrogatepass")).hexdigest()[:16]


# The one look.


@record(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """The held-out half of a prompt.

    Attributes:
        cases: The names of its cases.
        sources: See `Halves`.
        margin: The acceptable loss of a cheaper proposal, as a share.
        contract_margin: The acceptable loss of kept contracts, as a share.
    """

    cases: tuple[str, ...]
    sources: Mapping[str, str]
    looks: Looks
    goal: Goal
    margin: float
    contract_margin: float

    def unseen(self, proposal: str = "") -> HeldOutHalf:
        """The half without a look at it."""
        looks = self.looks.before(self.cases, proposal)
        return HeldOutHalf(cases=len(self.cases), looks=looks, alpha=error_probability(looks))

    def look(
        self, original: Candidate, proposal: Candidate, answers: CandidateAnswers
    ) -> HeldOutHalf:
        """Request the answers to both in turns at each case, and decide."""
        both = original, proposal
        digest = proposal_digest(*both)
        half = self.unseen(digest)
        if not self.looks.has(digest):
            self.looks.add(self.cases, digest)
        wanted = [(each, name, n) for n in range(ANSWERS) for name in self.cases for each in both]
        answers.get(wanted)
        half = replace(half, missing=sum(not answers.is_complete(*each) for each in wanted))
        rows = [self._row(name, both, answers.value) for name in self.cases]
        scored = [row for row in rows if row.baseline]
        if not scored:
            return half
        decision = decide_improvement(scored, half.looks, self.goal, self.margin)
        kept = [self._row(name, both, answers.kept) for name in self.cases]
        decision = replace(
            decision,
            cost_ratio=_cost_ratio(*both, answers),
            **self._contracts([row for row in kept if row.baseline]),
        )
        return replace(half, decision=decision)

    def _row(self, name: str, both: tuple[Candidate, Candidate], value: _Value) -> CaseScore:
        """The values of the repeats that both have."""
        pairs = [[value(each, name, n) for each in both] for n in range(ANSWERS)]
        known = [(float(a), float(b)) for a, b in pairs if a is not None and b is not None]
        return CaseScore(
            name=name,
            source=self.sources[name],
            baseline=tuple(before for before, _ in known),
            candidate=tuple(after for _, after in known),
        )

    def _contracts(self, rows: Sequence[CaseScore]) -> dict[str, Any]:
        if not rows:
            return {}
        before = fmean(value for row in rows for value in row.baseline)
        after = fmean(value for row in rows for value in row.candidate)
        worse = decide_contracts(rows, 3, self.contract_margin).verdict == "worse"
        lost = worse or after < before - self.contract_margin
        return {"contracts_kept": (before, after), "contracts_lost": lost}


def _cost_ratio(
    original: Candidate, proposal: Candidate, answers: CandidateAnswers
) -> float | None:
    before, after = answers.cost_usd_1000(original), answers.cost_usd_1000(proposal)
    return after / before if before and after is not None else None
