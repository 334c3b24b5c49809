"""Find the commit since which a test case fails: its verdict at each commit."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.catalog.catalog import Catalog
from promptops.errors import GitError, InputError, PromptopsError, TransportError, UsageError
from promptops.evals.deciding.broken_contracts import are_mostly_broken
from promptops.evals.engine.ask import Patience, Settings
from promptops.model.config import Config
from promptops.model.history import Bisection, TreeVerdict
from promptops.model.loaded import LoadedPrompt
from promptops.model.prompt import Case, Prompt
from promptops.model.test_run import CaseRun
from promptops.records import field, record, replace
from promptops.repo.history import CommitSpan, candidates, suspects
from promptops.repo.repository import Repository
from promptops.source.config import FILES
from promptops.suggestions import did_you_mean
from promptops.testing.answering import Answering
from promptops.testing.confirming import Confirming
from promptops.testing.judging import AnswerJudge, case_runs, judged_answers
from promptops.testing.model_calls import ModelCalls, Unwatched, Watcher, ci_event, within_budget
from promptops.testing.plan import PlannedCase, needed_cases, no_such_case, plan_cases, with_hint
from promptops.testing.recordings.store import Store
from promptops.testing.retrieving import MissingInputs
from promptops.workspace.named_prompts import optional_prompt, required_prompt
from promptops.workspace.workspace import (
    Workspace,
    configuration,
    managed_paths,
    with_config,
    workspace,
    workspace_at,
)

if TYPE_CHECKING:
    from promptops.workspace.approved_endpoints import Approvals


@record(frozen=True, slots=True, kw_only=True)
class SearchEnds:
    """The two ends of a search.

    Attributes:
        good, bad: Revisions, as they were written.
        first_parent: Report a merge, not a commit inside it.
    """

    good: str
    bad: str = "HEAD"
    first_parent: bool = False


VerdictListener = Callable[[TreeVerdict], None]
"""Called with the verdict on each commit."""


def _ignore_verdict(_verdict: TreeVerdict) -> None: ...


def bisect(
    directory: Path,
    wanted: tuple[str, str],
    ends: SearchEnds,
    options: CaseOptions,
    on_verdict: VerdictListener = _ignore_verdict,
) -> Bisection:
    """The first commit at which a case fails.

    If it failed, was fixed and failed again, one of the commits at which it started to fail. A live
    search tests the case of `bad` at commits that do not have it.

    Args:
        wanted: The id of a prompt, and the name of a case.

    Raises:
        UsageError: There is no such prompt or case at `bad`; the case does not pass at `good` or
            does not fail at `bad`.
        GitError: A revision is unknown, or the two have no common history.
        TransportError: A model did not answer.
    """
    identity, case = wanted
    with Repository.open(directory) as repository:
        # By their ids, in case a branch moves during the search.
        good, bad = repository.resolve(ends.good), repository.resolve(ends.bad)
        head = workspace_at(repository, bad, options.overrides)
        _refuse_unknown_case(head, identity, case)
        names = _names(head, identity)
        verdicts = CaseVerdicts(repository, names, case, options, _case(head, names[0], case))
        search = _Search(repository, verdicts, on_verdict)
        start, reason = search.start(ends, good, bad)
        span = CommitSpan(
            goods=(start,),
            bad=bad,
            paths=_paths(repository, start, head, options.overrides),
            first_parent=ends.first_parent,
        )
        return replace(search.narrowed(span, reason), prompt=names[0], case=case)


def verdict_here(directory: Path, wanted: tuple[str, str], overrides: Sequence[str]) -> Bisection:
    """The verdict of a case in the work tree, from its recordings: `here` of the result.

    Any problem is a reason to skip, as for `git bisect run`, except an error of git, which would
    affect every other commit too: that raises GitError.
    """
    identity, case = wanted
    try:
        with workspace(directory, overrides=overrides) as found:
            path = optional_prompt(found.catalog, found.repository, identity)
            identity = identity if path is None else found.catalog.ids[path]
            at = CaseVerdicts(found.repository, (identity,), case, CaseOptions())
            here = at.of(found.catalog, "")
    except GitError:
        raise
    except PromptopsError as error:
        here = TreeVerdict(commit="", verdict="skip", reason=error.message)
    return Bisection(prompt=identity, case=case, here=here)


class _Search:
    """One search; `skipped` fills as it goes on."""

    def __init__(
        self, repository: Repository, case: CaseVerdicts, on_verdict: VerdictListener
    ) -> None:
        self._repository = repository
        self._case = case
        self._on_verdict = on_verdict
        self._skipped: dict[str, TreeVerdict] = {}
        self._leap = 1
        self._other_ends = f"name other commits{'' if case.live else ', or call the model: --live'}"

    def start(self, ends: SearchEnds, good: str, bad: str) -> tuple[str, str]:
        """The newest commit before `bad` that is known to be good, and why `bad` is bad."""
        at_good, at_bad = self._test(good), self._test(bad)
        if (at_good.verdict, at_bad.verdict) != ("good", "bad"):
            raise _wrong_ends(ends, at_good, at_bad, self._other_ends)
        fork = self._repository.merge_base(good, bad)
        if fork == bad:
            message = f"the case fails at {ends.bad!r} and passes later, at {ends.good!r}"
            raise UsageError(message, hint="name a good commit that is older than the bad one")
        at_fork = at_good if fork == good else self._test(fork)
        if at_fork.verdict != "good":
            message = f"at {fork[:12]}, where {ends.good!r} and {ends.bad!r} part, the case"
            hint = "name a good commit that is an ancestor of the bad one"
            raise UsageError(f"{message} {_verb(at_fork)}", hint=hint)
        return fork, at_bad.reason

    def narrowed(self, span: CommitSpan, reason: str) -> Bisection:
        """Halve a span until only its last commit, which is bad, can be judged."""
        before = self._case.fresh
        among = rest = candidates(self._repository, span) or (span.bad,)
        while (found := self._next(rest[:-1])) is not None:
            if found.verdict == "good":
                span = replace(span, goods=(*span.goods, found.commit))
            else:
                span, reason = replace(span, bad=found.commit), found.reason
            rest = candidates(self._repository, span) or (span.bad,)
        return Bisection(
            prompt="",
            case="",
            suspects=suspects(self._repository, span),
            reason=reason,
            commits=len(among),
            steps=self._case.fresh - before,
            skipped=tuple(self._skipped.values()),
        )

    def _next(self, best_first: Sequence[str]) -> TreeVerdict | None:
        """A commit that is good or bad, or None.

        Commits that can't be judged come in groups: each jump away is twice as long, and the next
        search begins half as far away.
        """
        untried = [commit for commit in best_first if commit not in self._skipped]
        while untried:
            found = self._test(untried.pop(min(self._leap, len(untried)) - 1))
            if found.verdict != "skip":
                self._leap = max(1, self._leap // 2)
                return found
            self._skipped[found.commit] = found
            self._leap *= 2
        return None

    def _test(self, commit: str) -> TreeVerdict:
        found = self._case.at(commit)
        self._on_verdict(found)
        return found


def _refuse_unknown_case(head: Workspace, identity: str, name: str) -> None:
    prompt = head.catalog.loaded(required_prompt(head, identity)).prompt
    names = [case.name for case in prompt.cases] if prompt is not None else [name]
    if name not in names:
        raise no_such_case(name, names)


def _names(head: Workspace, identity: str) -> tuple[str, ...]:
    """The prompt's id, and its earlier ones."""
    path = required_prompt(head, identity)
    prompt = head.catalog.loaded(path).prompt
    return head.catalog.ids[path], *(prompt.aliases if prompt is not None else ())


