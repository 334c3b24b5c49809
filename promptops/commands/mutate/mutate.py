"""Mutation testing: break the selected prompts, and try their cases on each mutant.

With `--live`, a model is also called about the mutants that no check notices.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from difflib import SequenceMatcher
from itertools import groupby

from promptops.catalog.files import Files
from promptops.commands.mutate.operators import named_operators
from promptops.commands.mutate.rows import RowTrials, TriedMutant
from promptops.commands.mutate.tested_prompt import (
    Source,
    TestedPrompt,
    is_shared_with_others,
    sources_of,
)
from promptops.errors import PromptopsError
from promptops.evals.deciding.decision import (
    CaseScore,
    decide,
    margin_of,
    plain_sentence,
    proves_mutant,
)
from promptops.evals.judge_answer import primary, scores
from promptops.evals.result import violations
from promptops.lint.engine import suppressions_of
from promptops.lint.registry import MUTANTS
from promptops.lint.registry import is_named as is_rule_named
from promptops.lint.suppressions import Suppression
from promptops.model.answer import Answer
from promptops.model.internal_error import CODE
from promptops.model.loaded import LoadedPrompt
from promptops.model.mutant import Kill, LiveTrial, Mutant, MutationRow, MutationRun, Operator
from promptops.model.place import Place
from promptops.plurals import counted
from promptops.records import field, record, replace
from promptops.testing.answering import UNRECORDED, Answering, wanted_answers
from promptops.testing.judging import AnswerJudge, JudgedAnswer, fresh_cases, judged_answers
from promptops.testing.model_calls import ModelCalls
from promptops.testing.options import RunOptions, model_calls
from promptops.testing.paired import source_of
from promptops.testing.plan import (
    AnswerResult,
    CaseKey,
    PlannedCase,
    is_named,
    named_cases,
    plan_cases,
    with_hint,
)
from promptops.testing.recordings.store import AnswerCache, Store
from promptops.testing.retrieving import MissingInputs
from promptops.testing.runner import within_policy
from promptops.workspace.selection import Selected, SelectionOptions, merge_base, select
from promptops.workspace.workspace import Workspace, configuration, workspace_at

MAX_LIVE_MUTANTS = 20
"""The number of survivors of a prompt that a model is called about, unless another is given."""

LIVE_CASES = 10
"""The number of cases for each of them."""


@record(frozen=True, slots=True, kw_only=True)
class MutateOptions:
    """What is broken, and when the run fails.

    Attributes:
        operators: Names; empty for all.
        live: Call the model about survivors.
        max_mutants: For `live`, the largest number of survivors of each prompt.
        fail_under: The required score in percent; None for that of the configuration.
        run: The names of the cases, and how models are called.
    """

    operators: tuple[str, ...] = ()
    live: bool = False
    max_mutants: int = MAX_LIVE_MUTANTS
    fail_under: float | None = None
    run: RunOptions


def mutate(workspace: Workspace, wanted: SelectionOptions, options: MutateOptions) -> MutationRun:
    """Break the selected prompts, and report what their cases notice; no file is written.

    Raises UsageError for an unknown operator, a name without a match, an endpoint that is not
    approved, or a missing key or package.
    """
    start_s = time.perf_counter()
    named_operators(options.operators)
    options = replace(options, run=within_policy(workspace, wanted, options.run))
    base = merge_base(workspace, wanted.since) if wanted.since is not None else None
    found = mutate_selected(workspace, select(workspace, wanted), options, base)
    return replace(found, since=wanted.since or "", duration_s=time.perf_counter() - start_s)


def mutate_selected(
    workspace: Workspace, selected: Selected, options: MutateOptions, base: str | None
) -> MutationRun:
    """Break prompts that are already selected; `base` is the commit that changes start from."""
    return _Mutating(workspace, selected, options, base).run()


class _Mutating:
    """One run; `run` is called once."""

    def __init__(
        self, workspace: Workspace, selected: Selected, options: MutateOptions, base: str | None
    ) -> None:
        """`base` is the commit that a change is compared with."""
        self._workspace = workspace
        self._catalog = workspace.catalog
        self._selected = selected
        self._options = options
        self._base = base
        self._operators = named_operators(options.operators)
        self._loaded = list(self._catalog.prompts(selected.why))

    def run(self) -> MutationRun:
        rows = SelectedRows(self._workspace, self._loaded, self._operators, self._base)
        live = LiveTrials(self._workspace, self._options) if self._options.live else None
        trials = rows.tried(self._tested(live.calls if live is not None else ModelCalls()))
        if live is not None:
            live.run(trials)
        results = [*(row.result for row in trials), *_unreadable(self._loaded)]
        run = MutationRun(
            rows=tuple(sorted(results, key=lambda row: (row.partial, row.name))),
            operators=self._operators,
            fail_under=self._fail_under(),
            left_out=tuple(rows.left_out),
        )
        run = replace(run, sources=self._sources(run), nothing=self._why_nothing(run))
        return run if live is None else _with_calls(run, live)

    def _tested(self, calls: ModelCalls) -> list[TestedPrompt]:
        """The prompts that can be read, each with the cases to try."""
        judging = AnswerJudge(self._catalog, Answering(self._catalog, Store(self._catalog)))
        missing = MissingInputs(self._catalog, "live" if self._options.live else "replay", calls)
        tested = [
            TestedPrompt(self._catalog, loaded.prompt, self._plan(loaded, missing), judging)
            for loaded in self._loaded
            if loaded.prompt is not None
        ]
        patterns = self._options.run.cases
        chosen = named_cases([case for prompt in tested for case in prompt.cases], patterns)
        keys = {case.case_key for case in chosen}
        for prompt in tested if patterns else ():
            named = tuple(case for case in prompt.cases if case.case_key in keys)
            prompt.left_out = bool(prompt.prompt.cases) and not named
            prompt.cases = named
        return tested

    def _plan(self, loaded: LoadedPrompt, missing: MissingInputs) -> list[PlannedCase]:
        """All cases of a prompt; missing inputs are retrieved for those that are named."""
        whole = list(plan_cases(self._catalog, [loaded], 1))
        patterns = self._options.run.cases
        return missing.of_plan([e for e in whole if is_named(e.case.name, patterns)], whole, 1)

    def _fail_under(self) -> float | None:
        """The required score; with `--since` that of the base, which a change can't lower."""
        if self._options.fail_under is not None:
            return self._options.fail_under
        config = self._workspace.config
        if self._base is not None and not self._options.run.trusted:
            with suppress(PromptopsError):  # it was broken, or there was none
                config = configuration(self._workspace.repository, self._base)
        return config.mutate.fail_under

    def _sources(self, run: MutationRun) -> dict[str, str]:
        left = (mutant for mutant in run.mutants if mutant.status != "killed")
        paths = sorted({mutant.place.path for mutant in left})
        return {path: self._catalog.masked(path).text for path in paths}

    def _why_nothing(self, run: MutationRun) -> str:
        if run.mutants:
            return ""
        if not self._catalog.prompt_files:
            return "there are no prompts"
        if not run.rows and self._selected.changed is not None:
            return "no prompt changed: nothing was mutated"
        if not run.rows:
            return f"none of {counted(len(self._catalog.prompt_files), 'prompt')} is selected"
        why = "every mutant is equivalent or ignored"
        return (
            f"no mutant was tested: {next((row.nothing for row in run.rows if row.nothing), why)}"
        )


