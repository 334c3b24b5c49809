"""Check whether the answers to the cases of a release got worse, and keep the nights."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache

from promptops.commands.drift.asking import DriftOptions, NightAnswers, PromptAnswers
from promptops.commands.drift.deciding import (
    Blaming,
    NightDecisions,
    RecordedVerdicts,
    night_of,
    worst_cases,
)
from promptops.commands.drift.history import FileHistory, History, NotesHistory
from promptops.commands.release.plan import default_remote, remote_names
from promptops.errors import NotFound, PromptopsError, UsageError
from promptops.evals.deciding.drift import (
    charts,
    learned_nights,
    level_of,
    night_on,
    nights_to_find,
    one_night_a_day,
    sample_of,
)
from promptops.model.config import CHANNELS_FILE, Config, ModelProfile
from promptops.model.night import (
    LEARNING_NIGHTS,
    NOTES_REF,
    Chart,
    Drift,
    Night,
    PromptDrift,
    Visible,
)
from promptops.model.release import Release
from promptops.plurals import counted, some
from promptops.records import record, replace
from promptops.release.channels import read_channels
from promptops.release.tags import TagNames, releases
from promptops.suggestions import did_you_mean
from promptops.testing.model_calls import within_budget
from promptops.testing.runner import why_no_cases
from promptops.workspace.named_prompts import required_prompt
from promptops.workspace.selection import SelectionOptions, select
from promptops.workspace.workspace import (
    Workspace,
    configuration,
    content_at,
    workspace_with,
)

_MOST_PROMPTS_NAMED = 5
_UNPUSHED = "tonight is only in this clone: allow this job to push, or keep nights with --history"

VISIBLE_LOSS = 0.05
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
        self._checked_before = ""
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
        self._read = read = self._history.read()
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
        at = self._time_after(nights)
        histories = _histories(nights, answers.digests())
        self._leave_out_checked(histories, at)
        tonight = [
            night_of(found, answers, at, self._checked.release.name)
            for found in answers.by_prompt
            if found.answers or not calls.ended
        ]
        decisions = NightDecisions(
            answers=answers,
            histories={
                prompt: [night for night in history if night is not night_on(history, at[:10])]
                for prompt, history in histories.items()
            },
        )
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
        histories = _histories(nights, self._answers.digests())
        at = self._time_after(nights)
        prompts = []
        for identity in dict.fromkeys(ids):
            history = histories.get(identity, [])
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

    def _leave_out_checked(self, histories: Mapping[str, Sequence[Night]], at: str) -> None:
        """Request nothing for prompts with a complete night of this date, unless `again`.

        Raises UsageError if no prompt is left.
        """
        date = at[:10]
        nights = (night_on(history, date) for history in histories.values())
        checked = [night for night in nights if night and night.verdict != "incomplete"]
        if self._options.again or not checked:
            return
        self._answers.leave_out([night.prompt for night in checked])
        names = [f"{night.prompt} ({night.verdict})" for night in checked]
        self._checked_before = some(names, _MOST_PROMPTS_NAMED, "prompt")
        if not self._answers.planned:
            raise UsageError(
                f"the history has a night of {date} (UTC) already: {self._checked_before}",
                hint="each prompt has one night a day; --again replaces it",
            )

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

    def _time_after(self, nights: Sequence[Night]) -> str:
        """Now, but after all nights, so that no two nights of a prompt have the same time."""
        now = self._options.now
        if nights:
            last = datetime.fromisoformat(max(night.at for night in nights))
            now = max(now, last + timedelta(seconds=1))
        return now.strftime("%Y-%m-%dT%H:%M:%SZ")

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
        if self._checked_before:
            yield f"checked today already, --again replaces the night: {self._checked_before}"
        if self._read.outdated and not self._read.nights:
            many = counted(self._read.outdated, "night")
            yield (
                f"{many} in {self._history.name} count contracts instead of answers, as an earlier"
                " version of promptops did: they stay there and are not used, and learning begins"
                " again"
            )
        names = () if self._options.run.cases else self._answers.unchecked
        if names and self._answers.planned:
            verb = "is" if len(names) == 1 else "are"
            many = f"{counted(len(names), 'prompt')} {verb} not checked"
            why = "because no test case has an assertion on the answer"
            yield f"{many}, {why}: {some(names, _MOST_PROMPTS_NAMED)}"

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
        return f"{NOTES_REF} was not pushed to `{self._remote}`: {why}; {_UNPUSHED}"


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


def _histories(nights: Sequence[Night], digests: Mapping[str, str]) -> dict[str, list[Night]]:
    """The nights of each prompt with tonight's digest, one for each UTC date, oldest first."""
    found: dict[str, list[Night]] = {prompt: [] for prompt in digests}
    for night in nights:
        if digests.get(night.prompt) == night.digest:
            found[night.prompt].append(night)
    return {prompt: one_night_a_day(history) for prompt, history in found.items()}


