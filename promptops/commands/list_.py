"""`promptops list`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import click

from promptops.plurals import counted
from promptops.records import record
from promptops.records.outputs import output as output_of
from promptops.terminal.options import Command, at_option, common, note_hidden, selection
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.catalog.catalog import Catalog
    from promptops.model.loaded import LoadedPrompt
    from promptops.workspace.selection import SelectionOptions


@record(frozen=True, slots=True, kw_only=True)
class ListedPrompt:
    """A prompt of the catalog.

    Attributes:
        id: Its path below the prompt root without the extension.
        path: Relative to the repository root, forward slashes.
        status: As written; active by default.
        tags, owners: As written.
        model: The name of the profile, or the id of the model; None if it names none.
        cases: The number of test cases.
        digest: SHA-256 of its content with that of the files it uses, hexadecimal, without its
            cases; None if it can't be read.
        includes: Paths of all templates that it includes, sorted; as `path`.
    """

    id: str
    path: str
    status: Literal["draft", "active", "deprecated"] = "draft"
    tags: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    model: str | None = None
    cases: int = 0
    digest: str | None = None
    includes: tuple[str, ...] = ()


@output_of("list")
@record(frozen=True, slots=True, kw_only=True)
class PromptList:
    """The result of `list`.

    Attributes:
        revision: A commit id, or the name of the work tree or the index.
        prompts: Sorted by id.
    """

    revision: str
    prompts: tuple[ListedPrompt, ...]


@click.command("list", cls=Command)
@selection
@at_option
@common("text", "json")
def command(output: OutputOptions, wanted: SelectionOptions, revision: str) -> int:
    """List the prompts of the catalog.

    Warns about files below the prompt roots that look like prompts but are not read as prompts:
    YAML files with another extension, and prompt files of other tools. Notes prompts that git
    ignores. A prompt that can't be read is shown as `unreadable`.

    \b
    Example:
      promptops list
      promptops list 'support/*' --select status:active
      promptops list --at v1.2.0 --format json
    """
    from promptops.catalog.unread_prompts import UNREAD_MESSAGE
    from promptops.report.data_text import write_json
    from promptops.report.visible import visible, visible_path
    from promptops.storage.gc_paused import uncollected
    from promptops.workspace.listing import unread_files
    from promptops.workspace.selection import select
    from promptops.workspace.workspace import workspace

    with uncollected(), workspace(output.directory, revision, output.overrides) as opened:
        found = _listed(opened.catalog, select(opened, wanted).why)
        unread = unread_files(opened) if wanted.everything else ()
        if wanted.everything:
            note_hidden(output, opened)
    output.write_each(lambda name, _: _text(found) if name == "text" else write_json(found))
    for path, hint in unread:
        output.note(f"{visible_path(path)}: warning: {UNREAD_MESSAGE}\n  tip: {visible(hint)}")
    return 0


def _listed(catalog: Catalog, paths: Iterable[str]) -> PromptList:
    prompts = (_listed_prompt(catalog, loaded) for loaded in catalog.prompts(paths))
    return PromptList(
        revision=catalog.revision, prompts=tuple(sorted(prompts, key=lambda prompt: prompt.id))
    )


def _listed_prompt(catalog: Catalog, loaded: LoadedPrompt) -> ListedPrompt:
    from promptops.workspace.listing import content_digest

    prompt = loaded.prompt
    if prompt is None:
        return ListedPrompt(id=loaded.id, path=loaded.path)
    return ListedPrompt(
        id=loaded.id,
        path=loaded.path,
        status=prompt.status,
        tags=prompt.tags,
        owners=prompt.owners,
        model=prompt.model.profile or prompt.model.id,
        cases=len(prompt.cases),
        digest=content_digest(catalog, prompt),
        includes=tuple(sorted(text.path for text in catalog.reached(prompt))),
    )


def _text(found: PromptList) -> str:
    from promptops.report.visible import visible, visible_line

    rows = [
        (
            visible_line(prompt.id),
            "unreadable" if prompt.digest is None else prompt.status,
            visible(prompt.model or "-"),
            counted(prompt.cases, "case"),
        )
        for prompt in found.prompts
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    return "".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]])
        + "\n"
        for row in rows
    )
