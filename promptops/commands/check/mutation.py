"""What the cases of changed prompts notice of mutants, for the report of the gate."""

from __future__ import annotations

from collections.abc import Iterable

from promptops.catalog.catalog import Catalog
from promptops.commands.mutate.mutate import MutateOptions, mutate_selected
from promptops.model.check import CheckReport
from promptops.model.loaded import LoadedPrompt
from promptops.model.prompt import Prompt, TextPart, messages_of
from promptops.records import replace
from promptops.testing.options import RunOptions
from promptops.workspace.selection import Selected
from promptops.workspace.workspace import Workspace

MOST_RENDERS = 4_000
"""The estimated number of renderings that the gate may add; about 10 s of CPU at most."""

_CHARACTERS_OF_A_MUTANT = 30


def with_mutation(report: CheckReport, workspace: Workspace, base: Workspace) -> CheckReport:
    """The report with the result of mutation testing, if the policy requests it.

    It makes no API calls. Prompts that exceed the limit of renderings are left out and counted.
    """
    if not workspace.config.check.mutation:
        return report
    loaded = list(workspace.catalog.prompts(report.why))
    fitting = _fitting(workspace.catalog, loaded)
    chosen = Selected({path: report.why[path] for path in fitting}, frozenset(fitting))
    run = mutate_selected(workspace, chosen, MutateOptions(run=RunOptions()), base.revision)
    run = replace(run, since=base.revision)
    return replace(report, mutation=run, unmutated=len(loaded) - len(fitting))


def _fitting(catalog: Catalog, loaded: Iterable[LoadedPrompt]) -> list[str]:
    """The paths of the prompts that fit together into the limit."""
    room, found = MOST_RENDERS, []
    for prompt_file in loaded:
        prompt = prompt_file.prompt
        renders = _renders(catalog, prompt) if prompt is not None else 0
        if renders <= room:
            room -= renders
            found.append(prompt_file.path)
    return found


def _renders(catalog: Catalog, prompt: Prompt) -> int:
    """An estimate of how often mutation testing renders a prompt: each mutant with each case."""
    parts = [part for message in messages_of(prompt.messages) for part in message.parts]
    texts = [part.text for part in parts if isinstance(part, TextPart)]
    characters = sum(len(text.value) for text in (*texts, *catalog.reached(prompt)))
    return len(prompt.cases) * (1 + characters // _CHARACTERS_OF_A_MUTANT)