def _with_calls(run: MutationRun, live: LiveTrials) -> MutationRun:
    calls = live.calls
    return replace(
        run,
        live=True,
        untried=live.untried,
        unanswered=calls.unanswered,
        unasked=calls.unasked,
        ended=calls.ended,
        interrupted=calls.ledger.interrupted,
        cost_usd=calls.cost_usd,
    )


def _unreadable(loaded: Sequence[LoadedPrompt]) -> Iterator[MutationRow]:
    """A row for each prompt that can't be read, so that none is skipped silently."""
    for prompt_file in loaded:
        if prompt_file.prompt is None:
            problem = next(iter(prompt_file.problems), None)
            at = problem.at if problem and isinstance(problem.at, Place) else None
            message = with_hint(problem.message, problem.hint) if problem else "it can't be read"
            yield MutationRow(
                name=prompt_file.id,
                nothing=message,
                unreadable=True,
                internal=problem is not None and problem.code == CODE,
                place=at or Place(prompt_file.path),
            )


# The rows of a run: one for each selected prompt, and for each partial that several share.


class SelectedRows:
    """Breaks the selected prompts row by row.

    Attributes:
        left_out: The partials that are left out, because prompts that are not selected use them.
    """

    def __init__(
        self,
        workspace: Workspace,
        loaded: Sequence[LoadedPrompt],
        operators: Sequence[Operator],
        base: str | None,
    ) -> None:
        """`base` is the commit that changed lines are compared with; None for none."""
        self._catalog = workspace.catalog
        self._operators = operators
        self._everything = len(loaded) == len(workspace.catalog.prompt_files)
        self._comments: dict[str, set[Suppression]] = defaultdict(set)
        for prompt_file in loaded:
            for comment in suppressions_of(self._catalog, prompt_file):
                if comment.reason and is_rule_named(comment.codes, *MUTANTS):
                    self._comments[comment.place.path].add(comment)
        self._changed: ChangedLines | None = None
        if base is not None:
            before = workspace_at(workspace.repository, base).catalog
            self._changed = ChangedLines(before.files, self._catalog.files)
        self._rows: dict[str, RowTrials] = {}
        self.left_out: list[str] = []

    def tried(self, tested: Sequence[TestedPrompt]) -> list[RowTrials]:
        """All rows, with every mutant tried."""
        for prompt in tested:
            name, path = prompt.prompt.id, prompt.prompt.path
            self._rows[path] = self._row(name, path, partial=False)
        for source in sources_of(self._catalog, tested):
            row = self._row_of(source)
            if row is not None:
                row.add_text(source)
        for prompt in tested:
            self._rows[prompt.prompt.path].add_prompt(prompt)
        return list(self._rows.values())

    def _row_of(self, source: Source) -> RowTrials | None:
        """The row of a text; None if it belongs to a prompt that is not selected."""
        path = source.text.path
        if not source.whole:
            return self._rows.get(path)
        if not self._everything and is_shared_with_others(self._catalog, path, source.users):
            self.left_out.append(path)
            return None
        if len(source.users) == 1:
            return self._rows[source.users[0].prompt.path]
        if path not in self._rows:
            self._rows[path] = self._row(path, path, partial=True)
        return self._rows[path]

    def _row(self, name: str, path: str, *, partial: bool) -> RowTrials:
        return RowTrials(
            name=name,
            place=Place(path),
            partial=partial,
            catalog=self._catalog,
            operators=self._operators,
            is_ignored=lambda place: any(
                comment.covers(place.line) for comment in self._comments.get(place.path, ())
            ),
            is_changed=lambda place: self._changed is not None and self._changed.cover(place),
        )


