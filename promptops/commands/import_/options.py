"""What the user decides about an import."""

from __future__ import annotations

from promptops.formats.registry import ReadOptions
from promptops.records import record


@record(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """The options of `promptops import`.

    Attributes:
        to: A folder below a prompt root; None for the first root.
        format: Of all sources; None to recognise each file.
        identity: Of the only prompt of the only source, or None.
        select, exclude: Globs of paths below a source; after `::` of names inside of files.
        strict: A warning refuses its prompt.
        dry_run: Nothing is written.
        optional: Inputs that are only printed get the default "".
        tidy: Blank lines that tags leave are dropped.
        bodies: Messages of more lines than this go to files of their own; None for none.
        profiles: Prompts name model profiles.
    """

    to: str | None = None
    format: str | None = None
    identity: str | None = None
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    strict: bool = False
    dry_run: bool = False
    optional: bool = False
    tidy: bool = False
    bodies: int | None = None
    profiles: bool = False
    reading: ReadOptions
