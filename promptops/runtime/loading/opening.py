"""Recognise the kind of a source and open it."""

from __future__ import annotations

import os
from collections.abc import Callable

from promptops.errors import NotFound, UsageError
from promptops.runtime.loading.bundle_file import BundleFile
from promptops.runtime.loading.source import PACKAGE_PREFIX, BundleSource, shown

_KINDS = "a folder, a bundle, https://…, git+https://…, git+ssh://…, git+file://… or pkg:NAME"


def opened(where: str, git: Callable[[str], BundleSource]) -> BundleSource:
    """The source; `git` opens local and remote repositories.

    Raises UsageError for a string that names no kind of source, NotFound if the source does not
    exist.
    """
    if where.startswith(PACKAGE_PREFIX):
        from promptops.runtime.loading.package import package_path

        return _at(str(package_path(where.removeprefix(PACKAGE_PREFIX))), git)
    scheme, is_address, _ = where.partition("://")
    if not is_address:
        return _at(_absolute(where), git)
    if scheme in ("https", "http"):
        from promptops.runtime.loading.site import site_at

        return site_at(where)
    if scheme.startswith("git+"):
        return git(where)
    raise UsageError(f"{shown(where)!r} is not a source", hint=f"a source is {_KINDS}")


def named_source(
    source: str | os.PathLike[str] | None, here: Callable[[], str | os.PathLike[str]]
) -> str:
    """The given source, otherwise PROMPTOPS_SOURCE, otherwise the repository around a folder.

    `here` returns the absolute path of that folder. Raises UsageError if there is no source.
    """
    named = source or os.environ.get("PROMPTOPS_SOURCE")
    if named:
        return os.fspath(named)
    around = os.fspath(here())
    folder, above = around, os.path.dirname(around)
    while not os.path.exists(os.path.join(folder, ".git")):
        if above == folder:
            hint = "pass `source=`, or set PROMPTOPS_SOURCE"
            message = "no source is given, and there is no git repository here"
            raise UsageError(message, where=around, hint=hint)
        folder, above = above, os.path.dirname(above)
    return folder


def _absolute(path: str) -> str:
    """An absolute path that keeps `..`, because the folder before it may be a link."""
    if os.pardir not in path:
        return os.path.abspath(path)
    from pathlib import Path

    return str(Path(path).absolute())


def _at(path: str, git: Callable[[str], BundleSource]) -> BundleSource:
    if os.path.isfile(path):
        return BundleFile(path)
    if os.path.isdir(path):
        from pathlib import Path

        from promptops.runtime.loading.site import is_site, site_folder

        return site_folder(Path(path)) if is_site(Path(path)) else git(path)
    hint = f"a source is {_KINDS}; check that it exists and can be read"
    raise NotFound("there is no such source", where=shown(path), hint=hint)
