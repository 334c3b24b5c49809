"""Compare arms: find their answers, judge and decide them, and conclude which one to use."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from promptops.catalog.catalog import Catalog
from promptops.catalog.files import Files
from promptops.commands.compare.arms import (
    Alternative,
    Alternatives,
    ArmRun,
    CompareOptions,
    PromptArms,
    alternatives,
    arms_of,
    prompt_arms,
    refuse_equal_arms,
    sends_same_requests,
    with_reference_named,
)
from promptops.commands.compare.results import ArmResults, Prices, cost_usd_1000, ratio_of
from promptops.errors import UsageError
from promptops.evals.deciding.decision import REPEATS
from promptops.evals.deciding.intervals import independent_sources
from promptops.evals.deciding.recommending import concluded
from promptops.evals.judge_answer import scores
from promptops.evals.result import unjudged, violations
from promptops.model.arm import (
    ArmAnswer,
    ArmComparison,
    ArmResult,
    ArmTotal,
    ComparedCase,
    KeptContracts,
    PromptComparison,
    Violation,
)
from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.model.test_run import CaseRun
from promptops.records import field, record, replace
from promptops.source.recording_files import first_of
from promptops.source.recordings import RECORD_AGAIN
from promptops.suggestions import did_you_mean
from promptops.testing.answering import Answering, Mode, request_in_turns
from promptops.testing.judging import JudgedAnswer, error_run, sent_messages, unreadable_prompts
from promptops.testing.model_calls import ModelCalls
from promptops.testing.options import model_calls
from promptops.testing.paired import Arm
from promptops.testing.plan import (
    CaseKey,
    PlannedCase,
    WantedAnswer,
    named_cases,
    needed_cases,
    plan_cases,
    with_hint,
)
from promptops.testing.recordings.store import (
    AnswerCache,
    RecordingRoots,
    RecordingsAside,
    Store,
    arm_folder,
    recording_roots,
    refuse_prompt_root,
)
from promptops.testing.recordings.writing import WrittenAnswers, write_journal
from promptops.testing.retrieving import MissingInputs
from promptops.testing.runner import why_no_cases, within_policy
from promptops.workspace.selection import SelectionOptions, select
from promptops.workspace.workspace import Workspace


def compare(
    workspace: Workspace, wanted: SelectionOptions, options: CompareOptions
) -> ArmComparison:
    """Compare arms on the cases of the selected prompts.

    Raises UsageError for a name without a match, arms that send the same requests, an endpoint that
    is not approved, or a missing key or package; InputError if recordings can't be written.
    """
    run = within_policy(workspace, wanted, options.run)
    return comparing(workspace, wanted, replace(options, run=run)).run()


def comparing(workspace: Workspace, wanted: SelectionOptions, options: CompareOptions) -> Comparing:
    """A comparison that has not started; raises UsageError for its arms and cases."""
    return Comparing(workspace, wanted, options)


class Comparing:
    """One comparison; `run` is called once."""

    def __init__(
        self, workspace: Workspace, wanted: SelectionOptions, options: CompareOptions
    ) -> None:
        self._start = time.perf_counter()
        self._workspace = workspace
        self._selected = selected = select(workspace, wanted)
        self._options = options
        self._again = command_line(wanted, options, "--record")
        self._calls: ModelCalls = model_calls(workspace.repository, options.run)
        found = alternatives(workspace, selected, options)
        self._whole = [_for_all_arms(planned) for planned in self._planned(found)]
        self._plan = named_cases(self._whole, options.run.cases)
        if found.implied:
            found = with_reference_named(found, self._plan)
        self._found = found
        _refuse_too_few(found, options)
        self._arms: list[ArmRun] = open_arms(workspace, found, self._calls, options.run.mode)
        refuse_equal_arms(self._arms, self._plan)
        self._prompts = list(self._prompt_arms())

    def run(self) -> ArmComparison:
        """Find or request the answers, judge and decide them, and write new ones."""
        mode = self._options.run.mode
        rounds = Rounds(
            prompts=self._prompts,
            arms=self._arms,
            calls=self._calls,
            catalog=self._found.head,
            uses_recordings=mode != "live",
        )
        if mode != "replay":
            rounds.request()
        if mode != "live":
            rounds.replay()
        self._calls.name_cached()
        return self._comparison(self._write_answers())

    @property
    def requests(self) -> frozenset[tuple[str, int]]:
        """Digest and repeat of each request that the comparison looked up so far."""
        keys = (key for arm in self._arms for key in arm.answering.known)
        return frozenset((digest, repeat) for _, digest, repeat, _ in keys)

    @property
    def from_cache(self) -> int:
        """The number of answers that it recorded from the local cache so far."""
        results = (result for arm in self._arms for result in arm.answering.known.values())
        return sum(result.source == "cached" for result in results)

    def _planned(self, found: Alternatives) -> Sequence[PlannedCase]:
        """The cases of the reference; inputs that its retrievers return are the same for all arms.

        Only those of the work tree are recorded: the prompt of another revision may have others.
        """
        catalog, mode = found.reference.catalog, self._options.run.mode
        whole = list(plan_cases(catalog, found.loaded, 1))
        if mode == "record" and found.head.revision != self._workspace.revision:
            mode = "live"
        missing = MissingInputs(catalog, mode, self._calls, self._workspace.repository)
        whole = missing.of_plan(named_cases(whole, self._options.run.cases), whole, 1)
        self._unwritten = list(missing.end())
        return whole

    def _prompt_arms(self) -> Iterator[PromptArms]:
        partners = needed_cases(self._plan, lambda: self._whole)
        needing = [each for each in self._plan if each.needs_answer]
        for loaded in self._found.loaded:
            cases = [each for each in needing if _is_of(each, loaded.id)]
            if loaded.prompt is not None and cases:
                yield prompt_arms(
                    loaded.prompt,
                    cases,
                    [each for each in partners if _is_of(each, loaded.id) and each.needs_answer],
                    options=self._options,
                    settings=self._workspace.config.compare,
                    share=len(self._arms) - 1,
                    prompts=len({each.prompt.id for each in needing}),
                )

    def _write_answers(self) -> WrittenAnswers:
        """Write new answers to the recordings aside, or to the cache."""
        run, answerings = self._options.run, [arm.answering for arm in self._arms]
        prune = run.prune and not self._calls.ended
        if prune or run.mode == "record":
            files = (each.all_files if prune else each.needs for each in answerings)
            needs = {file: own for each in files for file, own in each.items()}
            roots = recording_roots(self._workspace.config)
            return write_journal(self._workspace.repository, needs, prune=prune, roots=roots)
        for arm in self._arms:
            arm.answering.end(prune=False)
        return WrittenAnswers()

    def _comparison(self, written: WrittenAnswers) -> ArmComparison:
        roots = recording_roots(self._workspace.config)
        problems = problems_by_prompt(self._prompts, self._arms, written, roots, self._again)
        reference, *others = self._arms
        results = [
            ArmResults(
                prompt=prompt,
                reference=reference,
                others=others,
                kind=self._options.kind,
                prices=Prices(self._workspace.catalog),
                problems=problems.get(prompt.id, {}),
                ended=self._calls.ended,
            )
            for prompt in self._prompts
        ]
        calls, options = self._calls, self._options
        margin = options.margin or self._workspace.config.compare.margin
        found = ArmComparison(
            reference=reference.name,
            kind=options.kind,
            margin=margin / 100,
            contract_margin=self._workspace.config.compare.contract_margin / 100,
            share=len(others),
            required=options.require,
            left_out=tuple(self._left_out()),
            ended=calls.ended,
            unasked=calls.unasked,
            interrupted=calls.ledger.interrupted,
            commit=self._workspace.repository.find("HEAD") or "",
            cost_usd=calls.cost_usd,
        )
        found = comparison_of(found, results, list(self._errors()))
        nothing = "" if found.prompts else self._why_nothing()
        return replace(found, nothing=nothing, duration_s=time.perf_counter() - self._start)

    def _errors(self) -> Iterator[CaseRun]:
        """Prompts that can't be read, and cases that can't be rendered."""
        yield from unreadable_prompts(self._found.loaded)
        yield from self._unwritten
        for planned in self._plan:
            if planned.error:
                run = error_run(planned.prompt.id, planned.error, planned.place)
                yield replace(run, name=planned.case.name, internal=planned.internal)

    def _left_out(self) -> Iterator[str]:
        compared = {planned.prompt.id for planned in self._whole if planned.needs_answer}
        for loaded in self._found.loaded:
            if loaded.prompt is not None and loaded.id not in compared:
                yield loaded.id

    def _why_nothing(self) -> str:
        if self._whole:
            return "no test case has an assertion on the answer"
        return why_no_cases(self._workspace.catalog, self._selected)


def _for_all_arms(planned: PlannedCase) -> PlannedCase:
    """A case for all arms: only answers are compared, and one model judges them all."""
    return replace(planned, rendered=(), judge_model=planned.prompt.model)


def _is_of(planned: PlannedCase, prompt: str) -> bool:
    return planned.prompt.id == prompt


def _refuse_too_few(found: Alternatives, options: CompareOptions) -> None:
    names = [arm.name for arm in found.others]
    if not names and found.implied:
        what = "work tree" if options.kind == "revision" else "model of each prompt"
        raise UsageError(
            f"`{found.reference.name}` sends the same requests as the {what}: there is nothing to"
            " compare",
            hint="name another arm",
        )
    if not names:
        raise UsageError(
            f"`{found.reference.name}` is the reference: there is nothing to compare it with",
            hint="name another arm",
        )
    if options.require and options.require not in names:
        hint = did_you_mean(options.require, names) or f"arms: {', '.join(names)}"
        if options.require == found.reference.name:
            raise UsageError(f"`{options.require}` is the reference, not an arm", hint=hint)
        raise UsageError(f"`{options.require}` is not one of the arms", hint=hint)


# Open the arms: where the answers of each one are, and who answers.


def open_arms(
    workspace: Workspace, found: Alternatives, calls: ModelCalls, mode: Mode
) -> list[ArmRun]:
    """The arms, the reference first; raises UsageError if their recordings have no folder."""
    refuse_prompt_root("compare", workspace.config)
    repository, root = workspace.repository, workspace.config.compare.recordings
    files = Files(repository.tree(workspace.revision, under=(root,)))
    # Answers that only this machine has must not make an arm complete here and stale elsewhere.
    cache = AnswerCache(repository.common_dir) if mode == "record" else None
    arms: list[ArmRun] = []
    for alternative in arms_of(found):
        catalog, ids = alternative.catalog, prompt_paths(alternative, found)
        aside = RecordingsAside(arm_folder(root, alternative.name), files, ids)
        store = Store(catalog, cache, aside, found.head)
        answering = Answering(catalog, store, mode, repository=repository, calls=calls)
        arm = Arm(
            alternative.name,
            catalog,
            found.head,
            opinions=answering,
            store=store,
            ids=alternative.ids,
            reference=arms[0].arm if arms else None,
        )
        arms.append(ArmRun(name=alternative.name, arm=arm, answering=answering, catalog=catalog))
    return arms


def prompt_paths(alternative: Alternative, found: Alternatives) -> Mapping[str, str]:
    """From the prompt files of an arm to the ids of the reference's prompts."""
    paths = alternative.catalog.paths
    ids: dict[str, str] = {}
    for loaded in found.loaded:
        aliases = loaded.prompt.aliases if loaded.prompt is not None else ()
        names = (alternative.ids.get(loaded.id, loaded.id), *aliases)
        path = next((paths[name] for name in names if name in paths), None)
        if path is not None:
            ids[path] = loaded.id
    return ids


