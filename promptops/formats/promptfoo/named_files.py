"""Files that a configuration of promptfoo names, also by globs."""

from __future__ import annotations

from promptops.formats.source_file import SourceFile
from promptops.patterns import lazy_pattern

_GLOB = lazy_pattern(r"[*?\[]")


def files_named(file: SourceFile, name: str) -> list[SourceFile]:
    """The files of a path or a glob relative to the file, sorted; empty if there are none.

    Raises UnreadableSource.
    """
    if not _GLOB.search(name):
        found = file.beside(name)
        return [found] if found is not None else []
    if name.startswith("/") or ".." in name.split("/"):
        return []
    folder = (file.folder.root / file.path).parent
    try:
        paths = sorted(path.relative_to(folder).as_posix() for path in folder.glob(name))
    except (ValueError, OSError):  # `a**b`, which is not a glob, and too long names
        return []
    return [found for path in paths if (found := file.beside(path)) is not None]
