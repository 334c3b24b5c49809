"""Recordings of arms that could not be read or written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from promptops.jobs.comparing.arm_run import ArmRun
from promptops.jobs.comparing.prompt_arms import PromptArms
from promptops.jobs.recordings.roots import RecordingRoots
from promptops.jobs.recordings.writing import WrittenAnswers
from promptops.jobs.testing.outcomes import error_run
from promptops.jobs.testing.plan import with_hint
from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.model.test_run import CaseRun
from promptops.source.recording_files import first_of
from promptops.source.recordings import RECORD_AGAIN


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
            for problem in _problems(prompt, arm, written):
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


def _problems(prompt: PromptArms, arm: ArmRun, written: WrittenAnswers) -> Iterator[Problem]:
    own = next(filter(None, map(arm.arm.counterpart, prompt.cases)), None)
    if own is None:
        return
    store, path = arm.answering.store, own.prompt.path
    yield from store.problems(path)
    yield from _in_file(store.first_file(path), (*arm.answering.refused, *written.problems))


def _in_file(first: str, problems: Iterable[Problem]) -> Iterator[Problem]:
    for problem in problems:
        if isinstance(problem.at, Place) and first_of(problem.at.path) == first:
            yield problem