# Recordings of arms that could not be read or written.


def problems_by_prompt(
    prompts: Sequence[PromptArms],
    arms: Sequence[ArmRun],
    written: WrittenAnswers,
    roots: RecordingRoots,
    again: str,
) -> Mapping[str, Mapping[str, Sequence[CaseRun]]]:
    """By prompt and arm; each problem once, also if several arms read the same file.

    Args:
        again: The command that records answers in the folders aside.
    """
    found: dict[str, dict[str, list[CaseRun]]] = {}
    known: set[tuple[Place, str]] = set()
    for prompt in prompts:
        for arm in arms:
            for problem in _problems_of_arm(prompt, arm, written):
                at = problem.at
                if not isinstance(at, Place) or (at, problem.message) in known:
                    continue
                known.add((at, problem.message))
                hint = problem.hint
                if hint == RECORD_AGAIN and roots.are_aside(at.path):
                    hint = f"remove the line, then run `{again}`"
                run = error_run(prompt.id, with_hint(problem.message, hint), at)
                found.setdefault(prompt.id, {}).setdefault(arm.name, []).append(run)
    return found


def _problems_of_arm(prompt: PromptArms, arm: ArmRun, written: WrittenAnswers) -> Iterator[Problem]:
    own = next(filter(None, map(arm.arm.counterpart, prompt.cases)), None)
    if own is None:
        return
    store, path = arm.answering.store, own.prompt.path
    yield from store.problems(path)
    yield from _problems_in_file(
        store.first_file(path), (*arm.answering.refused, *written.problems)
    )