# The lines that a change adds or replaces.


@record(slots=True)
class ChangedLines:
    """The changed lines of files between a base and a head, each file compared once."""

    base: Files
    head: Files
    _lines: dict[str, frozenset[int]] = field(default_factory=dict)

    def cover(self, place: Place) -> bool:
        """Whether any line of a place is new or was changed."""
        if place.path not in self._lines:
            before, after = (_lines_of(side.data, place.path) for side in (self.base, self.head))
            self._lines[place.path] = frozenset(changed_lines(before, after))
        lines = range(place.line, max(place.end_line, place.line) + 1)
        return not self._lines[place.path].isdisjoint(lines)


def _lines_of(data: Callable[[str], bytes | None], path: str) -> list[str]:
    return (data(path) or b"").decode("utf-8", "replace").replace("\r\n", "\n").split("\n")


def changed_lines(before: list[str], after: list[str]) -> set[int]:
    """The 1-based numbers of the lines of `after` that `before` lacks at their place."""
    changed: set[int] = set()
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, _, _, start, end in matcher.get_opcodes():
        if tag in ("replace", "insert"):
            changed |= set(range(start + 1, end + 1))
    return changed


# Call the model about mutants that no check noticed.


class LiveTrials:
    """Calls the model about what no behaviour noticed, in all rows; `run` is called once.

    Attributes:
        untried: The number of such mutants that are left without an answer.
    """

    def __init__(self, workspace: Workspace, options: MutateOptions) -> None:
        self._catalog = catalog = workspace.catalog
        self._most = options.max_mutants
        self.calls = model_calls(workspace.repository, options.run)
        self._answering = Answering(
            catalog,
            Store(catalog, AnswerCache(workspace.repository.common_dir)),
            UNRECORDED,
            repository=workspace.repository,
            calls=self.calls,
        )
        self._originals: dict[CaseKey, JudgedAnswer] = {}
        self.untried = 0

    def run(self, rows: Sequence[RowTrials]) -> None:
        """Replace the mutants that a model was called about in their rows."""
        chosen = [(row, live) for row in rows for live in self._chosen(row)]
        try:
            self._answer([(live, list(live.pairs)) for _, live in chosen])
            suspected = [(live, list(live.suspected)) for _, live in chosen]
            fresh = [
                (live, [new for pair in pairs for new in pair.fresh]) for live, pairs in suspected
            ]
            self._answer(fresh)
        finally:
            self._answering.end(prune=False)
        self.calls.name_cached()
        for row, live in chosen:
            mutant = live.concluded(self._result)
            row.mutants[live.index] = replace(live.tried, mutant=mutant)
        mutants = [tried.mutant for row in rows for tried in row.mutants]
        left = filter(_is_open, mutants)
        self.untried = sum(mutant.live is None or not mutant.live.answers for mutant in left)

    def _chosen(self, row: RowTrials) -> list[LiveMutant]:
        left = [(index, tried) for index, tried in enumerate(row.mutants) if _is_open(tried.mutant)]
        by_hash = sorted(left, key=lambda each: mutant_key(each[1].mutant))
        return [
            LiveMutant(tried=tried, index=index, pairs=case_pairs(tried), originals=self._originals)
            for index, tried in sorted(by_hash[: self._most], key=lambda each: each[0])
        ]

    def _answer(self, wanted: Sequence[tuple[LiveMutant, Sequence[CasePair]]]) -> None:
        """Get and judge the answers to all pairs; those that are known are not requested again."""
        pairs = [pair for _, own in wanted for pair in own]
        plan = [planned for pair in pairs for planned in (pair.original, pair.mutant)]
        self._answering.get(list(wanted_answers(self._catalog, plan)))
        original = AnswerJudge(self._catalog, self._answering)
        new = {pair.original.case_key: pair.original for pair in pairs}
        left = [planned for key, planned in new.items() if key not in self._originals]
        self._originals |= _judged_by_key(original, left)
        for live, own in wanted:
            judging = AnswerJudge(self._catalog, self._answering, self._original_answer)
            live.mutants |= _judged_by_key(judging, [pair.mutant for pair in own])

    def _original_answer(self, planned: PlannedCase) -> Answer | None:
        found = self._originals.get(planned.case_key)
        return found.answer if found is not None else None

    def _result(self, planned: PlannedCase) -> AnswerResult:
        return self._answering.result(planned.key) or AnswerResult(reason="it was not requested")


