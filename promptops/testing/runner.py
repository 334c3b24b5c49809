"""Run the selected test cases within the policy, decide scores, and merge shards."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from statistics import fmean

from promptops.catalog.catalog import Catalog
from promptops.errors import GitError, InputError, UsageError, os_reason
from promptops.evals.deciding.decision import margin_of
from promptops.evals.judge_answer import primary, scores
from promptops.model.config import Config, ModelProfile
from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.model.prompt import Prompt
from promptops.model.test_run import (
    CaseRun,
    CoverageRow,
    Decided,
    JudgeAgreement,
    ShardRun,
    TestRun,
    verdict_of,
)
from promptops.plurals import counted, some
from promptops.records import replace
from promptops.repo.repository import WORKTREE, Repository
from promptops.source.shard import MAX_BYTES, read_shard
from promptops.testing.answering import Answering, Mode
from promptops.testing.confirming import Confirming
from promptops.testing.judging import (
    AnswerJudge,
    JudgedAnswer,
    audit_recordings,
    case_runs,
    error_run,
    judge_agreements,
    judged_answers,
    judged_turns,
    recording_errors,
    unreadable_prompts,
)
from promptops.testing.model_calls import within_budget
from promptops.testing.options import RunOptions, model_calls
from promptops.testing.paired import Arm, Arms, Measure, PairedAnswers, needs_baseline
from promptops.testing.plan import (
    AnswerKey,
    PlannedCase,
    named_cases,
    needed_cases,
    plan_cases,
    with_hint,
)
from promptops.testing.recordings.store import AnswerCache, Store, recording_roots
from promptops.testing.recordings.writing import Journal, WrittenAnswers, write_journal
from promptops.testing.retrieving import with_retrieved_inputs
from promptops.testing.shards import (
    MergedShards,
    checked_commit,
    known_answers,
    plan_digest,
    recording_refusals,
    refuse_other_plan,
    shard_answers,
    shard_cases,
    with_selection,
)
from promptops.workspace.selection import Selected, SelectionOptions, merge_base, select
from promptops.workspace.workspace import (
    Workspace,
    configuration,
    refuse_missing_roots,
    workspace_at,
)


def test(workspace: Workspace, wanted: SelectionOptions, options: RunOptions) -> TestRun:
    """Run the cases of the selected prompts.

    Raises UsageError for a name without a match, an endpoint that is not approved, or a missing key
    or package; InputError if recordings can't be written.
    """
    selected, options = prepare(workspace, wanted, options)
    run = CaseRunner(workspace, selected, options).run()
    if run.shard is None:
        return run
    return replace(run, shard=with_selection(run.shard, workspace, wanted))


def prepare(
    workspace: Workspace, wanted: SelectionOptions, options: RunOptions
) -> tuple[Selected, RunOptions]:
    """The selected prompts, and the options with what follows from the policy and the selection.

    Raises UsageError and InputError as `test` does.
    """
    options = within_policy(workspace, wanted, options)
    if options.baseline is None and wanted.since is not None:
        options = replace(options, baseline=merge_base(workspace, wanted.since))
    return select(workspace, wanted), options


def within_policy(
    workspace: Workspace, wanted: SelectionOptions, options: RunOptions
) -> RunOptions:
    """The options with the base of a change and the budget of the event.

    Only a run of everything may prune recordings.

    Raises UsageError for prices that the change sets, InputError for a root without files.
    """
    if wanted.since is None:
        refuse_missing_roots(workspace.config, workspace.catalog.files.entries)
    policy = workspace.config
    if options.calls and wanted.since is not None:
        options = replace(options, base=merge_base(workspace, wanted.since))
    if options.base is not None and not options.trusted:
        policy = configuration(workspace.repository, options.base)
        _refuse_other_prices(workspace, policy)
    settings = within_budget(options.settings, policy.test.budget, options.event)
    prune = options.prune and wanted.everything and not options.cases
    return replace(options, settings=settings, prune=prune)


def write_earlier_answers(directory: Path) -> None:
    """Write answers that an earlier run left in the journal; called before a catalog is opened."""
    with Repository.open(directory) as repository:
        if not repository.bare and Journal(repository).pending:
            roots = recording_roots(configuration(repository, WORKTREE))
            write_journal(repository, roots=roots)


def _refuse_other_prices(workspace: Workspace, base: Config) -> None:
    """Raise UsageError if a change sets its own prices; endpoints are compared before a call."""
    from promptops.evals.providers.endpoint import shown_endpoint

    for name, profile in workspace.config.models.items():
        was = base.models.get(name, ModelProfile(name=name, provider="", id=""))
        for field in ("price", "max_output_tokens"):
            if getattr(was, field) != getattr(profile, field):
                raise UsageError(
                    f"the change sets `{field}` of `{name}`, at {shown_endpoint(profile)}",
                    where=workspace.config.path,
                    hint="check its settings, then run again with --trust-config",
                )


# One run of test cases: plan, answer, judge, decide, write.

RECORD_COMMAND = "promptops test --record"


class CaseRunner:
    """One run; `run` is called once.

    Attributes:
        plan: The cases of the run.
        written: What `run` wrote.
    """

    def __init__(
        self,
        workspace: Workspace,
        selected: Selected,
        options: RunOptions,
        part: Sequence[PlannedCase] | None = None,
    ) -> None:
        """`part` are the planned cases to run, None for all; `prune` requires that all are."""
        self._start = time.perf_counter()
        self._workspace = workspace
        self._catalog = catalog = workspace.catalog
        self._selected = selected
        self._options = options
        self._loaded = list(catalog.prompts(selected.why))
        self._is_whole = part is None
        whole = plan_cases(catalog, self._loaded, options.repeats) if part is None else part
        self._whole = list(whole)
        if options.merged is not None:
            refuse_other_plan(self._whole, options.merged)
        self._named = named_cases(self._whole, options.cases)
        # Answers that only this machine has must not make a case pass here and stale elsewhere.
        cache = AnswerCache(workspace.repository.common_dir) if options.mode == "record" else None
        self._store = Store(catalog, cache)
        self._calls = model_calls(workspace.repository, options)
        self._answering = self._new_answering()
        self.plan = self._with_inputs(shard_cases(self._named, options.shard))
        self.written = WrittenAnswers()
        self._compares = needs_baseline(self.plan)
        self._baseline = self._new_baseline() if self._compares or self._confirms else None
        answer_before = self._baseline.answer if self._baseline is not None else _no_answer
        self._judging = AnswerJudge(catalog, self._answering, answer_before)

    def run(self) -> TestRun:
        """Answer, judge, decide, and write the answers."""
        options = self._options
        arms = self._arms()
        if arms is not None and options.mode == "live":
            compared = {planned.prompt.id for planned in self.plan if needs_baseline([planned])}
            arms.begin([planned for planned in self._measured if planned.prompt.id in compared])
        partners = self._with_inputs(needed_cases(self.plan, self._all_cases))
        judged, results = judged_answers(self._judging, [*self.plan, *partners])
        begun = judged_turns(self._judging, self.plan, results)
        partner_keys = {planned.case_key for planned in partners}
        judged = [answer for answer in judged if answer.planned.case_key not in partner_keys]
        confirming = Confirming(self._judging, judged) if self._confirms else None
        decisions = self._decisions(judged, arms)
        final, notes = confirming.settled(arms) if confirming is not None else (judged, {})
        cases = [
            *unreadable_prompts(self._loaded),
            *case_runs(self.plan, results, [*final, *begun], notes),
            *recording_errors(self._catalog, self.plan, self._store),
        ]
        audited = self._audit()
        cases += filter(None, audited or ())
        refused = self._refused()
        covered: tuple[CoverageRow, ...] = ()
        if options.coverage:
            # What reads branches takes 20 ms to import, and most runs ask for no coverage.
            from promptops.testing.coverage import coverage_rows

            coverage = coverage_rows(self._catalog, self._loaded)
            covered = coverage.rows
            cases += coverage.failed
        unwritten = self._write_answers(refused.values())
        self._calls.name_cached()
        reported = {(case.reason, case.place) for case in cases}
        new = (error for error in unwritten if error not in reported)
        cases += [error_run(str(place), message, place) for message, place in new]
        shard = self._shard_run(unwritten, refused)
        run = self._test_run(cases, decisions, tuple(judge_agreements(judged)), shard)
        return replace(run, coverage=covered, audited=None if audited is None else len(audited))

    @property
    def requests(self) -> frozenset[tuple[str, int]]:
        """Digest and repeat of each request that the run looked up so far."""
        return frozenset((digest, repeat) for _, digest, repeat, _ in self._answering.known)

    @property
    def _confirms(self) -> bool:
        """Whether a violated contract is confirmed by fresh answers."""
        needed = (planned.needs_answer for planned in self.plan)
        return self._options.mode == "live" and any(needed)

    def _with_inputs(self, plan: Sequence[PlannedCase]) -> list[PlannedCase]:
        return with_retrieved_inputs(self._catalog, self._answering, plan, self._options.repeats)

    def _all_cases(self) -> Iterator[PlannedCase]:
        return plan_cases(self._catalog, self._loaded, self._options.repeats)

    def _new_answering(self) -> Answering:
        merged = self._options.merged
        return Answering(
            self._catalog,
            self._store,
            self._options.mode,
            repository=self._workspace.repository if merged is None else None,
            calls=self._calls,
            known=merged.known if merged is not None else None,
        )

    def _new_baseline(self) -> Arm | None:
        """The baseline of measures; by default where this branch left the default branch."""
        options, revision = self._options, self._options.baseline
        try:
            commit = merge_base(self._workspace, revision or "")
            catalog = workspace_at(self._workspace.repository, commit).catalog
        except GitError:
            if revision is not None:
                raise
            from promptops.repo.history import upstream_default

            upstream_default(self._workspace.repository)  # raises if it is unknown
            return None  # there is no release yet
        except InputError:
            if revision is not None or self._compares:
                raise
            return None  # contracts can be judged without a baseline whose configuration is broken
        # Fresh answers are judged by the current judge, so both arms must be.
        mode: Mode = "live" if options.mode == "live" else "replay"
        known = options.merged.known if options.merged is not None else None
        store = Store(catalog)
        opinions = Answering(catalog, store, mode, calls=self._calls, known=known)
        title = commit[:12] if revision in (None, commit) else revision
        return Arm(title, catalog, self._catalog, opinions=opinions, store=store)

    def _arms(self) -> Arms | None:
        if self._baseline is None:
            return None
        apart = self._options.shard is not None or self._options.merged is not None
        may_call = self._options.mode == "live" and not apart
        return Arms(self._judging, self._baseline, may_call=may_call)

    @property
    def _measured(self) -> list[PlannedCase]:
        """The plan for prompts of which all cases run; a part of them can't decide a score."""
        known = Counter(planned.prompt.id for planned in self._named if not planned.repeat)
        return [
            planned
            for planned in self.plan
            if known[planned.prompt.id] == len(planned.prompt.cases)
        ]

    def _decisions(self, judged: Sequence[JudgedAnswer], arms: Arms | None) -> tuple[Decided, ...]:
        """The decisions; a shard returns none, and only looks up the answers that they need."""
        whole = {planned.prompt.id for planned in self._measured}
        decisions = tuple(
            decide_scores((answer for answer in judged if answer.planned.prompt.id in whole), arms)
        )
        return decisions if self._options.shard is None else ()

    def _audit(self) -> list[CaseRun | None] | None:
        options = self._options
        if options.audit is None:
            return None
        seed = options.seed or self._catalog.revision
        sampled = options.audit, seed
        found = audit_recordings(
            self._catalog, self.plan, self._answering, sampled=sampled, calls=self._calls
        )
        return list(found)

    def _refused(self) -> dict[AnswerKey, Problem]:
        """Why a shard may not write its answers."""
        if self._options.shard is None:
            return {}
        opinions = self._baseline.opinions if self._baseline is not None else None
        refused = recording_refusals(self._catalog, self._answering)
        if opinions is not None:
            refused |= recording_refusals(self._catalog, opinions)
        return refused

    def _write_answers(self, refused: Iterable[Problem]) -> list[tuple[str, Place]]:
        """Write the answers to their files; returns problems with their places."""
        whole = self._is_whole and not self._options.cases and self._options.shard is None
        self.written = self._answering.end(prune=self._options.prune, whole=whole)
        problems = (*self._answering.refused, *self.written.problems, *refused)
        unwritten = [
            (with_hint(problem.message, problem.hint), problem.at)
            for problem in problems
            if isinstance(problem.at, Place)
        ]
        merged = self._options.merged
        return [*dict.fromkeys(unwritten), *(merged.problems if merged is not None else ())]

    def _shard_run(
        self, unwritten: Sequence[tuple[str, Place]], refused: Mapping[AnswerKey, Problem]
    ) -> ShardRun | None:
        options = self._options
        if options.shard is None:
            return None
        opinions = self._baseline.opinions.known if self._baseline is not None else {}
        return ShardRun(
            shard=options.shard,
            mode=options.mode,
            revision=checked_commit(self._workspace),
            plan=plan_digest(self._whole),
            repeats=options.repeats,
            baseline=options.baseline,
            cost_usd=self._calls.cost_usd,
            problems=tuple(unwritten),
            answers=shard_answers(self._answering.known | opinions, refused),
        )

    def _test_run(
        self,
        cases: Sequence[CaseRun],
        decisions: tuple[Decided, ...],
        judges: tuple[JudgeAgreement, ...],
        shard: ShardRun | None,
    ) -> TestRun:
        calls = self._calls
        return TestRun(
            cases=tuple(cases),
            verdict=verdict_of(cases, decisions),
            decided=decisions,
            judges=judges,
            baseline=self._baseline.title if self._baseline and self._compares else "",
            nothing="" if cases else self._why_nothing(),
            next=RECORD_COMMAND if any(case.status == "stale" for case in cases) else "",
            unanswered=calls.unanswered,
            unasked=calls.unasked,
            ended=calls.ended,
            interrupted=calls.ledger.interrupted,
            shard=shard,
            cost_usd=calls.cost_usd,
            duration_s=time.perf_counter() - self._start,
        )

    def _why_nothing(self) -> str:
        if self._options.shard is not None and self._whole:
            return f"shard {self._options.shard} has no cases"
        return why_no_cases(self._catalog, self._selected)