def _problems_in_file(first: str, problems: Iterable[Problem]) -> Iterator[Problem]:
    for problem in problems:
        if isinstance(problem.at, Place) and first_of(problem.at.path) == first:
            yield problem


# The whole comparison, from the results of each prompt.


def comparison_of(
    found: ArmComparison, results: Sequence[ArmResults], errors: Sequence[CaseRun]
) -> ArmComparison:
    """The comparison with its prompts, totals and conclusions.

    Args:
        found: All that does not depend on the results.
        errors: Prompts and cases that could not be compared at all.
    """
    by_prompt = {name: tuple(own) for name, own in groupby(errors, lambda run: run.prompt)}
    prompts = [_prompt_comparison(each, by_prompt.pop(each.prompt.id, ())) for each in results]
    prompts += (_unreadable(found, name, own) for name, own in by_prompt.items())
    totals = tuple(_arm_totals(results)) if results else ()
    return concluded(replace(found, prompts=tuple(prompts), totals=totals))


def _prompt_comparison(results: ArmResults, errors: Sequence[CaseRun]) -> PromptComparison:
    reference = results.of_reference()
    reference = replace(reference, problems=(*errors, *reference.problems))
    arms = [results.of(arm) for arm in results.others]
    if errors:
        arms = [replace(arm, verdict="open", note=arm.note or _NOT_COMPARED) for arm in arms]
    prompt = results.prompt
    return PromptComparison(
        prompt=prompt.id,
        score=prompt.score,
        margin=results.margin,
        contract_margin=prompt.contract_margin,
        arms=(reference, *arms),
        cases=tuple(_compared_case(results, planned) for planned in prompt.cases),
    )


