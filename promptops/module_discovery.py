"""The modules of a package, discovered in its folder: rules, assertions, commands."""

from __future__ import annotations

import os
from types import ModuleType


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
