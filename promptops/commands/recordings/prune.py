"""Remove recorded answers that no test case uses any more."""

from __future__ import annotations

from promptops.errors import InputError
from promptops.records import record
from promptops.records.outputs import output
from promptops.testing.options import RunOptions
from promptops.testing.runner import CaseRunner, prepare
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import Workspace


@output("prune")
@record(frozen=True, slots=True, kw_only=True)
class PrunedRecordings:
    """The result of `promptops recordings prune`.

    Attributes:
        files: Paths of the files that were changed or deleted.
    """

    files: tuple[str, ...]


def prune(workspace: Workspace, repeats: int | None) -> PrunedRecordings:
    """Remove what the cases of all prompts do not look up; the files aside stay.

    Args:
        repeats: Keep that many answers of each case; None for the prompt's own number.

    Prompts that can't be read keep all recordings. Raises InputError if a case has an error, and
    for a file that can't be written.
    """
    options = RunOptions(prune=True, repeats=repeats)
    selected, options = prepare(workspace, SelectionOptions(), options)
    runner = CaseRunner(workspace, selected, options, None)
    for planned in runner.plan:
        if planned.error:
            message = f"the case `{planned.case.name}` has an error: {planned.error}"
            hint = "fix it first: recordings that it uses would be removed"
            raise InputError(message, where=str(planned.place), hint=hint)
    runner.run()
    for problem in runner.written.problems:
        raise InputError(problem.message, where=str(problem.at), hint=problem.hint)
    return PrunedRecordings(files=runner.written.changed)