_NOT_COMPARED = "cases of the reference could not be compared"


def _unreadable(found: ArmComparison, prompt: str, errors: Sequence[CaseRun]) -> PromptComparison:
    """A prompt that no arm could answer."""
    arm = ArmResult(
        name=found.reference,
        kind=found.kind,
        verdict="reference",
        contracts=KeptContracts(kept=0, of=0),
        problems=tuple(errors),
    )
    return PromptComparison(
        prompt=prompt,
        margin=found.margin,
        contract_margin=found.contract_margin,
        arms=(arm,),
    )


def _compared_case(results: ArmResults, planned: PlannedCase) -> ComparedCase:
    arms = (results.reference, *results.others)
    accepting = [arm for arm in arms if arm.arm.counterpart(planned) is not None]
    return ComparedCase(
        name=planned.case.name,
        place=planned.place,
        messages=sent_messages(planned.request) if planned.request is not None else (),
        answers=tuple(each for arm in accepting for each in _arm_answers(results, arm, planned)),
        without=tuple(arm.name for arm in arms if arm not in accepting),
    )


def _arm_answers(results: ArmResults, arm: ArmRun, planned: PlannedCase) -> Iterator[ArmAnswer]:
    known = [
        judged
        for n in range(results.prompt.repeats)
        if (judged := arm.judged_answer(replace(planned, repeat=n))) is not None
    ]
    if not known:
        yield ArmAnswer(arm=arm.name, reason=arm.result(planned).reason)
    for judged in known:
        yield _arm_answer(results, arm, judged)


def _arm_answer(results: ArmResults, arm: ArmRun, judged: JudgedAnswer) -> ArmAnswer:
    wrong = unjudged(judged.judgements)
    return ArmAnswer(
        arm=arm.name,
        repeat=judged.planned.repeat,
        answer=judged.answer,
        source=arm.result(judged.planned).source,
        score=scores(judged.judgements).get(results.prompt.score),
        violated=tuple(Violation(each.type, each.reason) for each in violations(judged.judgements)),
        reason=wrong[0].reason if wrong else "",
        cost_usd=results.prices.cost_usd(arm, judged),
    )


