"""What is found by being there: modules of a folder, and entry points of other packages."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from promptops.errors import InputError, UsageError
from promptops.suggestions import did_you_mean

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


def modules_in(package: ModuleType) -> list[Any]:
    """The modules in a package of one folder, in the order of their names."""
    return [import_module(f"{package.__name__}.{name}") for name in module_names(package)]


def module_named(package: ModuleType, name: str, *, unknown: str, known_as: str) -> Any:
    """A module in a package of one folder; raises UsageError if there is no such module.

    `unknown` is the message, and `known_as` names the modules in its hint: `formats`.
    """
    names = module_names(package)
    if name not in names:
        hint = did_you_mean(name, names) or f"{known_as}: {', '.join(names)}"
        raise UsageError(unknown, hint=hint)
    return import_module(f"{package.__name__}.{name}")


def module_names(package: ModuleType) -> list[str]:
    """The names of the modules in a package of one folder, sorted.

    `pkgutil` does the same but imports `inspect`, which takes 3 ms. It is used only if the package
    is not a folder with sources.
    """
    try:
        files = os.listdir(package.__path__[0])
    except OSError:
        files = []
    if "__init__.py" in files:
        return sorted(file[:-3] for file in files if file[-3:] == ".py" and file != "__init__.py")
    import pkgutil

    return [module.name for module in pkgutil.iter_modules(package.__path__)]


def registered(package: ModuleType, decorator: str) -> Mapping[str, str]:
    """From each name that `@decorator("name"` registers in a package of one folder to its module.

    The sources are searched and not imported, so that only the module that is needed runs.
    """
    before = f'\n@{decorator}("'.encode()
    loader: Any = package.__loader__
    found = {}
    for name in module_names(package):
        source = loader.get_data(os.path.join(package.__path__[0], f"{name}.py"))
        module = f"{package.__name__}.{name}"
        for line in source.split(before)[1:]:
            found[line.partition(b'"')[0].decode()] = module
    return found