def _is_open(mutant: Mutant) -> bool:
    """Whether a case renders it and no behaviour noticed it."""
    return mutant.status == "survived" or mutant.quoted


def _judged_by_key(
    judging: AnswerJudge, plan: Iterable[PlannedCase]
) -> dict[CaseKey, JudgedAnswer]:
    judged, _ = judged_answers(judging, list(plan))
    return {each.planned.case_key: each for each in judged}


# One survivor with the answers of a model, and what they prove.

NOT_ASSERTED = "no case whose request it changes has an assertion on the answer"

ResultOf = Callable[[PlannedCase], AnswerResult]
"""The answer to a case, or the reason why it is missing."""


@record(frozen=True, slots=True)
class CasePair:
    """The same case, for the original prompt and for the mutant."""

    original: PlannedCase
    mutant: PlannedCase

    @property
    def fresh(self) -> Iterator[CasePair]:
        """The pairs for two more answers of each."""
        both = zip(fresh_cases(self.original), fresh_cases(self.mutant), strict=True)
        return (CasePair(*pair) for pair in both)


@record(slots=True, kw_only=True)
class LiveMutant:
    """A survivor, with the judged answers to it and to the original.

    Attributes:
        index: Its index in the row.
        pairs: At most ten cases whose requests it changes.
        originals, mutants: By case and repeat.
    """

    tried: TriedMutant
    index: int
    pairs: tuple[CasePair, ...]
    originals: Mapping[CaseKey, JudgedAnswer]
    mutants: dict[CaseKey, JudgedAnswer] = field(default_factory=dict)

    @property
    def suspected(self) -> Iterator[CasePair]:
        """The cases that only the original passes, so far."""
        for pair in self.pairs:
            kept = _keeps(self.originals, pair.original), _keeps(self.mutants, pair.mutant)
            if kept == (True, False):
                yield pair

    def concluded(self, result: ResultOf) -> Mutant:
        """The mutant with what the answers prove."""
        trial = self._trial(result)
        kill = self._violated() or self._worse()
        if kill is None:
            return replace(self.tried.mutant, live=trial)
        return replace(self.tried.mutant, status="killed", by=kill, suggestion="", live=trial)

    def _trial(self, result: ResultOf) -> LiveTrial:
        if not self.pairs:
            return LiveTrial(note=NOT_ASSERTED)
        answered = list(self._answered())
        found = [result(planned) for planned in self._needed()]
        note = next((each.reason for each in found if each.answer is None), "")
        return LiveTrial(
            cases=len({pair.mutant.case_key for pair in self.pairs}),
            answers=len(answered),
            changed=sum(was is not None and was != now for was, now in answered),
            note=note,
        )

    def _needed(self) -> Iterator[PlannedCase]:
        """The cases of the first round, then those of the second."""
        second = (fresh for pair in self.suspected for fresh in pair.fresh)
        for pair in (*self.pairs, *second):
            yield pair.mutant
            yield pair.original

    def _answered(self) -> Iterator[tuple[object, object]]:
        """The first answer to the original, and each answer to the mutant."""
        for pair in self.pairs:
            was = self.originals.get(pair.original.case_key)
            for same in (pair, *pair.fresh):
                now = self.mutants.get(same.mutant.case_key)
                if now is not None:
                    yield _content(was), _content(now)

    def _violated(self) -> Kill | None:
        for pair in self.suspected:
            same = (pair, *pair.fresh)
            original = [_keeps(self.originals, each.original) for each in same]
            mutant = [_keeps(self.mutants, each.mutant) for each in same]
            known = [kept for kept in (*original, *mutant) if kept is not None]
            if len(known) == 2 * len(same) and proves_mutant(known[:3], known[3:]):
                return self._kill(pair)
        return None

    def _kill(self, pair: CasePair) -> Kill:
        violated = violations(self.mutants[pair.mutant.case_key].judgements)[0]
        return Kill(
            kind="contract",
            prompt=pair.mutant.prompt.id,
            case=pair.mutant.case.name,
            assertion=violated.type,
            reason=violated.reason,
            place=violated.place,
        )

    def _worse(self) -> Kill | None:
        """The prompt whose primary score fell, if any."""
        for prompt, group in groupby(self.pairs, lambda pair: pair.mutant.prompt.id):
            pairs = list(group)
            score = primary(pairs[0].original.prompt.evaluation, self._names(pairs))
            cases = list(self._scores(pairs, score)) if score is not None else []
            if score is None or not cases:
                continue
            decision = decide(cases, 1, margin_of(pairs[0].original.prompt.evaluation))
            if decision.verdict == "fail":
                return Kill(
                    kind="score",
                    prompt=prompt,
                    case="",
                    assertion=score,
                    reason=plain_sentence(decision, "the original"),
                    place=self.tried.mutant.place,
                )
        return None

    def _names(self, pairs: Iterable[CasePair]) -> set[str]:
        judged = (self.mutants.get(pair.mutant.case_key) for pair in pairs)
        return {name for each in judged if each is not None for name in scores(each.judgements)}

    def _scores(self, pairs: Iterable[CasePair], score: str) -> Iterator[CaseScore]:
        for pair in pairs:
            was = self.originals.get(pair.original.case_key)
            now = self.mutants.get(pair.mutant.case_key)
            before = scores(was.judgements).get(score) if was is not None else None
            after = scores(now.judgements).get(score) if now is not None else None
            if before is not None and after is not None:
                yield CaseScore(
                    name=pair.mutant.case.name,
                    baseline=(before,),
                    candidate=(after,),
                    source=source_of(pair.mutant),
                )


