"""Plug-ins: what installed packages offer by entry points. Only `load` imports anything.

The groups are `promptops.rules`, `promptops.assertions`, `promptops.providers` and
`promptops.formats`. An untrusted change loads none: see `promptops.untrusted`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptops.errors import InputError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_METADATA = (".dist-info", ".egg-info")


def offers(group: str) -> tuple[EntryPoint, ...]:
    """The entry points of a group.

    `importlib.metadata` takes 10 ms, so it is imported only if a package names the group.
    """
    if not any(_may_offer(Path(folder or "."), group.encode()) for folder in sys.path):
        return ()
    from importlib.metadata import entry_points

    return tuple(entry_points(group=group))


def offer_of(group: str, name: str, kind: str) -> EntryPoint | None:
    """The entry point with a name; None if no package offers it.

    `kind` is what it provides, in words. Raises InputError if two packages offer it.
    """
    found = [offer for offer in offers(group) if offer.name == name]
    if found[1:]:
        values = " and ".join(sorted(offer.value for offer in found))
        raise InputError(f"two packages provide the {kind} `{name}`: {values}")
    return found[0] if found else None


def load(offer: EntryPoint) -> Any:
    """Import what an entry point names; raises InputError if that fails.

    It is never skipped: without it a check would pass that tested nothing.
    """
    try:
        return offer.load()
    except (Exception, SystemExit) as error:
        message = f"the plug-in `{offer.name}` can't be imported: {error}"
        raise InputError(message, where=offer.value, hint="fix or uninstall it") from error


def _may_offer(folder: Path, group: bytes) -> bool:
    """Whether a folder of `sys.path` may have the metadata of a plug-in."""
    if folder.suffix == ".egg":
        return True
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.name.endswith(_METADATA)]
    except OSError:
        return folder.is_file()  # a zip file, which is not searched here
    return any(_names(folder / name / "entry_points.txt", group) for name in names)


def _names(file: Path, group: bytes) -> bool:
    try:
        return group in file.read_bytes()
    except FileNotFoundError:
        return False
    except OSError:
        return True
