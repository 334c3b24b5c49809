"""The rendered requests of the cases of a prompt, to compare two catalogs."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.catalog.catalog import Catalog
from promptops.model.prompt import Prompt
from promptops.records import record
from promptops.runtime.request.canonical import request_digest
from promptops.runtime.request.render import Renderer, RenderError


@record(frozen=True, slots=True)
class CaseRequest:
    """The request of a case: its digest, or the message of the error that prevents it."""

    digest: str
    error: str = ""


def request_digests(catalog: Catalog, path: str) -> list[str] | None:
    """The digest of each request of a prompt file; None if it can't be read.

    Without the messages of errors, which contain names that a rename changes.
    """
    prompt = catalog.loaded(path).prompt
    return None if prompt is None else [each.digest for each in case_requests(catalog, prompt)]


def case_requests(catalog: Catalog, prompt: Prompt) -> Iterator[CaseRequest]:
    """The request of each case in order; only an error if no case can be rendered."""
    try:
        renderer = Renderer(prompt, catalog.load, catalog.files.data)
    except RenderError as error:
        yield CaseRequest("", error.message)
        return
    for case in prompt.cases:
        try:
            yield CaseRequest(request_digest(renderer.request(case.inputs)))
        except RenderError as error:
            yield CaseRequest("", error.message)