def _case(head: Workspace, identity: str, name: str) -> Case | None:
    prompt = head.catalog.loaded(head.catalog.paths[identity]).prompt
    cases = prompt.cases if prompt is not None else ()
    return next((case for case in cases if case.name == name), None)


def _paths(
    repository: Repository, start: str, head: Workspace, overrides: Sequence[str]
) -> tuple[str, ...]:
    """The paths that promptops reads at either end; other commits can't break a case."""
    tail = workspace_at(repository, start, overrides)
    return tuple(dict.fromkeys((*managed_paths(tail.config), *managed_paths(head.config), *FILES)))


def _wrong_ends(
    ends: SearchEnds, good: TreeVerdict, bad: TreeVerdict, other_ends: str
) -> UsageError:
    verdicts = good.verdict, bad.verdict
    hint = "name a commit at which it passes with --good, and one at which it fails with --bad"
    if verdicts == ("bad", "good"):
        hint = f"the ends are swapped: {shlex.join(('--good', ends.bad, '--bad', ends.good))}"
    elif "skip" in verdicts:
        hint = other_ends
    found = f"at {ends.good!r} it {_verb(good)}; at {ends.bad!r} it {_verb(bad)}"
    return UsageError(f"the case must pass at good and fail at bad: {found}", hint=hint)