def why_no_cases(catalog: Catalog, selected: Selected) -> str:
    """Why a selection of prompts has no test case."""
    if selected.changed is None and catalog.prompt_files and not selected.why:
        return f"none of {counted(len(catalog.prompt_files), 'prompt')} is selected"
    if selected.changed is None:
        return "there are no test cases"
    changed = counted(len(selected.why), "prompt")
    return f"{changed} changed, none with a test case"


def _no_answer(_: PlannedCase) -> None:
    """Without a baseline there are no answers."""


# Decide scores by comparison with those of a baseline.


def decide_scores(answers: Iterable[JudgedAnswer], arms: Arms | None) -> Iterator[Decided]:
    """A decision for each score of a prompt, from the answers to its cases.

    One score gates. If models may be called, more answers are requested until it is decided;
    otherwise recordings are compared, and the score stays inconclusive where they are too few. The
    other scores are decided on the answers that are known by then.
    """
    for _, group in groupby(answers, lambda judged: judged.planned.prompt.id):
        own = list(group)
        names = {
            judgement.score
            for judged in own
            for judgement in judged.judgements
            if judgement.score is not None
        }
        gating = primary(own[0].planned.prompt.evaluation, names)
        paired = PairedAnswers(own, arms) if names and arms is not None else None
        for score in sorted(names, key=lambda name: (name != gating, name)):
            decided = _decided_score(score, own, paired, may_call=score == gating)
            # Without a baseline there is nothing that a score could be worse than.
            yield replace(decided, gates=score == gating and decided.compared)


