"""The modules of a package, discovered in its folder: rules, assertions, commands."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import ModuleType
from typing import Any


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