def _verb(tree_verdict: TreeVerdict) -> str:
    if tree_verdict.verdict == "good":
        return "passes"
    verb = "fails" if tree_verdict.verdict == "bad" else "can't be judged"
    return f"{verb} ({tree_verdict.reason})"


# One test case judged at many commits; nothing is checked out.


@record(frozen=True, slots=True, kw_only=True)
class CaseOptions:
    """Options for judging a case.

    Attributes:
        live: Call the model; else judge the recordings of each commit.
        trusted: Call the endpoints of each commit's configuration; else those of HEAD.
        max_cost_usd: For all commits together.
        overrides: Override the configuration of each commit.
    """

    live: bool = False
    trusted: bool = False
    max_cost_usd: float | None = None
    watcher: Watcher = field(default_factory=Unwatched)
    overrides: tuple[str, ...] = ()


class CaseVerdicts:
    """A case of a prompt; commits with equal inputs are judged once.

    Attributes:
        names: The ids of the prompt, current one first; the first one in a commit is used.
        fresh: How many judgements did not repeat an earlier one.
    """

    def __init__(
        self,
        repository: Repository,
        names: Sequence[str],
        case: str,
        options: CaseOptions,
        newest: Case | None = None,
    ) -> None:
        """`newest` is used with `live` in commits that don't have the case yet."""
        self.names = tuple(names)
        self.fresh = 0
        self._repository = repository
        self._case = case
        self._options = options
        self._newest = newest if options.live else None
        self._known: dict[Hashable, TreeVerdict] = {}
        self._policy = (
            configuration(repository, "HEAD", options.overrides) if options.live else None
        )
        self._calls = _model_calls(repository, self._policy or Config(), options)

    @property
    def live(self) -> bool:
        """Whether the model is called."""
        return self._options.live

    def at(self, commit: str) -> TreeVerdict:
        """The verdict on a commit.

        Raises TransportError if a model did not answer.
        """
        try:
            catalog = self._workspace_at(commit).catalog
        except InputError as error:  # an error in one commit must not end the search
            reason = f"the configuration can't be read: {error.message}"
            return TreeVerdict(commit=commit, verdict="skip", reason=reason)
        return self.of(catalog, commit)

    def of(self, catalog: Catalog, commit: str) -> TreeVerdict:
        """The verdict on a catalog."""
        path = next((catalog.paths[n] for n in self.names if n in catalog.paths), None)
        if path is None:
            reason = f"there is no prompt `{self.names[0]}`"
            return TreeVerdict(commit=commit, verdict="skip", reason=reason)
        loaded = catalog.loaded(path)
        key = _dependencies_key(catalog, loaded)
        if key not in self._known:
            self.fresh += 1
            self._known[key] = self._tested(catalog, loaded)
        return replace(self._known[key], commit=commit)

    def _workspace_at(self, commit: str) -> Workspace:
        found = workspace_at(self._repository, commit, self._options.overrides)
        if self._policy is None or self._options.trusted:
            return found
        # An old commit must not decide where a current API key is sent.
        own = replace(found.config, models=self._policy.models, test=self._policy.test)
        return with_config(found, own)

    def _tested(self, catalog: Catalog, loaded: LoadedPrompt) -> TreeVerdict:
        if loaded.prompt is None:
            problem = next(iter(loaded.problems), None)
            reason = f"the prompt can't be read: {problem.message if problem else 'no reason'}"
            return TreeVerdict(commit="", verdict="skip", reason=reason)
        whole = list(plan_cases(catalog, [self._with_case(loaded)]))
        chosen = [planned for planned in whole if planned.case.name == self._case]
        # A cached result could be that of another commit's function.
        missing = MissingInputs(catalog, "live" if self._options.live else "replay", self._calls)
        whole = missing.of_plan(chosen, whole)
        plan = [planned for planned in whole if planned.case.name == self._case]
        if not plan:
            reason = f"there is no case `{self._case}`"
            hint = did_you_mean(self._case, (planned.case.name for planned in whole))
            return TreeVerdict(commit="", verdict="skip", reason=with_hint(reason, hint))
        return _verdict(self._runs(catalog, plan, whole))

    def _with_case(self, loaded: LoadedPrompt) -> LoadedPrompt:
        prompt = loaded.prompt
        if prompt is None or self._newest is None:
            return loaded
        if any(case.name == self._case for case in prompt.cases):
            return loaded
        return replace(loaded, prompt=replace(prompt, cases=(*prompt.cases, self._newest)))

    def _runs(
        self, catalog: Catalog, plan: Sequence[PlannedCase], whole: Sequence[PlannedCase]
    ) -> list[CaseRun]:
        """The case, answered for all its repeats and judged; nothing is recorded."""
        answering = Answering(
            catalog,
            Store(catalog),
            "live" if self._options.live else "replay",
            repository=self._repository,
            calls=self._calls,
        )
        judging = AnswerJudge(catalog, answering)
        judged, results = judged_answers(judging, [*plan, *needed_cases(plan, lambda: whole)])
        judged = [answer for answer in judged if answer.planned.case.name == self._case]
        if self._options.live:
            judged, _ = Confirming(judging, judged).settled(rule=are_mostly_broken)
        answering.end(prune=False)
        runs = list(case_runs(plan, results, judged, {}))
        self._refuse_missing_answers(runs)
        return runs

    def _refuse_missing_answers(self, runs: Iterable[CaseRun]) -> None:
        """Raise TransportError for a missing answer: the commit is neither good nor skipped."""
        if self._calls.ledger.interrupted:
            raise KeyboardInterrupt
        if self._calls.unanswered:
            reasons = (run.reason for run in runs if run.infrastructure)
            reason = next(reasons, "") or self._calls.ended or "a model did not answer"
            hint = "try again; if the budget was spent, with a greater --max-cost"
            raise TransportError(reason, hint=hint)


