"""`promptops build`: one file with all prompts of a release."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from promptops.errors import UsageError
from promptops.plurals import counted
from promptops.report.visible import visible, visible_path
from promptops.terminal.options import Command, common
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.model.release import Publication


@click.command(cls=Command)
@click.argument("revision", metavar="[REF]", required=False)
@click.option(
    "-o",
    "--output",
    "file",
    metavar="FILE",
    help="Write the bundle to FILE, or `-` for stdout; compressed if it ends in `.gz`.",
)
@click.option(
    "--site", metavar="DIR", help="Add the release to the folder that a static host serves."
)
@click.option(
    "--sign",
    is_flag=True,
    help="Also write the signature FILE.sig, with the key that git signs with.",
)
@click.option(
    "--bundle-format",
    "number",
    type=click.Choice(["1", "2"]),
    help="Of a file: 2 has each template parsed; by default what the tag records, else 1 for a "
    "tag, and 2 for another revision.",
)
@common("text", "json", acts=True)
def command(
    output: OutputOptions,
    *,
    revision: str | None,
    file: str | None,
    site: str | None,
    sign: bool,
    number: str | None,
) -> int:
    """Build one file with all prompts of a release or commit, for applications to load.

    The same commit gives the same bytes on every machine. REF is the tag of a release, or another
    revision, whose prompts have no version; HEAD by default. With --site and without REF, only
    the channels are updated.

    \b
    Example:
      promptops build v1.8.0 -o prompts.jsonl
      promptops build v1.8.0 -o prompts.jsonl.gz --sign
      promptops build v1.8.0 --site public
    """
    from promptops.bundles.build import build, save_bundle
    from promptops.bundles.site import publish
    from promptops.storage.gc_paused import uncollected

    if (file is None) == (site is None):
        raise UsageError("write -o FILE or --site DIR", hint="-o - for stdout")
    if number is not None and site is not None:
        hint = "a site has each release in the format that its tag records: leave it out"
        raise UsageError("--bundle-format is for -o FILE", hint=hint)
    if file == "-" and (sign or output.format == "json"):
        raise UsageError("the bundle itself is written to stdout", hint="name a file: -o FILE")
    with uncollected():
        if site is not None:
            folder = Path(output.directory, site)
            done = publish(
                output.directory, revision, folder, sign=sign, overrides=output.overrides
            )
        else:
            wanted = int(number) if number is not None else None
            built = build(output.directory, revision or "HEAD", output.overrides, wanted)
            if file == "-":
                output.write_bytes(built.data)
                return 0
            where = Path(output.directory, str(file))
            done = save_bundle(built, output.directory, where, sign=sign)
    output.write_report("build", done)
    return 0


# The report of `build` for people: the written files, and their digest.


def write_text(done: Publication, **_: object) -> str:
    """One line for each written file, then the channels that changed."""
    return "".join(f"{line}\n" for line in _lines(done))


def _lines(done: Publication) -> Iterator[str]:
    yield from map(visible_path, done.files)
    if done.built is not None:
        name = visible(done.built.release or done.built.commit[:12])
        yield f"{name}, {counted(done.built.prompts, 'prompt')}, sha256:{done.built.bundle_sha256}"
    if done.channels:
        yield f"channels that now serve another release: {visible(', '.join(done.channels))}"
    elif done.built is None:
        yield "no channel changed"
    yield from (f"note: {visible(note)}" for note in done.notes)
