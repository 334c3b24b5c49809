"""REP001."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.lint import Problem, Related, Severity, rule
from promptops.lint.ids import Twin, shown, twins
from promptops.lint.subject import LintRun
from promptops.model.place import Place


@rule("REP001", severity=Severity.ERROR)
def duplicate_id(catalog: Catalog, run: LintRun) -> Iterator[Problem]:
    """An id or alias belongs to exactly one prompt.

    Two files can have the same id, such as `ask.prompt.yaml` and `ask.prompt.yml`, or ids that
    differ only in case. Then the file system decides which prompt an application gets: macOS and
    Windows check out only one of two names that differ in case. An alias is an earlier name of a
    prompt, so it can't be the id of another prompt.

    Bad:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        messages:
          - {role: user, content: Say hello.}
        --- prompts/Ask.prompt.yaml
        format: promptops/1
        messages:
          - {role: user, content: Say goodbye.}

    Bad:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        aliases: [tell]
        messages:
          - {role: user, content: Say hello.}
        --- prompts/tell.prompt.yaml
        format: promptops/1
        messages:
          - {role: user, content: Say goodbye.}

    Good:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        aliases: [question]
        messages:
          - {role: user, content: Say hello.}
        --- prompts/tell.prompt.yaml
        format: promptops/1
        messages:
          - {role: user, content: Say goodbye.}
    """
    for twin in twins(catalog, run.concerned):
        yield _same(twin)
    if run.complete:
        yield from _aliases(catalog)


def _same(twin: Twin) -> Problem:
    message = f"`{shown(twin.id)}` is the id of two files"
    if twin.id != twin.other_id:
        ids = f"`{shown(twin.id)}` and `{shown(twin.other_id)}`"
        message = f"the ids {ids} are the same on some file systems"
    related = Related(Place(twin.other), "the other one")
    return Problem(message, at=Place(twin.path), hint="rename one of them", related=(related,))


def _aliases(catalog: Catalog) -> Iterator[Problem]:
    """Each alias that is already an id or the alias of another prompt."""
    aliased = {path for paths in catalog.graph.aliases.values() for path in paths}
    if not aliased:
        return
    known: dict[str, Place] = {identity: Place(path) for identity, path in catalog.paths.items()}
    for path in sorted(aliased):
        if catalog.id_of(path) is None:
            continue
        document = catalog.document(path)
        for index, alias in enumerate(_listed(document.value)):
            place = document.place(f"/aliases/{index}")
            if alias in known:
                yield Problem(
                    f"the alias `{shown(alias)}` is {_owner(known[alias], path, catalog, alias)}",
                    at=place,
                    hint="remove it",
                    related=(Related(known[alias], "it is written here"),),
                )
            known.setdefault(alias, place)


def _listed(value: Any) -> list[str]:
    aliases = value.get("aliases") if isinstance(value, dict) else None
    return [a for a in aliases if isinstance(a, str)] if isinstance(aliases, list) else []


def _owner(known: Place, path: str, catalog: Catalog, alias: str) -> str:
    is_id = catalog.paths.get(alias) == known.path
    if known.path == path:
        return "the prompt's own id" if is_id else "listed twice"
    return f"the id of `{known.path}`" if is_id else f"also an alias of `{known.path}`"