def _model_calls(repository: Repository, policy: Config, options: CaseOptions) -> ModelCalls:
    """Calls models for all commits, which share a budget."""
    test = policy.test
    settings = Settings(
        concurrency=test.concurrency,
        max_cost_usd=options.max_cost_usd,
        patience=Patience(try_s=test.timeout_s, total_s=test.total_timeout_s),
    )
    event = ci_event(os.environ)
    settings = within_budget(settings, test.budget, event)
    approvals = _approvals(repository, options) if options.live else None
    return ModelCalls(settings=settings, watcher=options.watcher, approvals=approvals, event=event)


def _approvals(repository: Repository, options: CaseOptions) -> Approvals:
    from promptops.workspace.approved_endpoints import Approvals

    announce = options.watcher.calls
    return Approvals(repository=repository, announce=announce, trusts_change=options.trusted)


def _dependencies_key(catalog: Catalog, loaded: LoadedPrompt) -> Hashable:
    """A key that is equal if nothing changed that could change the verdict."""
    entries = catalog.files.entries
    paths = {loaded.path, *catalog.dependencies(loaded.path)} & entries.keys()
    if loaded.prompt is None or _has_unknown_dependencies(loaded.prompt):
        paths = set(entries)
    content = frozenset((path, entries[path].blob, entries[path].kind) for path in paths)
    return loaded.path, repr(catalog.config), content


def _has_unknown_dependencies(prompt: Prompt) -> bool:
    """Whether a judge prompt or code judges the case, or code returns an input of it.

    Their dependencies are unknown.
    """
    if any(case.unrecorded for case in prompt.cases):
        return True
    asserted = (prompt.evaluation, [case.on_answers for case in prompt.cases])
    return isinstance(prompt.evaluation.get("judge"), str) or "python'" in repr(asserted)


def _verdict(runs: Sequence[CaseRun]) -> TreeVerdict:
    """The verdict over all repeats: bad if one fails, good only if all pass."""
    bad = next((run for run in runs if run.status in ("failed", "warning")), None)
    if bad is not None:
        return TreeVerdict(commit="", verdict="bad", reason=_violated(bad))
    unknown = next((run for run in runs if run.status != "passed"), None)
    if unknown is not None:
        return TreeVerdict(commit="", verdict="skip", reason=_why_unknown(unknown))
    return TreeVerdict(commit="", verdict="good")


def _violated(run: CaseRun) -> str:
    violations = (
        assertion for assertion in run.assertions if assertion.must and assertion.status == "failed"
    )
    first = next(violations, None)
    return f"`{first.type}`: {first.reason}" if first is not None else run.reason


def _why_unknown(run: CaseRun) -> str:
    wrong = (assertion for assertion in run.assertions if assertion.status == "error")
    first = next(wrong, None)
    return f"`{first.type}`: {first.reason}" if first is not None else run.reason
