"""Offers of paths: files of the repository, as they have to be written in a prompt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from posixpath import dirname

from lsprotocol.types import CompletionItemKind

from promptops.catalog.prompt_ids import PROMPT_ENDINGS
from promptops.catalog.references import roots_of
from promptops.lsp.at_cursor.here import TEMPLATE_ENDINGS, Here
from promptops.lsp.offers.offer import Offer
from promptops.model.finding import Problem
from promptops.model.loaded import ReferenceKind
from promptops.model.place import Place
from promptops.repo.listing import starting_with

_ENDINGS: Mapping[ReferenceKind, tuple[str, ...]] = {
    "template": TEMPLATE_ENDINGS,
    "body": TEMPLATE_ENDINGS,
    "extends": PROMPT_ENDINGS,
    "schema": (".schema.json", ".json"),
    "tool": (".tool.json", ".json"),
    "cases": (".cases.jsonl", ".cases.csv", ".cases.yaml", ".cases.yml", ".jsonl", ".csv"),
    "media": (".png", ".jpg", ".jpeg", ".gif", ".webp", ".pdf", ".wav", ".mp3", ".txt", ".md"),
}
_UNWANTED: Mapping[ReferenceKind, tuple[str, ...]] = {
    "cases": (".recordings.jsonl",),
    "schema": (".tool.json",),
}


def path_offers(here: Here, kind: ReferenceKind) -> list[Offer]:
    """The files that a path of a kind may name: below its roots or, after `./`, beside the file."""
    own = here.file.path
    return [
        Offer(label=written, kind=CompletionItemKind.File, detail=target, rank=rank)
        for written, target, rank in sorted(_written(here, kind))
        if target != own
    ]


def _written(here: Here, kind: ReferenceKind) -> Iterator[tuple[str, str, int]]:
    """Each path as written, from the root of the repository, and its rank."""
    config, own = here.file.live.catalog.config, here.file.path
    folder = dirname(own)
    first, *_ = _ENDINGS[kind]
    if here.cursor.typed.rpartition('"')[2].startswith("./") or kind == "cases":
        for target in _below(here, folder, kind):
            written = f"./{target[len(folder) + 1 :] if folder else target}"
            yield written, target, 4 if target.endswith(first) else 5
        return
    seen: set[str] = set()
    for root in roots_of(kind, config, own):
        for target in _below(here, root, kind):
            written = target[len(root) + 1 :] if root else target
            if written not in seen:
                seen.add(written)
                yield written, target, 4 if target.endswith(first) else 5


def _below(here: Here, folder: str, kind: ReferenceKind) -> Iterator[str]:
    entries = here.file.live.catalog.files.entries
    found = starting_with(entries, f"{folder}/") if folder else iter(entries)
    for path in found:
        if path.endswith(_ENDINGS[kind]) and not path.endswith(_UNWANTED.get(kind, ())):
            yield path


def text_at(here: Here, written: str) -> str:
    """The text of a template that is named in the file of the position; "" if it is missing."""
    path = target_of(here, "template", written)
    found = here.file.live.catalog.files.text(path) if path else None
    return found.value if found is not None else ""


def target_of(here: Here, kind: ReferenceKind, written: str) -> str:
    """The path of an existing file, from the root of the repository; "" if it is missing."""
    catalog, own = here.file.live.catalog, here.file.path
    found = catalog.resolver.follow(kind, written, Place(own), own)
    return "" if isinstance(found, Problem) or not found.found else found.target
