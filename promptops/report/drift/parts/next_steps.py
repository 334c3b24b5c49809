"""What to do about a prompt that drifted: sentences with the commands to type."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from promptops.model.night import NOTES_REF, Drift, PromptDrift
from promptops.report.parts.visible import visible


def next_steps(prompt: PromptDrift, drift: Drift) -> Iterator[tuple[str, str]]:
    """Pairs of a purpose and its command, in the order to try."""
    name = shlex.quote(prompt.prompt)
    judge = prompt.night.judge
    if prompt.blame and prompt.blame.who == "judge" and judge:
        yield "see what the judge answers today", _command(f"test {shlex.quote(judge.id)} --live")
    else:
        yield (
            "find a model that is not worse",
            _command(f"compare {name} --model PROFILE --record"),
        )
    yield (
        "or record today's answers, and fix the prompt until its cases pass",
        _command(f"test {name} --refresh"),
    )
    yield (
        "or accept the new level, which the next nights learn",
        _command(f"drift --accept {name} --reason 'WHY'{_same_history(drift)}"),
    )


def _same_history(drift: Drift) -> str:
    """The options with which the accepted level is written to the history of this run."""
    if drift.history != NOTES_REF:
        return f" --history {shlex.quote(drift.history)}"
    return " --push" if drift.pushes else ""


def _command(words: str) -> str:
    return visible(f"promptops {words}")
