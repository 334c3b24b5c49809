"""Rename a name that a template defines, with a proof that no template reads other values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from promptops.analysis.local_names import local_names
from promptops.analysis.template_walk import walk
from promptops.catalog.catalog import Catalog
from promptops.errors import UsageError
from promptops.jobs.naming.families import declared
from promptops.jobs.naming.input_refusals import refuse_word
from promptops.jobs.naming.prompt_facts import facts_of
from promptops.jobs.naming.symbol import Symbol
from promptops.jobs.naming.symbols import places_of
from promptops.jobs.naming.template_texts import texts_of
from promptops.jobs.workspace.case_requests import request_digests
from promptops.jobs.workspace.changed_tree import with_changes
from promptops.jobs.workspace.text_edits import edited_contents
from promptops.jobs.workspace.workspace import Workspace
from promptops.lint.subject import PromptFacts
from promptops.model.finding import Edit

Facts = Mapping[tuple[str, str], object]
"""What a rename must not change, by the path of a file and the kind of fact."""


def rename_local(workspace: Workspace, symbol: Symbol, new: str) -> tuple[Edit, ...]:
    """The edits that rename a local name or the item of a `for_each`, sorted by place.

    Raises UsageError for a name that can't be used, and if the rename would change a prompt.
    """
    catalog = workspace.catalog
    refuse_word(new)
    places = places_of(catalog, symbol)
    files = list(dict.fromkeys(place.path for place in places))
    _refuse_other_file(symbol, files)
    prompts = _prompts(catalog, files)
    _refuse_taken(catalog, files, prompts, new)
    edits = tuple(Edit(place, new) for place in places)
    after = with_changes(workspace, edited_contents(catalog, edits)).catalog
    _refuse_changes(_facts(catalog, files, prompts), _facts(after, files, prompts), new)
    return edits


def _refuse_other_file(symbol: Symbol, files: Iterable[str]) -> None:
    """The item of a `for_each` is visible in partials, which other prompts may include."""
    other = next((path for path in files if path not in symbol.homes), None)
    if symbol.kind == "item" and other is not None:
        hint = "pass it to a macro of the partial instead"
        raise UsageError(f"`{symbol.name}` is read in a partial, too", where=other, hint=hint)


def _prompts(catalog: Catalog, files: Iterable[str]) -> list[str]:
    """The prompt files that use one of some files, or are one."""
    found = dict.fromkeys(path for path in files if path in catalog.ids)
    for path in files:
        found |= dict.fromkeys(catalog.includers(path))
    return list(found)


def _refuse_taken(catalog: Catalog, files: Iterable[str], prompts: Iterable[str], new: str) -> None:
    for path in prompts:
        if new in declared(catalog, path):
            hint = "choose another name"
            raise UsageError(f"`{new}` is an input of `{catalog.ids[path]}`", hint=hint)
    for path in files:
        for text in texts_of(catalog, path):
            for local in local_names(text.value):
                if local.name == new:
                    place = text.place(*local.definitions[0])
                    raise UsageError(
                        f"`{new}` is defined already", where=str(place), hint="choose another name"
                    )


def _facts(catalog: Catalog, files: Iterable[str], prompts: Iterable[str]) -> Facts:
    """What each template reads from outside, and the digests of all requests."""
    found: dict[tuple[str, str], object] = {}
    for path in files:
        for text in texts_of(catalog, path) if path not in catalog.ids else ():
            found[path, "template"] = frozenset(walk(text, catalog.load).names())
    for path in prompts:
        subject = facts_of(catalog, catalog.loaded(path))
        found[path, "names"] = frozenset(_reads(subject))
        found[path, "requests"] = request_digests(catalog, path)
    return found


def _reads(subject: PromptFacts) -> Iterator[tuple[str, str]]:
    for scope in subject.scopes:
        yield from ((use.name, use.origin) for use in scope.scope.uses)


def _refuse_changes(before: Facts, after: Facts, new: str) -> None:
    path = next((key[0] for key, fact in before.items() if after[key] != fact), None)
    if path is not None:
        hint = "another template reads it by its name; rename it by hand"
        raise UsageError(f"with the name `{new}` this file would change", where=path, hint=hint)