def _decided_score(
    score: str,
    own: Sequence[JudgedAnswer],
    paired: PairedAnswers | None,
    *,
    may_call: bool,
) -> Decided:
    prompt = own[0].planned.prompt

    def value(judged: JudgedAnswer) -> float | None:
        return scores(judged.judgements).get(score)

    values = [known for judged in own if (known := value(judged)) is not None]
    if not values or paired is None:
        line = "no answer could be scored"
        if values:
            line = f"{100 * fmean(values):.1f}%, not gated: no earlier release to compare with"
        return Decided(
            prompt=prompt.id, score=score, verdict="inconclusive", line=line, compared=not values
        )
    measure = Measure(name=score, value=value, margin=_margin(prompt, paired.arms.baseline))
    return paired.decided(measure, may_call=may_call)


def _margin(prompt: Prompt, baseline: Arm) -> float:
    """The smaller margin of both versions, so that a change can't widen it."""
    margin, before = margin_of(prompt.evaluation), baseline.evaluation_of(prompt)
    return min(margin, margin_of(before)) if before else margin


# Merge shards: judge and decide their answers as in one run.

_SHARD_DIFFERENCES = {
    "shard": "another number of shards",
    "revision": "another revision",
    "mode": "another mode",
    "patterns": "other prompts",
    "since": "another base",
    "selectors": "other prompts",
    "repeats": "another number of repeats",
    "baseline": "another baseline",
    "plan": "other cases",
}


