"""Imports of libraries without those of their parts that a short process does not use."""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Any

from promptops.patterns import lazy_patterns

_PARSERS = ("jinja2.nodes", "jinja2.lexer", "yaml._yaml")


def import_parsers() -> None:
    """Import the parsers of YAML and templates without the rest of their packages.

    For short-lived processes with one thread. A missing module is reported when it is used.
    """
    for name in ("jinja2", "yaml", "inspect"):
        run_body_at_need(name)
    with lazy_patterns(), suppress(ImportError):
        for name in _PARSERS:
            import_module(name)


def run_body_at_need(name: str) -> None:
    """Import a module now and run it, of a package its `__init__`, when more than a part is used.

    The `__init__` of Jinja2 imports its bytecode cache, its loaders and more, which takes a tenth
    of a hook's time. Does nothing if the package is imported already or is
    not found. For short-lived processes with one thread.
    """
    spec = PathFinder.find_spec(name) if name not in sys.modules else None
    if spec is None or spec.loader is None:
        return
    module = _NotRun(name)
    module.__spec__, module.__loader__ = spec, spec.loader
    module.__file__, module.__package__ = spec.origin, spec.parent
    if spec.submodule_search_locations is not None:
        module.__path__ = spec.submodule_search_locations
    sys.modules[name] = module


class _NotRun(ModuleType):
    """A module whose body has not run yet; afterwards it is a plain module."""

    def __getattr__(self, name: str) -> Any:
        """Called for a missing attribute: import a submodule, or run the body of the module."""
        qualified, parts = f"{self.__name__}.{name}", self.__dict__.get("__path__")
        if parts and not name.startswith("__") and PathFinder.find_spec(qualified, parts):
            return import_module(qualified)
        self.__class__ = ModuleType  # type: ignore[assignment]  # typed as fixed, but Python allows it
        if self.__spec__ is not None and self.__spec__.loader is not None:
            self.__spec__.loader.exec_module(self)
        return getattr(self, name)
