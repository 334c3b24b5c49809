"""A bundle or a site inside an installed package."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from promptops.counting import counted
from promptops.errors import NotFound, UsageError
from promptops.runtime.loading.site import is_site
from promptops.runtime.loading.source import PACKAGE_PREFIX


def package_path(name: str) -> Path:
    """The path of a bundle or site in a package; for `a.b`, `a` is imported.

    `acme_prompts` is the site or the only bundle in that package, `acme_prompts/a/b.jsonl` a file
    in it.

    Raises NotFound, and UsageError for an invalid name.
    """
    package, _, inside = name.partition("/")
    where = f"{PACKAGE_PREFIX}{name}"
    folders = _folders(package, where)
    if inside:
        found = [folder / inside for folder in folders if (folder / inside).exists()]
    else:
        found = [folder for folder in folders if is_site(folder)]
        found = found or [file for folder in folders for file in _bundles(folder)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(sorted(file.name for file in found))
    hint = f"name one: {where}/FILE, where FILE is one of {names}" if found else None
    raise NotFound(f"the package has {counted(len(found), 'bundle')}", where=where, hint=hint)


def _folders(package: str, where: str) -> list[Path]:
    if not all(part.isidentifier() for part in package.split(".")):
        raise UsageError(f"{package!r} is not the name of a package", where=where)
    try:
        spec = find_spec(package)
    except ImportError:
        spec = None
    if spec is None:
        raise NotFound(
            "there is no such package", where=where, hint="check that it is installed here"
        )
    return [Path(each) for each in spec.submodule_search_locations or ()]


def _bundles(folder: Path) -> list[Path]:
    return [*folder.glob("*.jsonl"), *folder.glob("*.jsonl.gz")]
