"""Which kind of source a text means."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from promptops.errors import NotFound, UsageError
from promptops.runtime.sources.file import BundleFile
from promptops.runtime.sources.source import Source, shown

_KINDS = "a folder, a bundle, https://…, git+https://…, git+ssh://…, git+file://… or pkg:NAME"


def opened(where: str, git: Callable[[str], Source]) -> Source:
    """The source; `git` opens those in repositories, here or elsewhere.

    Raises UsageError for what means none, NotFound where nothing is there.
    """
    from promptops.runtime.sources import package, site

    if where.startswith(package.PREFIX):
        return _at(package.package_path(where.removeprefix(package.PREFIX)), git)
    scheme, is_address, _ = where.partition("://")
    if not is_address:
        return _at(Path(where).absolute(), git)
    if scheme in ("https", "http"):
        return site.site_at(where)
    if scheme.startswith("git+"):
        return git(where)
    raise UsageError(f"{shown(where)!r} is no source", hint=f"a source is {_KINDS}")


def named_source(source: str | os.PathLike[str] | None, here: Callable[[], Path]) -> str:
    """The source that is given, else PROMPTOPS_SOURCE, else the repository around a folder.

    Raises UsageError if there is none of them.
    """
    asked = source or os.environ.get("PROMPTOPS_SOURCE")
    if asked:
        return os.fspath(asked)
    around = here()
    for folder in (around, *around.parents):
        if (folder / ".git").exists():
            return str(folder)
    hint = "give `source=`, or set PROMPTOPS_SOURCE"
    raise UsageError("there is no source, and no repository around", where=str(around), hint=hint)


def _at(path: Path, git: Callable[[str], Source]) -> Source:
    from promptops.runtime.sources import site

    if site.is_site(path):
        return site.site_folder(path)
    if os.path.isdir(path):
        return git(str(path))
    if os.path.isfile(path):
        return BundleFile(path)
    hint = f"a source is {_KINDS}; is it there, and may it be read?"
    raise NotFound("there is no such source", where=shown(str(path)), hint=hint)
