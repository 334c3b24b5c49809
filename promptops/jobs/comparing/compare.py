"""Compare arms: find their answers, judge and decide them, and conclude which one to use."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from promptops.errors import UsageError
from promptops.jobs.comparing.alternatives import Alternatives, alternatives
from promptops.jobs.comparing.arm_run import ArmRun
from promptops.jobs.comparing.command_line import command_line
from promptops.jobs.comparing.conclusion import comparison_of
from promptops.jobs.comparing.figures import Prices
from promptops.jobs.comparing.open_arms import open_arms
from promptops.jobs.comparing.options import CompareOptions
from promptops.jobs.comparing.prompt_arms import PromptArms, prompt_arms
from promptops.jobs.comparing.recording_problems import problems_by_prompt
from promptops.jobs.comparing.results import ArmResults
from promptops.jobs.comparing.rounds import Rounds
from promptops.jobs.comparing.same_requests import refuse_equal_arms, with_reference_named
from promptops.jobs.recordings.roots import recording_roots
from promptops.jobs.recordings.writing import WrittenAnswers, write_journal
from promptops.jobs.testing.model_calls import ModelCalls
from promptops.jobs.testing.options import model_calls
from promptops.jobs.testing.outcomes import error_run, unreadable_prompts
from promptops.jobs.testing.plan import PlannedCase, named_cases, needed_cases, plan_cases
from promptops.jobs.testing.retrieving import MissingInputs
from promptops.jobs.testing.runner import within_policy
from promptops.jobs.testing.running import why_no_cases
from promptops.jobs.workspace.selection import SelectionOptions, select
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.arm import ArmComparison
from promptops.model.test_run import CaseRun
from promptops.records import replace
from promptops.suggestions import did_you_mean


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
        self._whole = [_compared(planned) for planned in self._planned(found)]
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
        for loaded in self._found.loaded:
            cases = [each for each in self._plan if _of(each, loaded.id) and each.needs_answer]
            if loaded.prompt is not None and cases:
                yield prompt_arms(
                    loaded.prompt,
                    cases,
                    [each for each in partners if _of(each, loaded.id) and each.needs_answer],
                    options=self._options,
                    settings=self._workspace.config.compare,
                    share=len(self._arms) - 1,
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


def _compared(planned: PlannedCase) -> PlannedCase:
    """A case for all arms: only answers are compared, and one model judges them all."""
    return replace(planned, rendered=(), judge_model=planned.prompt.model)


def _of(planned: PlannedCase, prompt: str) -> bool:
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
