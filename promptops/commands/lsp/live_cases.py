"""The test cases of one prompt: which have a recorded answer, and a run of one of them."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.catalog.catalog import Catalog
from promptops.errors import UsageError
from promptops.evals.case_assertions import assertions_of
from promptops.model.place import Place
from promptops.model.prompt import Case, Prompt
from promptops.model.test_run import TestRun
from promptops.records import record
from promptops.testing.options import RunOptions
from promptops.testing.plan import plan_cases
from promptops.testing.recordings.store import Store
from promptops.testing.runner import run_selected
from promptops.workspace.edits import case_requests
from promptops.workspace.selection import Selected
from promptops.workspace.workspace import Workspace


@record(frozen=True, slots=True)
class CaseState:
    """A case, and whether its answer has to be recorded again.

    Attributes:
        place: Of the case, in the prompt file or a case file.
        stale: It has assertions on the answer, and its request has no recorded answer.
    """

    name: str
    place: Place
    stale: bool


def case_states(catalog: Catalog, prompt: Prompt) -> Iterator[CaseState]:
    """Each case of a prompt, in order; runs no assertion."""
    store = Store(catalog)
    repeats = prompt.evaluation.get("repeats") or 1
    requests = list(case_requests(catalog, prompt))
    digests = [request.digest for request in requests]
    digests += [""] * (len(prompt.cases) - len(digests))
    for case, digest in zip(prompt.cases, digests, strict=True):
        missing = (store.find(prompt.path, digest, repeat) is None for repeat in range(repeats))
        stale = bool(digest) and _needs_answer(case, prompt) and any(missing)
        yield CaseState(case.name, case.locate(case.at, False), stale)


def _needs_answer(case: Case, prompt: Prompt) -> bool:
    return any(True for _ in assertions_of(case, prompt))


def run_case(workspace: Workspace, path: str, name: str) -> TestRun:
    """Run a case of a prompt file with its recorded answers; calls no model.

    Runs code of the repository, if the case has such an assertion. Raises UsageError for a case
    that does not exist.
    """
    loaded = workspace.catalog.loaded(path)
    plan = [each for each in plan_cases(workspace.catalog, [loaded]) if each.case.name == name]
    if not plan:
        raise UsageError(f"there is no case {name!r}", where=path)
    return run_selected(workspace, Selected({path: "it is open"}), RunOptions(), plan)