def _arm_totals(results: Sequence[ArmResults]) -> Iterator[ArmTotal]:
    first = results[0]
    for arm in (first.reference, *first.others):
        costs = [each.costs(arm) for each in results]
        known = [cost for own in costs if own is not None for cost in own.values()]
        pairs = [each.cost_pairs(arm) for each in results]
        joined = [pair for own in pairs if own is not None for pair in own]
        yield ArmTotal(
            name=arm.name,
            cost_usd_1000=None if None in costs else cost_usd_1000(known),
            cost_ratio=None if arm is first.reference or None in pairs else ratio_of(joined),
            cost_sources=0 if arm is first.reference else independent_sources(joined),
        )


# The command that continues or shows a comparison.

COMPARE = "compare"


def command_line(wanted: SelectionOptions, options: CompareOptions, *flags: str) -> str:
    """The command for the same arms and cases; answers that it has are not requested again."""
    return shlex.join(("promptops", COMPARE, *_command_words(wanted, options), *flags))


def _command_words(wanted: SelectionOptions, options: CompareOptions) -> Iterator[str]:
    yield from wanted.patterns
    for name in options.names:
        yield from (f"--{options.kind}", name)
    for name, value in (
        ("reference", options.reference),
        ("require", options.require or None),
        ("margin", None if options.margin is None else f"{options.margin:g}"),
        ("repeats", options.run.repeats),
    ):
        if value is not None:
            yield from (f"--{name}", str(value))
    if wanted.since is not None:
        yield from ("--since", wanted.since) if wanted.since else ("--since",)
    for name, values in (("select", wanted.selectors), ("case", options.run.cases)):
        for value in values:
            yield from (f"--{name}", value)


# The rounds of a comparison: which answers are requested, and when an arm needs no more.

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
            plans = {arm.name: list(self._plan(arm, targets)) for arm in self.arms}
            self._get(self.arms, plans)
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

    def _plan(self, arm: ArmRun, targets: _Targets) -> Iterator[PlannedCase]:
        for prompt in self.prompts:
            own = targets.get((prompt.id, arm.name), 0)
            if arm is self.arms[0]:
                own = max(targets.get((prompt.id, other.name), 0) for other in self.arms[1:])
            for planned in (*prompt.cases, *prompt.partners):
                yield from (replace(planned, repeat=n) for n in range(own))

    def _get(self, arms: Sequence[ArmRun], plans: Mapping[str, Sequence[PlannedCase]]) -> None:
        """Find or request the answers of the arms, and judge them."""
        while missing := self._missing(arms, plans):
            turns = sorted(missing, key=lambda turn: turn.at)
            wanted = [(turn.answering, turn.want) for turn in turns]
            request_in_turns(wanted, self.calls, self.catalog)
        for arm in arms:
            arm.judge(plans[arm.name])

    def _missing(
        self, arms: Sequence[ArmRun], plans: Mapping[str, Sequence[PlannedCase]]
    ) -> list[_Turn]:
        """The answers that may be requested next; of a conversation that of its next turn."""
        missing: list[_Turn] = []
        for number, arm in enumerate(arms):
            wants = arm.wants(plans[arm.name])
            at = {_case_of(want): self._position(key) for key, want in wants.items()}
            missing += (
                _Turn((*at[_case_of(want)], number), arm.answering, want)
                for want in arm.answering.look_up(list(wants.values()))
            )
        return missing

    def _position(self, key: CaseKey) -> tuple[int, int]:
        """The place of a case among all cases, and the repeat."""
        if not self._cases:
            every = (case for prompt in self.prompts for case in (*prompt.cases, *prompt.partners))
            self._cases.update((case.case_key[:2], index) for index, case in enumerate(every))
        return self._cases[key[:2]], key[2]


def _case_of(want: WantedAnswer) -> tuple[str, str, int]:
    return want.path, want.case, want.repeat


@record(frozen=True, slots=True)
class _Turn:
    """A missing answer; by `at`, the arms take turns at each case."""

    at: tuple[int, int, int]
    answering: Answering
    want: WantedAnswer
