"""The inputs that attacks do not change, as the prompt's own retriever returns them."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.jobs.probing.targets import Target, targets
from promptops.jobs.testing.outcomes import error_run
from promptops.jobs.testing.retrieving import MissingInputs
from promptops.model.prompt import Case, Prompt
from promptops.model.test_run import CaseRun
from promptops.records import record, replace


@record(frozen=True, slots=True)
class PreparedPrompt:
    """A prompt whose attacked cases have their retrieved inputs, and why one has not."""

    prompt: Prompt
    problems: tuple[CaseRun, ...] = ()


def with_retrieved_bases(prompt: Prompt, missing: MissingInputs) -> PreparedPrompt:
    """The prompt with the retrieved inputs of the cases that are attacked; of no other case."""
    new: dict[str, Case] = {}
    problems: list[CaseRun] = []
    for case in _attacked_cases(prompt):
        found = missing.of_case(prompt, case)
        if isinstance(found, Case):
            new[case.name] = found
        else:
            problems.append(error_run(prompt.id, found.message, found.place))
    cases = tuple(new.get(case.name, case) for case in prompt.cases)
    return PreparedPrompt(replace(prompt, cases=cases), tuple(dict.fromkeys(problems)))


def _attacked_cases(prompt: Prompt) -> Iterator[Case]:
    """The cases without recorded inputs: those with an attacked text, and one more if a text lacks.

    The attacked text may be in an input that is retrieved.
    """
    if not any(case.unrecorded for case in prompt.cases):
        return
    found = list(targets(prompt))
    bases = {id(each.case): each.case for each in found if isinstance(each, Target)}
    if len(bases) < len(found) and not any(case.unrecorded for case in bases.values()):
        first = next(case for case in prompt.cases if case.unrecorded)
        bases[id(first)] = first
    yield from (case for case in bases.values() if case.unrecorded)
