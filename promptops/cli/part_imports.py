"""Import some modules of a package without everything that its `__init__` imports."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Any


def run_body_at_need(name: str) -> None:
    """Import a package now, and run its `__init__` once something other than a module is used.

    The `__init__` of Jinja2 imports its bytecode cache, its loaders and more, which takes a tenth
    of a hook's time. Does nothing if the package is imported already or is
    not found. For short-lived processes with one thread.
    """
    spec = PathFinder.find_spec(name) if name not in sys.modules else None
    if spec is None or spec.loader is None or spec.submodule_search_locations is None:
        return
    package = _Package(name)
    package.__spec__, package.__loader__ = spec, spec.loader
    package.__path__ = spec.submodule_search_locations
    package.__file__, package.__package__ = spec.origin, name
    sys.modules[name] = package


class _Package(ModuleType):
    """A package whose body has not run yet; a plain module once it has."""

    def __getattr__(self, name: str) -> Any:
        """Called for missing attributes: a module of the package, or any other name."""
        qualified = f"{self.__name__}.{name}"
        if not name.startswith("__") and PathFinder.find_spec(qualified, self.__path__):
            return import_module(qualified)
        self.__class__ = ModuleType  # type: ignore[assignment]
        if self.__spec__ is not None and self.__spec__.loader is not None:
            self.__spec__.loader.exec_module(self)
        return getattr(self, name)
