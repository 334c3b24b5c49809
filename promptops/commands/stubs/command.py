"""`promptops stubs`: types for the prompts of a release, as a Python or TypeScript module."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from promptops.errors import IntegrityError, UsageError
from promptops.records import replace
from promptops.terminal.options import Command, common
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.model.prompt import Prompt
    from promptops.model.shipping import Stubs
    from promptops.runtime.bundle.format import Contents


@click.command(cls=Command)
@click.argument("ref", metavar="REF")
@click.option("-o", "--output", "target", metavar="FILE", help="Write to a file, not to stdout.")
@common("python", "typescript", "json")
def command(output: OutputOptions, ref: str, target: str | None) -> int:
    """Generate a module with types for the prompts of REF.

    The module is one of Python, or of TypeScript for the npm package. REF is a revision, the tag
    of a release, a bundle file, or `worktree`. With the module, mypy, pyright, tsc and editors know
    each prompt id, the inputs of `render` and the result of `parse`. A Python module needs Python
    3.11. Generate it again for another release.

    \b
    Example:
      promptops stubs v1.8.0 -o src/acme/prompts.py
      promptops stubs worktree -o src/acme/prompts.py
      promptops stubs v1.8.0 --format typescript -o src/prompts.ts
    """
    from promptops.commands.stubs.report import typed_module

    if target is not None:
        output = replace(output, formats=_into(output.formats, target))
    stubs = load_stubs(output.directory, ref, target, output.overrides)
    output.write_report("stubs", typed_module(stubs), stubs=stubs)
    return 0


def _into(formats: tuple[tuple[str, str], ...], target: str) -> tuple[tuple[str, str], ...]:
    """The formats, with `target` in the place of stdout."""
    if not any(file == "-" for _, file in formats):
        raise UsageError(
            "every format has a file already, so -o has nothing to write",
            hint="write -o FILE or --format NAME=FILE",
        )
    return tuple((name, target if file == "-" else file) for name, file in formats)


# The prompts of a revision, a bundle or the work tree, for generating a typed module.

_MISSHAPEN = (AttributeError, KeyError, TypeError, ValueError, RecursionError)


def load_stubs(
    directory: Path, ref: str, target: str | None = None, overrides: Sequence[str] = ()
) -> Stubs:
    """The prompts to generate types for.

    Args:
        ref: The file of a bundle, `worktree`, `index`, or a revision; a release by its tag.
        target: The file that the module is written to; None for stdout.

    Raises:
        InputError: A prompt, or the bundle, can't be read.
        GitError: There is no such revision, or no repository.
    """
    from promptops.bundles.build import build
    from promptops.repo.repository import INDEX, WORKTREE
    from promptops.runtime.bundle.format import MAX_BYTES, read_bundle
    from promptops.runtime.loading.bundle_file import read_file, unpacked

    made_by = " ".join(map(shlex.quote, _command(ref, target)))
    file = directory / ref
    if file.is_file():
        data = unpacked(read_file(file, MAX_BYTES) or b"", ref)
        return _bundle_stubs(read_bundle(data, ref), file.name, made_by)
    if ref in (WORKTREE, INDEX):
        return _file_stubs(directory, ref, made_by, overrides)
    return _bundle_stubs(build(directory, ref, overrides).contents, ref, made_by)


def _command(ref: str, target: str | None) -> list[str]:
    """The command without absolute paths, which differ between machines."""
    rest = [] if target is None else ["-o", _here(target)]
    return ["promptops", "stubs", _here(ref), *rest]


def _here(path: str) -> str:
    return Path(path).name if Path(path).is_absolute() else path


def _bundle_stubs(contents: Contents, title: str, made_by: str) -> Stubs:
    from promptops.model.shipping import Stubs

    origin = contents.origin
    return Stubs(
        title=origin.release or (title if len(title) < 40 else title[:12]),
        release=origin.release,
        digest=contents.digest,
        made_by=made_by,
        prompts=tuple(_prompt(contents, name, title) for name in sorted(contents.prompts)),
    )


def _prompt(contents: Contents, name: str, where: str) -> Prompt:
    from promptops.runtime.bundle.prompts import prompt_of

    try:
        return prompt_of(contents.line(contents.prompts[name]))
    except _MISSHAPEN:
        raise IntegrityError("a prompt of the bundle can't be read", where=where) from None


def _file_stubs(directory: Path, ref: str, made_by: str, overrides: Sequence[str]) -> Stubs:
    from promptops.model.shipping import Stubs
    from promptops.repo.repository import WORKTREE
    from promptops.workspace.listing import unreadable_error
    from promptops.workspace.workspace import workspace

    prompts = {}
    with workspace(directory, ref, overrides) as opened:
        for loaded in opened.catalog.prompts():
            if loaded.prompt is None:
                raise unreadable_error(loaded)
            prompts[loaded.id] = loaded.prompt
    return Stubs(
        title="the work tree" if ref == WORKTREE else "the index",
        release=None,
        digest=None,
        made_by=made_by,
        prompts=tuple(prompts[name] for name in sorted(prompts)),
    )
