"""Inspect's task: a sample for each ticket. inspect eval ask_inspect.py -T tickets=TICKETS.json"""

import json
from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.model import GenerateConfig
from inspect_ai.scorer import CORRECT, INCORRECT, Score, accuracy, scorer
from inspect_ai.solver import generate, system_message
from tickets import SYSTEM


@scorer(metrics=[accuracy()])
def is_bug():
    async def score(state, target):
        said = state.output.completion
        passed = bool(json.loads(said)) and target.text in said
        return Score(value=CORRECT if passed else INCORRECT)

    return score


@task
def triage(tickets):
    asked = json.loads(Path(tickets).read_text())
    return Task(
        dataset=[Sample(input=f"Ticket: {ticket}", target="bug") for ticket in asked],
        solver=[system_message(SYSTEM), generate()],
        scorer=is_bug(),
        config=GenerateConfig(temperature=0, max_tokens=60),
    )
