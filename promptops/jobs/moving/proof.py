"""The proof of a plan: after the move, every prompt sends the same requests as before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from promptops.catalog.catalog import Catalog
from promptops.errors import InputError
from promptops.jobs.workspace.case_requests import case_requests
from promptops.model.prompt import Prompt


def refuse_changed_requests(
    before: Catalog, after: Catalog, paths: Iterable[str], moves: Mapping[str, str]
) -> None:
    """Raise InputError for the first prompt that can't be read or renders differently after it.

    `paths` are the old paths of prompt files. A prompt that can't be read before is not compared.
    """
    for path in paths:
        old, new = before.loaded(path).prompt, after.loaded(moves.get(path, path)).prompt
        if old is None:
            continue
        if new is None or _digests(before, old) != _digests(after, new):
            raise InputError(
                "the move would change what this prompt sends",
                where=path,
                hint="another file has the new name in an earlier root; choose another name",
            )


def _digests(catalog: Catalog, prompt: Prompt) -> list[str]:
    """Without the messages of errors, which contain names that change."""
    return [request.digest for request in case_requests(catalog, prompt)]
