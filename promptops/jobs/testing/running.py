"""One run of test cases: plan, answer, judge, decide, write."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from promptops.counting import counted
from promptops.errors import GitError, UsageError
from promptops.jobs.recordings.cache import AnswerCache
from promptops.jobs.recordings.store import Store
from promptops.jobs.testing.answering import Answering, Mode
from promptops.jobs.testing.asking import ModelCalls
from promptops.jobs.testing.auditing import audited
from promptops.jobs.testing.baseline import Baseline, compares
from promptops.jobs.testing.confirming import confirmed
from promptops.jobs.testing.coverage import Covered, coverage_rows
from promptops.jobs.testing.deciding import decided
from promptops.jobs.testing.judging import Heard, Judging, agreements, heard
from promptops.jobs.testing.options import RunOptions
from promptops.jobs.testing.outcomes import case_runs, error_run, unreadable, violated, wrong_files
from promptops.jobs.testing.paired_run import Arms
from promptops.jobs.testing.plan import Key, Planned, partners, planned, with_hint
from promptops.jobs.testing.shards import (
    in_shard,
    plan_digest,
    refusals,
    refuse_other_plan,
    revision_of,
    shard_answers,
)
from promptops.jobs.workspace.selection import Selected, merge_base
from promptops.jobs.workspace.workspace import Workspace, opened
from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.model.shard import Shard, ShardRun
from promptops.model.test_run import CaseRun, Decided, JudgeAgreement, TestRun, Verdict
from promptops.nearest import did_you_mean
from promptops.records import replace
from promptops.repo.repository import Repository

if TYPE_CHECKING:
    from promptops.jobs.workspace.approved_endpoints import Approvals

RECORD = "promptops test --record"


class Running:
    """One run; `run` is called once."""

    def __init__(
        self,
        workspace: Workspace,
        selected: Selected,
        options: RunOptions,
        part: Sequence[Planned] | None,
    ) -> None:
        self._start = time.perf_counter()
        self._workspace = workspace
        self._catalog = catalog = workspace.catalog
        self._selected = selected
        self._options = options
        self._loaded = list(catalog.prompts(selected.why))
        whole = planned(catalog, self._loaded, options.repeats) if part is None else part
        self._whole = list(whole)
        if options.merged is not None:
            refuse_other_plan(self._whole, options.merged)
        self._planned = _named(self._whole, options.cases)
        self._plan = _of_shard(self._planned, options.shard)
        # Answers that only this machine has must not make a case pass here and stale elsewhere.
        cache = AnswerCache(workspace.repository.common_dir) if options.mode == "record" else None
        self._store = Store(catalog, cache)
        self._asking = _asking(workspace.repository, options)
        self._answering = self._way_to_answers()
        self._baseline = self._compared_with() if compares(self._plan) else None
        answer_before = self._baseline.answer if self._baseline is not None else _nobody
        self._judging = Judging(catalog, self._answering, answer_before)

    def run(self) -> TestRun:
        """Answer, judge, decide, and write the answers."""
        options = self._options
        arms = self._arms()
        if arms is not None and options.mode == "live":
            compared = {e.prompt.id for e in self._plan if compares([e])}
            arms.begin([each for each in self._measured if each.prompt.id in compared])
        beside = partners(self._plan, self._everything)
        found, got = heard(self._judging, [*self._plan, *beside])
        apart = {each.asked for each in beside}
        found = [each for each in found if each.planned.asked not in apart]
        kept, notes = confirmed(self._judging, found) if options.mode == "live" else (found, {})
        decisions, violating = self._decisions(found, arms)
        cases = [
            *unreadable(self._loaded),
            *violated(case_runs(self._plan, got, kept, notes), violating),
            *wrong_files(self._catalog, self._plan, self._store),
        ]
        cases += self._audited()
        refused = self._refused()
        covered = coverage_rows(self._catalog, self._loaded) if options.coverage else Covered()
        cases += covered.failed
        lost = self._written(refused.values())
        told = {(case.reason, case.place) for case in cases}
        new = (each for each in lost if each not in told)
        cases += [error_run(str(place), message, place) for message, place in new]
        shard = self._shard_run(lost, refused)
        run = self._told(cases, decisions, tuple(agreements(found)), shard)
        return replace(run, coverage=covered.rows)

    def _everything(self) -> Iterator[Planned]:
        return planned(self._catalog, self._loaded, self._options.repeats)

    def _way_to_answers(self) -> Answering:
        merged = self._options.merged
        return Answering(
            self._catalog,
            self._store,
            self._options.mode,
            repository=self._workspace.repository if merged is None else None,
            asking=self._asking,
            known=merged.known if merged is not None else None,
        )

    def _compared_with(self) -> Baseline | None:
        """The baseline of measures; by default where this branch left the default branch."""
        options, revision = self._options, self._options.baseline
        try:
            commit = merge_base(self._workspace, revision or "")
            catalog = opened(self._workspace.repository, commit).catalog
        except GitError:
            if revision is not None:
                raise
            return None  # there is no release yet
        # Fresh answers are judged by the current judge, so both arms must be.
        mode: Mode = "live" if options.mode == "live" else "replay"
        known = options.merged.known if options.merged is not None else None
        opinions = Answering(catalog, Store(catalog), mode, asking=self._asking, known=known)
        title = commit[:12] if revision in (None, commit) else revision
        return Baseline(title, catalog, self._catalog, opinions)

    def _arms(self) -> Arms | None:
        if self._baseline is None:
            return None
        apart = self._options.shard is not None or self._options.merged is not None
        asks = self._options.mode == "live" and not apart
        return Arms(self._judging, self._baseline, asks=asks)

    @property
    def _measured(self) -> list[Planned]:
        """The plan for prompts with all their cases: a part of them decides nothing."""
        known = Counter(each.prompt.id for each in self._planned if not each.repeat)
        return [e for e in self._plan if known[e.prompt.id] == len(e.prompt.cases)]

    def _decisions(
        self, found: Sequence[Heard], arms: Arms | None
    ) -> tuple[tuple[Decided, ...], frozenset[tuple[str, str]]]:
        """And the cases that violate a contract in an answer that a decision asked for.

        None for a shard, which goes through them all the same, for what they take.
        """
        whole = {each.prompt.id for each in self._measured}
        decisions = tuple(decided((e for e in found if e.planned.prompt.id in whole), arms))
        violating = frozenset(arms.violating) if arms is not None else frozenset()
        return (decisions if self._options.shard is None else ()), violating

    def _audited(self) -> list[CaseRun]:
        options = self._options
        if options.audit is None:
            return []
        seed = options.seed or self._catalog.revision
        sampled, asking = (options.audit, seed), self._asking
        return [
            *audited(self._catalog, self._plan, self._answering, sampled=sampled, asking=asking)
        ]

    def _refused(self) -> dict[Key, Problem]:
        """Why a shard may not write its answers."""
        if self._options.shard is None:
            return {}
        opinions = self._baseline.opinions if self._baseline is not None else None
        refused = refusals(self._catalog, self._answering)
        return refused | (refusals(self._catalog, opinions) if opinions is not None else {})

    def _written(self, refused: Iterable[Problem]) -> list[tuple[str, Place]]:
        """Write the answers to their files; returns problems with their places."""
        settled = self._answering.end(prune=self._options.prune)
        problems = (*self._answering.refused, *settled.problems, *refused)
        lost = [
            (with_hint(each.message, each.hint), each.at)
            for each in problems
            if isinstance(each.at, Place)
        ]
        merged = self._options.merged
        return [*dict.fromkeys(lost), *(merged.problems if merged is not None else ())]

    def _shard_run(
        self, lost: Sequence[tuple[str, Place]], refused: Mapping[Key, Problem]
    ) -> ShardRun | None:
        options = self._options
        if options.shard is None:
            return None
        opinions = self._baseline.opinions.known if self._baseline is not None else {}
        return ShardRun(
            shard=options.shard,
            mode=options.mode,
            revision=revision_of(self._workspace),
            plan=plan_digest(self._whole),
            repeats=options.repeats,
            baseline=options.baseline,
            cost_usd=self._asking.cost_usd,
            problems=tuple(lost),
            answers=shard_answers(self._answering.known | opinions, refused),
        )

    def _told(
        self,
        cases: Sequence[CaseRun],
        decisions: tuple[Decided, ...],
        judges: tuple[JudgeAgreement, ...],
        shard: ShardRun | None,
    ) -> TestRun:
        asking = self._asking
        return TestRun(
            cases=tuple(cases),
            verdict=_verdict(cases, decisions),
            decided=decisions,
            judges=judges,
            baseline=self._baseline.title if self._baseline is not None else "",
            nothing="" if cases else self._why_nothing(),
            advice=RECORD if any(case.status == "stale" for case in cases) else "",
            unanswered=asking.unanswered,
            unasked=asking.unasked,
            ended=asking.ended,
            interrupted=asking.ledger.interrupted,
            shard=shard,
            cost_usd=asking.cost_usd,
            duration_s=time.perf_counter() - self._start,
        )

    def _why_nothing(self) -> str:
        catalog, selected = self._catalog, self._selected
        if self._options.shard is not None and self._whole:
            return f"shard {self._options.shard} has no cases"
        if selected.changed is None and catalog.prompt_files and not selected.why:
            return f"none of {counted(len(catalog.prompt_files), 'prompt')} is selected"
        if selected.changed is None:
            return "there are no test cases"
        changed = counted(len(selected.why), "prompt")
        return f"{changed} changed, none with a test case"


def _asking(repository: Repository, options: RunOptions) -> ModelCalls:
    """The calls to models; merged shards have none left."""
    asking = ModelCalls(
        settings=options.settings,
        watcher=options.watcher,
        approvals=_approvals(repository, options) if options.calls else None,
        event=options.event,
    )
    if options.merged is not None:
        asking.cost_usd = options.merged.cost_usd
        asking.unanswered = options.merged.unanswered
    return asking


def _approvals(repository: Repository, options: RunOptions) -> Approvals:
    from promptops.jobs.workspace.approved_endpoints import Approvals

    return Approvals(
        repository=repository,
        announce=options.watcher.calls,
        base=options.base,
        trusts_change=options.trusted,
    )


def _named(plan: list[Planned], patterns: Sequence[str]) -> list[Planned]:
    """The cases whose names are among the patterns; raises UsageError for one that none has."""
    for pattern in patterns:
        names = {each.case.name for each in plan}
        if not any(_is_called(name, pattern) for name in names):
            hint = did_you_mean(pattern, names) or f"there are {counted(len(names), 'case')}"
            raise UsageError(f"no case has the name {pattern!r}", hint=hint)
    if not patterns:
        return plan
    return [each for each in plan if any(_is_called(each.case.name, p) for p in patterns)]


def _is_called(name: str, pattern: str) -> bool:
    return name == pattern or fnmatchcase(name, pattern)


def _of_shard(plan: Sequence[Planned], shard: Shard | None) -> Sequence[Planned]:
    if shard is None:
        return plan
    return [each for each in plan if in_shard(shard, each.prompt.id, each.case.name)]


def _nobody(_: Planned) -> None:
    """Without a baseline there are no answers."""


def _verdict(cases: Sequence[CaseRun], decisions: Sequence[Decided]) -> Verdict:
    found = {each.verdict for each in decisions if each.gates}
    if "fail" in found or any(case.status != "passed" for case in cases):
        return "fail"
    return "inconclusive" if "inconclusive" in found else "pass"
