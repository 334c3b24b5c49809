"""Check that Python finds bytecode of its imports, and does not compile them at every start."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

PACKAGES = ("promptops", "jinja2", "yaml")
"""The packages that a commit hook imports."""


def without_bytecode() -> tuple[Path, ...]:
    """The folders to compile: those of imported modules without bytecode on disk.

    Python writes bytecode at the first import if it can, so these are compiled at every start.
    """
    modules = tuple(sys.modules)  # a lazy module imports others when it is looked at
    return _folders(name for name in modules if name.partition(".")[0] in PACKAGES)


def _folders(names: Iterable[str]) -> tuple[Path, ...]:
    found = {_folder(sys.modules[name]) for name in names if _lacks_bytecode(sys.modules[name])}
    return tuple(sorted(found))


def _lacks_bytecode(module: ModuleType) -> bool:
    file, compiled = getattr(module, "__file__", None), getattr(module, "__cached__", None)
    is_source = file is not None and file.endswith(".py") and os.path.isfile(file)
    return is_source and compiled is not None and not os.path.isfile(compiled)


def _folder(module: ModuleType) -> Path:
    """The folder of packages that the module is installed in, or of its package in a checkout."""
    package = Path(str(sys.modules[module.__name__.partition(".")[0]].__file__)).parent
    return package.parent if package.parent.name == "site-packages" else package
