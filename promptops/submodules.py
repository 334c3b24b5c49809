"""The modules of a package, found by being there: rules, assertions, commands."""

from __future__ import annotations

import os
from types import ModuleType


def module_names(package: ModuleType) -> list[str]:
    """The names of the modules in a package of one folder, sorted.

    `pkgutil` does the same and imports `inspect` for it, which takes 3 ms; it is used where the
    package is not a folder with sources.
    """
    try:
        files = os.listdir(package.__path__[0])
    except OSError:
        files = []
    if "__init__.py" in files:
        return sorted(file[:-3] for file in files if file[-3:] == ".py" and file != "__init__.py")
    import pkgutil

    return [module.name for module in pkgutil.iter_modules(package.__path__)]