def _visible(history: Sequence[Night]) -> Visible | None:
    level, tonight = level_of(history, "score"), sample_of(history[-1], "score")
    if level is None or tonight is None:
        return None
    return Visible(
        points=100 * VISIBLE_LOSS, nights=nights_to_find(level, tonight.size, VISIBLE_LOSS)
    )


# The figures of a prompt in one line.


def sentence(night: Night, chart: Chart | None, visible: Visible | None, learned: int) -> str:
    """Such as `91.3 points, baseline 91.8 of 10 nights, ewma -0.6 of -0.9 · contracts 149 of 150`.

    Args:
        chart: Of the score, or of the contracts for a prompt without measures.
        learned: The number of nights that the level was learned from so far.
    """
    return " · ".join(_sentence_parts(night, chart, visible, learned))


def _sentence_parts(
    night: Night, chart: Chart | None, visible: Visible | None, learned: int
) -> Iterator[str]:
    level = list(_level_parts(night, chart, learned))
    if level:
        yield ", ".join(level)
    if night.of:
        yield f"contracts {night.kept} of {night.of}"
    if night.same is not None:
        yield f"same answers {100 * night.same:.0f}%"
    if visible is not None:
        yield _visible_part(visible)


def _level_parts(night: Night, chart: Chart | None, learned: int) -> Iterator[str]:
    if night.mean is not None:
        yield f"{100 * night.mean:.1f} points"
    if chart is None or chart.baseline is None or chart.ewma is None:
        if learned < LEARNING_NIGHTS:
            yield f"{learned} of {LEARNING_NIGHTS} nights learned"
        return
    baseline = chart.baseline
    yield f"baseline {100 * baseline.mean:.1f} of {counted(baseline.nights, 'night')}"
    yield f"ewma {chart.ewma:.1f} of {chart.limit:.1f}"


def _visible_part(visible: Visible) -> str:
    loss = f"-{visible.points:g} points"
    if visible.nights is None:
        return f"this suite rarely sees {loss}"
    return f"this suite sees {loss} in about {counted(visible.nights, 'night')}"


# The release that is checked, with the endpoints and prices of the work tree.

PRODUCTION = "production"
_FETCH_TAGS = "git fetch --tags"


@record(frozen=True, slots=True, kw_only=True)
class CheckedRelease:
    """A release, and the channel that it was found by, or ""."""

    release: Release
    channel: str = ""


def checked_release(workspace: Workspace, wanted: str) -> CheckedRelease:
    """The release of a tag or a channel.

    Args:
        wanted: "" for what the channel `production` serves, or the latest release without that
            channel.

    Raises NotFound for a name that is neither, and if there is no release.
    """
    known = releases(workspace.repository, TagNames(workspace.config.release.tag_format))
    if not known:
        raise NotFound(
            "there is no release", hint=f"create one: promptops release; or {_FETCH_TAGS}"
        )
    named = {release.name: release for release in known}
    if wanted in named:
        return CheckedRelease(release=named[wanted])
    channels = read_channels(content_at(workspace.repository, "HEAD", CHANNELS_FILE) or b"")
    channel = wanted or PRODUCTION
    if channel in channels:
        return _served_release(channel, channels[channel].release, named)
    if wanted:
        near = did_you_mean(wanted, [*named, *channels])
        hint = near or "name a release tag, or a channel of channels.yaml"
        raise NotFound(f"there is no release and no channel {wanted!r}", hint=hint)
    return CheckedRelease(release=_latest_release(known))


def _served_release(channel: str, name: str, named: Mapping[str, Release]) -> CheckedRelease:
    if name not in named:
        raise NotFound(
            f"the channel `{channel}` serves {name!r}, which has no tag", hint=_FETCH_TAGS
        )
    return CheckedRelease(release=named[name], channel=channel)


def _latest_release(known: Sequence[Release]) -> Release:
    """The highest release; a prerelease only if there is no other."""
    return next((each for each in reversed(known) if not each.version.pre), known[-1])


def release_workspace(workspace: Workspace, release: Release) -> Workspace:
    """The release's commit, with the endpoints and prices of the work tree."""
    config = configuration(workspace.repository, release.commit)
    return workspace_with(
        workspace.repository, release.commit, _with_endpoints(config, workspace.config)
    )


def _with_endpoints(config: Config, today: Config) -> Config:
    """The release's models with address, key, headers, price and size of today's profiles.

    What a request contains, the model's id and its parameters, stays that of the release.
    """
    models = {name: _with_endpoint(each, today.models) for name, each in config.models.items()}
    limits = replace(
        today.test, embeddings=config.test.embeddings, moderations=config.test.moderations
    )
    return replace(config, models=models, test=limits)


def _with_endpoint(profile: ModelProfile, today: Mapping[str, ModelProfile]) -> ModelProfile:
    own = today.get(profile.name)
    if own is None or own.provider != profile.provider:
        return profile
    return replace(
        profile,
        base_url=own.base_url,
        api_key_env=own.api_key_env,
        headers=own.headers,
        price=own.price,
        max_output_tokens=own.max_output_tokens,
    )
