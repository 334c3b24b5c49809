"""Risks in what a prompt accepts of attacks, and in the recorded answers to them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from promptops.catalog.files import Files
from promptops.catalog.recordings import recordings_at
from promptops.commands.check.risks.prompts import PromptVersions
from promptops.model.answer import Answer
from promptops.model.place import Place
from promptops.model.risk import Risk
from promptops.plurals import counted
from promptops.records import replace
from promptops.source.recording_files import ENDING, by_first
from promptops.source.recordings import key_of
from promptops.workspace.workspace import Workspace

_KEY = "probes"
_LONGEST = 80
_NAMED = 5
_REPLACED = "the recorded answer to an attack was replaced, although its request is unchanged"


def probe_rule_risks(pair: PromptVersions) -> Iterator[Risk]:
    """Risks for changed rules in `evaluation.probes`; the gate uses those of the base."""
    before = pair.before.evaluation.get(_KEY) or {}
    after = pair.after.evaluation.get(_KEY) or {}
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        if was != now:
            message = (
                f"`evaluation.{_KEY}.{key}` changes from {_shown(was)} to {_shown(now)}; that of"
                " the base applies"
            )
            place = pair.after.locate(f"/evaluation/{_KEY}/{key}", True)
            yield Risk(message=message, prompt=pair.after.id, place=place)


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def probe_recording_risks(head: Workspace, base: Workspace) -> Iterator[Risk]:
    """Risks for replaced answers to attacks; reads changed files only.

    Also those of prompts that did not change: their next check would trust the answers.
    """
    root = base.config.probe.recordings
    after, before = (
        Files(side.repository.tree(side.revision, under=(root,))) for side in (head, base)
    )
    for first in by_first(before.entries):
        if _blobs(after, first) != _blobs(before, first):
            prompt = first.removeprefix(f"{root}/").removesuffix(ENDING)
            yield from _case_risks(prompt, _replaced(first, after, before))


def _blobs(files: Files, first: str) -> tuple[str | None, ...]:
    return tuple(map(files.blob, files.recordings(first)))


def _replaced(first: str, after: Files, before: Files) -> dict[str, Place]:
    """The attacks with another answer than at the base, each with the place of its line."""
    was = {key_of(each): each.answer for each in recordings_at(before, first).recordings}
    found = recordings_at(after, first)
    cases: dict[str, Place] = {}
    for recording, place in zip(found.recordings, found.places, strict=True):
        old = was.get(key_of(recording))
        if old is not None and _content(old) != _content(recording.answer):
            cases.setdefault(recording.case, place)
    return cases


def _content(answer: Answer) -> Answer:
    return replace(answer, latency_s=None)


def _case_risks(prompt: str, cases: dict[str, Place]) -> Iterator[Risk]:
    """A risk for each case; only the first ones are named."""
    for number, (case, place) in enumerate(cases.items()):
        left = len(cases) - number
        more = f"; {counted(left, 'attack')} like this" if number == _NAMED else ""
        at = replace(place, end_column=1)
        yield Risk(message=f"{_REPLACED}{more}", prompt=prompt, case=case, place=at)
        if more:
            return
