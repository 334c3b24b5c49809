"""`promptops new`: create a prompt file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from promptops.errors import InputError, UsageError
from promptops.records import record
from promptops.records.outputs import output, shown
from promptops.terminal.complete import complete_id
from promptops.terminal.options import Command, common
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.workspace.workspace import Workspace


@click.command(cls=Command)
@click.argument("identity", metavar="ID", shell_complete=complete_id)
@common("text", "json")
def command(output: OutputOptions, identity: str) -> int:
    """Create a prompt file from a template, for you to edit.

    The id is its path below the prompt root, without the extension. Existing files are never
    overwritten.

    \b
    Example:
      promptops new support/triage
    """
    from promptops.report.data_text import write_json

    created = create_prompt(output.directory, identity)
    output.write_each(lambda name, _: _text(created) if name == "text" else write_json(created))
    return 0


def _text(created: CreatedPrompt) -> str:
    from promptops.report.visible import visible

    lines = [f"wrote {path}" for path in (created.schema_copy, created.path) if path]
    lines += [f"to add: {visible(name)}" for name in created.missing]
    return "\n".join([*lines, f"next: {created.next}", ""])


@output("new")
@record(frozen=True, slots=True, kw_only=True)
class CreatedPrompt:
    """The result of `new`.

    Attributes:
        id: Of the prompt.
        path: Of the new file, relative to the repository root.
        schema_copy: Path of the copy of the schema that was also created, or None.
        missing: Metadata that the configuration requires and that the author must add.
    """

    id: str
    path: str
    schema_copy: str | None
    missing: tuple[str, ...]

    @shown
    def next(self) -> str:
        """The command that shows the request of the prompt."""
        return f"promptops render {self.id}"


def create_prompt(directory: Path, identity: str) -> CreatedPrompt:
    """Create a prompt file without lint errors, for the author to edit.

    Raises UsageError for an id that is invalid or exists, InputError if the file can't be created,
    GitError without a work tree.
    """
    from promptops.lint.ids import refuse_unfit
    from promptops.workspace.new_files import (
        create_file,
        model_lines,
        relative_path,
        schema_path,
        template,
        write_schema_copy,
    )
    from promptops.workspace.workspace import workspace

    refuse_unfit(identity)
    with workspace(directory) as opened:
        _check_free(opened, identity)
        root = opened.repository.root
        path = _path(opened, identity)
        schema = schema_path(root)
        written = write_schema_copy(root)
        metadata, missing = _metadata(opened, identity)
        text = template(
            "new.prompt.yaml",
            schema=relative_path(schema, path),
            model=model_lines(opened.config),
            metadata=metadata,
        )
        if not create_file(root, path, text):
            raise InputError("a file exists there already", where=path, hint="move it away")
        return CreatedPrompt(id=identity, path=path, schema_copy=written, missing=missing)


def _check_free(opened: Workspace, identity: str) -> None:
    for other, path in opened.catalog.paths.items():
        if other == identity:
            raise UsageError(f"the prompt {identity!r} exists already", hint=f"edit {path}")
        if other.startswith(f"{identity}/"):
            raise UsageError(
                f"{identity!r} is a folder of other ids, such as {other!r}",
                hint=f"git can't have tags of both; write '{identity}/NAME'",
            )
        if identity.startswith(f"{other}/"):
            raise UsageError(
                f"{other!r} is a prompt, so it can't also be a folder",
                hint="git can't have tags of both; choose another folder",
            )


def _path(opened: Workspace, identity: str) -> str:
    from promptops.catalog.files import PROMPT_ENDINGS

    root = opened.config.prompts[0]
    return f"{'' if root == '.' else f'{root}/'}{identity}{PROMPT_ENDINGS[0]}"


def _metadata(opened: Workspace, identity: str) -> tuple[str, tuple[str, ...]]:
    """The known metadata lines of the prompt, and the other required keys."""
    known: dict[str, Callable[[], Iterator[str]]] = {
        "title": lambda: iter([identity.rpartition("/")[2].replace("-", " ").capitalize()]),
        "owners": lambda: _owner(opened),
        "tags": lambda: iter([identity.partition("/")[0]]),
    }
    required = opened.config.lint.required_metadata
    lines, missing = ["description: Answer a question in plain words."], []
    for name in required:
        value = next(known[name](), None) if name in known else None
        if value is not None:
            quoted = json.dumps(value, ensure_ascii=False)
            lines.append(f"{name}: {quoted if name == 'title' else f'[{quoted}]'}")
        elif name not in _WRITTEN:
            missing.append(name)
    return "\n".join(lines), tuple(missing)


_WRITTEN = ("description", "status", "model", "inputs", "tests")


def _owner(opened: Workspace) -> Iterator[str]:
    """The author, from git's identity."""
    from promptops.repo.process import decode

    name = decode(opened.repository.git.ask("config", "--get", "user.name").stdout).strip()
    if name and name.isprintable():
        yield name
