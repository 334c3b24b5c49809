"""Find the commit that broke a test case."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from promptops.commands.log.case_at_commit import CaseOptions, CaseVerdicts
from promptops.errors import GitError, PromptopsError, UsageError
from promptops.model.history import Bisection, TreeVerdict
from promptops.model.prompt import Case
from promptops.records import record, replace
from promptops.repo.history import CommitSpan, candidates, suspects
from promptops.repo.repository import Repository
from promptops.source.config import FILES
from promptops.testing.plan import no_such_case
from promptops.workspace.named_prompts import optional_prompt, required_prompt
from promptops.workspace.workspace import Workspace, managed_paths, workspace, workspace_at


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
