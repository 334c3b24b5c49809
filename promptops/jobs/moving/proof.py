"""The proof of a plan: after the move, every prompt sends the same requests as before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from promptops.catalog.catalog import Catalog
from promptops.errors import InputError
from promptops.jobs.workspace.case_requests import request_digests


def refuse_changed_requests(
    before: Catalog, after: Catalog, paths: Iterable[str], moves: Mapping[str, str]
) -> None:
    """Raise InputError for the first prompt that can't be read or renders differently after it.

    `paths` are the old paths of prompt files. A prompt that can't be read before is not compared.
    """
    for path in paths:
        expected = request_digests(before, path)
        if expected is not None and request_digests(after, moves.get(path, path)) != expected:
            raise InputError(
                "the move would change what this prompt sends",
                where=path,
                hint="another file has the new name in an earlier root; choose another name",
            )