def _keeps(known: Mapping[CaseKey, JudgedAnswer], planned: PlannedCase) -> bool | None:
    """Whether the answer to a case keeps all contracts; None without an answer."""
    judged = known.get(planned.case_key)
    return None if judged is None else not violations(judged.judgements)


def _content(judged: JudgedAnswer | None) -> object:
    """What a model answered, without facts about the call."""
    if judged is None:
        return None
    answers = [turn.answer for turn in judged.answer.turns] or [judged.answer]
    return [(answer.text, answer.tool_calls) for answer in answers]


def case_pairs(tried: TriedMutant) -> tuple[CasePair, ...]:
    """Up to ten of the cases whose requests a mutant changes, chosen by hash, by prompt."""
    found = [
        CasePair(original, mutant)
        for tested, variant in tried.variants
        for original, mutant in tested.changed_cases(variant)
        if original.needs_answer
    ]
    key = mutant_key(tried.mutant)
    chosen = sorted(found, key=lambda pair: _hash_of(key, *map(str, pair.mutant.case_key)))
    return tuple(sorted(chosen[:LIVE_CASES], key=lambda pair: pair.mutant.case_key))


def mutant_key(mutant: Mutant) -> str:
    """The same as long as the mutant itself does not change, wherever its line is."""
    return _hash_of(mutant.operator, mutant.place.path, mutant.before, mutant.after, mutant.change)


def _hash_of(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