def read_shards(directory: Path, files: Sequence[str]) -> dict[str, ShardRun]:
    """Every shard by its file; raises UsageError unless they are all shards of one run.

    Raises InputError with its place for a line that can't be read.
    """
    if not files:
        raise UsageError("there is nothing to merge", hint="name the files of all shards")
    found: dict[str, ShardRun] = {}
    for file in files:
        if file in found:
            raise UsageError(f"`{file}` is named twice")
        found[file] = read_shard(file, _shard_content(directory / file, file))
    _refuse_other_runs(found)
    _refuse_missing_shards(found)
    return found


def merge(workspace: Workspace, shards: Sequence[ShardRun], options: RunOptions) -> TestRun:
    """The merged run of all shards of `read_shards`, judged and decided again; makes no API calls.

    Raises UsageError if the prompts of the workspace are not those of the shards.
    """
    first = shards[0]
    if first.revision != checked_commit(workspace):
        raise UsageError(
            f"the shards ran at {first.revision[:12] or 'no commit'}, and this is another revision",
            hint=f"git checkout {first.revision[:12]}" if first.revision else None,
        )
    wanted = SelectionOptions(patterns=first.patterns, since=first.since, selectors=first.selectors)
    merged = MergedShards(
        plan=first.plan,
        known=known_answers(answer for shard in shards for answer in shard.answers),
        cost_usd=sum(shard.cost_usd for shard in shards),
        problems=tuple(problem for shard in shards for problem in shard.problems),
    )
    options = replace(
        options,
        mode=first.mode,
        repeats=first.repeats,
        baseline=first.baseline,
        merged=merged,
    )
    return CaseRunner(workspace, select(workspace, wanted), options).run()


