"""The rendered requests of the cases of a prompt, to compare two catalogs."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.catalog.catalog import Catalog
from promptops.model.prompt import Prompt
from promptops.runtime.request.canonical import request_digest
from promptops.runtime.request.render import Renderer, RenderError


def case_requests(catalog: Catalog, prompt: Prompt) -> Iterator[str]:
    """The digest of the request of each case, or the message of the error, in order."""
    try:
        renderer = Renderer(prompt, catalog.load, catalog.files.data)
    except RenderError as error:
        yield error.message
        return
    for case in prompt.cases:
        try:
            yield request_digest(renderer.request(case.inputs))
        except RenderError as error:
            yield error.message
