"""The catalog of this repository, judged."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from promptops.catalog.catalog import Catalog
from promptops.evals.parse import problems
from promptops.evals.result import judge_request
from promptops.model.prompt import Case, Request
from promptops.repo.repository import Repository
from promptops.runtime.request.render import Renderer
from promptops.source.config import load

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def requests() -> tuple[tuple[Request, Case], ...]:
    repository = Repository.open(ROOT)
    tree = repository.tree("worktree", under=("prompts", "promptops.toml"))
    return tuple(_requests(Catalog(tree, load(tree.read(["promptops.toml"])))))


def _requests(catalog: Catalog) -> Iterator[tuple[Request, Case]]:
    for loaded in catalog.prompts():
        assert loaded.prompt is not None
        renderer = Renderer(loaded.prompt, catalog.load, catalog.files.data)
        for case in loaded.prompt.cases:
            yield renderer.request(case.inputs), case


Requests = tuple[tuple[Request, Case], ...]


def test_every_assertion_of_our_catalog_holds(requests: Requests) -> None:
    judged = [verdict for request, case in requests for verdict in judge_request(request, case)]

    assert len(judged) > 100
    assert [verdict for verdict in judged if not verdict.passed] == []


def test_every_assertion_of_our_catalog_fails_when_negated(requests: Requests) -> None:
    negated = [
        verdict for request, case in requests for verdict in judge_request(request, _negated(case))
    ]

    assert len(negated) > 100
    assert [verdict for verdict in negated if verdict.status != "failed"] == []


def test_no_assertion_of_our_catalog_is_misstated(requests: Requests) -> None:
    found = [problem for _, case in requests for problem in problems(case)]

    assert requests
    assert found == []


def _negated(case: Case) -> Case:
    rendered = tuple({**written, "type": _opposite(written["type"])} for written in case.rendered)
    return replace(case, rendered=rendered)


def _opposite(name: str) -> str:
    return name.removeprefix("not-") if name.startswith("not-") else f"not-{name}"
