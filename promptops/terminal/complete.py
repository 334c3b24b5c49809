"""Shell completion of prompt ids, case names, model profiles and operators."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from promptops.workspace.workspace import Workspace


def complete_prompt(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Ids that begin with `incomplete`, or else files; nothing outside a repository."""
    from click.shell_completion import CompletionItem

    paths = _beginning(ctx, "", lambda opened: opened.catalog.paths)
    found = [CompletionItem(name) for name in paths if name.startswith(incomplete)]
    return found or [CompletionItem(incomplete, type="file")] * bool(paths)


def complete_id(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Ids that begin with `incomplete`; nothing outside a repository."""
    return _beginning(ctx, incomplete, lambda opened: opened.catalog.paths)


def complete_case(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Names of the prompt's cases that begin with `incomplete`."""
    from promptops.workspace.named_prompts import optional_prompt

    # If an option lacks its value, click leaves the arguments unparsed.
    name = ctx.params.get("identity") or next(iter(ctx.args), "")

    def names(opened: Workspace) -> Iterator[str]:
        path = optional_prompt(opened.catalog, opened.repository, name)
        prompt = opened.catalog.loaded(path).prompt if path else None
        yield from (case.name for case in prompt.cases) if prompt else ()

    return _beginning(ctx, incomplete, names)


def complete_profile(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Names of model profiles that begin with `incomplete`."""
    return _beginning(ctx, incomplete, lambda opened: opened.config.models)


def _beginning(
    ctx: click.Context, incomplete: str, names: Callable[[Workspace], Iterable[str]]
) -> list[str]:
    """The names in the repository that begin with `incomplete`; nothing outside of one."""
    from promptops.errors import PromptopsError
    from promptops.workspace.workspace import workspace

    try:
        with workspace(Path(ctx.params.get("directory") or ".")) as opened:
            return [name for name in names(opened) if name.startswith(incomplete)]
    except PromptopsError:
        return []


def complete_operator(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Names of the operators of mutation testing that begin with `incomplete`."""
    from promptops.model.mutant import OPERATORS

    return [name for name in OPERATORS if name.startswith(incomplete)]


def complete_family(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Names of families of probes that begin with `incomplete`."""
    from promptops.evals.probe_library import family_names

    return [name for name in family_names() if name.startswith(incomplete)]


def complete_dimension(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Dimensions of groups of samples; the ones before the last comma are kept."""
    from promptops.model.score import DIMENSIONS

    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in DIMENSIONS if name.startswith(last)]


def complete_input(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Names of formats of samples that begin with `incomplete`."""
    from promptops.source.traffic.reading import reader_names

    return [name for name in ("auto", *reader_names()) if name.startswith(incomplete)]
