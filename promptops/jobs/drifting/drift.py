"""Check whether the answers to the cases of a release got worse."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

from promptops.errors import PromptopsError, UsageError
from promptops.evals.deciding.drift import nights_to_find
from promptops.evals.deciding.drift_charts import (
    charts,
    learned_nights,
    level_of,
    sample_of,
)
from promptops.jobs.drifting.asking import NightAnswers, PromptAnswers
from promptops.jobs.drifting.blaming import Blaming
from promptops.jobs.drifting.deciding import NightDecisions
from promptops.jobs.drifting.history import REF, FileHistory, History, NotesHistory
from promptops.jobs.drifting.judge_again import RecordedVerdicts
from promptops.jobs.drifting.measuring import night_of, worst_cases
from promptops.jobs.drifting.options import DriftOptions
from promptops.jobs.drifting.release import CheckedRelease, checked_release, release_workspace
from promptops.jobs.drifting.sentence import sentence
from promptops.jobs.release.remote_state import default_remote, remote_names
from promptops.jobs.testing.model_calls import within_budget
from promptops.jobs.testing.running import why_no_cases
from promptops.jobs.workspace.named_prompts import required_prompt
from promptops.jobs.workspace.selection import SelectionOptions, select
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.night import Drift, Night, PromptDrift, Visible
from promptops.plurals import counted, some
from promptops.records import replace

_NAMES_SHOWN = 5
_UNPUSHED = "tonight is only in this clone: allow this job to push, or keep nights with --history"
LOSS = 0.05
"""The loss whose detection time, in nights, is reported."""


def drift(workspace: Workspace, wanted: SelectionOptions, options: DriftOptions) -> Drift:
    """Request new answers to the cases of the release, and decide.

    Raises UsageError for a name without a match, an unknown release, an endpoint that is not
    approved, or a missing key; InputError if a history file can't be read or written; GitError if
    the notes can't be read, fetched or written.
    """
    return _DriftRun(workspace, wanted, options).run()


class _DriftRun:
    """One run; `run` is called once."""

    def __init__(
        self, workspace: Workspace, wanted: SelectionOptions, options: DriftOptions
    ) -> None:
        self._start = time.perf_counter()
        self._workspace, self._wanted = workspace, wanted
        settings = within_budget(
            options.run.settings, workspace.config.test.budget, options.run.event
        )
        run = replace(options.run, mode="live", settings=settings)
        self._options = replace(options, run=run)
        self._checked: CheckedRelease = checked_release(workspace, options.release)
        self._release = release_workspace(workspace, self._checked.release)
        self._remote = _remote(workspace, options)
        self._history = _history(workspace, options)

    def run(self) -> Drift:
        """Fetch, request, decide, write, push."""
        if self._remote:
            NotesHistory(self._workspace.repository).notes.fetch(self._remote)
        read = self._history.read()
        self._selected = select(self._release, self._wanted)
        self._answers = NightAnswers(self._release, self._selected, self._options)
        found = self._accepted(read.nights) if self._options.accept else self._asked(read.nights)
        nights = [prompt.night for prompt in found.prompts]
        if nights:
            self._history.add(nights, self._checked.release.tag)
        return replace(
            found,
            broken=read.problems,
            unpushed=self._pushed(),
            duration_s=time.perf_counter() - self._start,
        )

    def _asked(self, nights: Sequence[Night]) -> Drift:
        """The run with the answers of tonight."""
        answers, calls = self._answers, self._answers.calls
        at = _time_after(nights)
        tonight = [
            night_of(found, answers, at, self._checked.release.name)
            for found in answers.by_prompt
            if found.answers or not calls.ended
        ]
        decisions = NightDecisions(answers=answers, histories=_histories(nights, tonight))
        decisions.decide(tonight)
        blaming = Blaming(
            answers=answers, histories=decisions.tonight, verdicts=self._recorded_verdicts()
        )
        found = {each.prompt.id: each for each in answers.by_prompt}
        prompts = [
            self._prompt(found[night.prompt], decisions.tonight[night.prompt], blaming)
            for night in tonight
        ]
        return replace(
            self._empty(),
            prompts=tuple(prompts),
            profiles=tuple(decisions.profiles()),
            problems=tuple(answers.problems()),
            warnings=tuple(self._warnings()),
            nothing="" if answers.planned else self._why_nothing(),
            unanswered=calls.unanswered,
            unasked=calls.unasked,
            ended=calls.ended,
            interrupted=calls.ledger.interrupted,
            cost_usd=calls.cost_usd,
        )

    def _accepted(self, nights: Sequence[Night]) -> Drift:
        """The run that accepts the new level of prompts: learning begins again."""
        ids = [self._accepted_id(name) for name in self._options.accept]
        digests = self._answers.digests()
        at = _time_after(nights)
        prompts = []
        for identity in dict.fromkeys(ids):
            history = [
                n for n in nights if (n.prompt, n.digest) == (identity, digests.get(identity))
            ]
            night = accepted_night(identity, history, at, self._options.reason)
            night = replace(night, release=self._checked.release.name)
            prompts.append(
                PromptDrift(
                    prompt=identity,
                    score=night.score,
                    verdict="accepted",
                    line=f"learning begins again; {sentence(night, None, None, 0)}",
                    night=night,
                    history=(*history, night),
                )
            )
        return replace(self._empty(), prompts=tuple(prompts), accepted=tuple(dict.fromkeys(ids)))

    def _prompt(
        self, found: PromptAnswers, history: Sequence[Night], blaming: Blaming
    ) -> PromptDrift:
        night = history[-1]
        signals = night.verdict in ("suspect", "drifted")
        own, visible = charts(history), _visible(history)
        main = next(iter(own), None)
        recorded = self._answers.replayed(found) if signals else []
        return PromptDrift(
            prompt=found.prompt.id,
            score=night.score,
            verdict=night.verdict,
            line=sentence(night, main, visible, learned_nights(history)),
            night=night,
            history=tuple(history),
            charts=own,
            visible=visible,
            blame=blaming.blame(found) if signals else None,
            worst=worst_cases(found, recorded, night.score) if signals else (),
        )

    def _recorded_verdicts(self) -> Callable[[str], RecordedVerdicts | None]:
        @cache
        def verdicts(tag: str) -> RecordedVerdicts | None:
            if tag == self._checked.release.name:
                return RecordedVerdicts(self._release)
            try:
                learned = checked_release(self._workspace, tag).release
                return RecordedVerdicts(release_workspace(self._workspace, learned))
            except PromptopsError:  # the tag was not fetched, or its configuration can't be read
                return RecordedVerdicts(self._release)

        return verdicts

    def _empty(self) -> Drift:
        checked, name = self._checked, self._history.name
        return Drift(
            release=checked.release.name,
            channel=checked.channel,
            history=name,
            pushes=bool(self._remote),
        )

    def _warnings(self) -> Iterator[str]:
        names = () if self._options.run.cases else self._answers.unchecked
        if names and self._answers.planned:
            verb = "is" if len(names) == 1 else "are"
            many = f"{counted(len(names), 'prompt')} {verb} not checked"
            why = "because no test case has an assertion on the answer"
            yield f"{many}, {why}: {some(names, _NAMES_SHOWN)}"

    def _why_nothing(self) -> str:
        if self._selected.why and self._answers.has_cases:
            return "no test case has an assertion on the answer"
        return why_no_cases(self._release.catalog, self._selected)

    def _accepted_id(self, name: str) -> str:
        return self._release.catalog.ids[required_prompt(self._release, name)]

    def _pushed(self) -> str:
        """Why the nights could not be pushed, or ""."""
        if not self._remote:
            return ""
        why = NotesHistory(self._workspace.repository).notes.push(self._remote)
        if not why:
            return ""
        return f"{REF} was not pushed to `{self._remote}`: {why}; {_UNPUSHED}"


def accepted_night(prompt: str, history: Sequence[Night], at: str, reason: str) -> Night:
    """The last night with a level, accepted; raises UsageError without one."""
    levels = [night for night in history if night.verdict not in ("incomplete", "accepted")]
    if not levels or history[-1].verdict == "accepted":
        hint = "run `promptops drift` first" if not levels else "it was accepted already"
        raise UsageError(f"there is no night of `{prompt}` to accept", hint=hint)
    return replace(levels[-1], at=at, verdict="accepted", confirmed=None, reason=reason)


def _remote(workspace: Workspace, options: DriftOptions) -> str:
    """The remote to push to, or ""; raises UsageError without one."""
    if not options.push:
        return ""
    if options.history is not None:
        hint = "leave one out: a file is not pushed"
        raise UsageError("--push is for git notes, and --history writes a file", hint=hint)
    remote, known = default_remote(workspace.repository), remote_names(workspace.repository)
    if remote not in known:
        hint = f"git remote add {remote} ADDRESS; or leave out --push"
        raise UsageError(f"there is no remote {remote!r}", hint=hint)
    return remote


def _history(workspace: Workspace, options: DriftOptions) -> History:
    if options.history is None:
        return NotesHistory(workspace.repository)
    return FileHistory(workspace.repository, options.history)


def _time_after(nights: Sequence[Night]) -> str:
    """Now, but after all nights, so that no two nights of a prompt have the same time."""
    now = datetime.now(UTC)
    if nights:
        last = datetime.fromisoformat(max(night.at for night in nights))
        now = max(now, last + timedelta(seconds=1))
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def _histories(nights: Sequence[Night], tonight: Sequence[Night]) -> dict[str, list[Night]]:
    """The nights of each prompt with tonight's digest, oldest first."""
    digests = {night.prompt: night.digest for night in tonight}
    found: dict[str, list[Night]] = {prompt: [] for prompt in digests}
    for night in nights:
        if digests.get(night.prompt) == night.digest:
            found[night.prompt].append(night)
    return found


def _visible(history: Sequence[Night]) -> Visible | None:
    level, tonight = level_of(history, "score"), sample_of(history[-1], "score")
    if level is None or tonight is None:
        return None
    return Visible(points=100 * LOSS, nights=nights_to_find(level, tonight.size, LOSS))