def _shard_content(path: Path, file: str) -> bytes:
    try:
        with path.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"can't be read: {os_reason(error)}", where=file) from None


def _refuse_other_runs(found: dict[str, ShardRun]) -> None:
    """Raise UsageError unless all shards belong to one run."""
    name, first = next(iter(found.items()))
    for file, shard in found.items():
        other = next(_differences(first, shard), None)
        if other is not None:
            raise UsageError(
                f"`{file}` has {other} than `{name}`", hint="run all shards with the same options"
            )


def _differences(first: ShardRun, other: ShardRun) -> Iterator[str]:
    for field, difference in _SHARD_DIFFERENCES.items():
        ours, theirs = getattr(first, field), getattr(other, field)
        if field == "shard":
            ours, theirs = ours.count, theirs.count
        if ours != theirs:
            yield difference


def _refuse_missing_shards(found: dict[str, ShardRun]) -> None:
    """Raise UsageError unless each shard is present once."""
    files: dict[int, str] = {}
    for file, run in found.items():
        known = files.setdefault(run.shard.index, file)
        if known != file:
            raise UsageError(
                f"`{file}` and `{known}` are both shard {run.shard}", hint="leave one out"
            )
    count = next(iter(found.values())).shard.count
    missing = [f"{index}/{count}" for index in range(1, count + 1) if index not in files]
    if missing:
        hint = "name the files of all shards"
        raise UsageError(f"shards are missing: {some(missing, 3)}", hint=hint)
