"""The templates that other templates include, at any depth."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from promptops.analysis.includes import includes
from promptops.catalog.build import texts
from promptops.catalog.files import Files
from promptops.model.place import Text
from promptops.model.prompt import Prompt


class Includes:
    """What texts include, computed on first use."""

    def __init__(self, files: Files, load: Callable[[str, str], Text | None]) -> None:
        """`load` is as `Catalog.load`."""
        self._files = files
        self._load = load
        self._known: dict[tuple[str, str], tuple[Text, ...]] = {}

    @property
    def paths(self) -> Iterable[str]:
        """The paths of the texts whose includes are known."""
        return (path for path, _ in self._known)

    def included(self, text: Text) -> tuple[Text, ...]:
        """All templates that a text includes at any depth, each once, breadth first."""
        key = text.path, text.value
        if key not in self._known:
            self._known[key] = tuple(self._reach(text).values())
        return self._known[key]

    def reached(self, prompt: Prompt) -> tuple[Text, ...]:
        """The body files and partials that a prompt's messages use, each once."""
        found: dict[str, Text] = {}
        for text in texts(prompt):
            if text.path != prompt.path and self._files.is_file(text.path):
                found.setdefault(text.path, text)
            for included in self.included(text):
                found.setdefault(included.path, included)
        found.pop(prompt.path, None)
        return tuple(found.values())

    def forget(self, paths: Collection[str]) -> None:
        """Compute anew what the texts of some files include."""
        self._known = {key: found for key, found in self._known.items() if key[0] not in paths}

    def _reach(self, text: Text) -> dict[str, Text]:
        found: dict[str, Text] = {}
        waiting = [text]
        while waiting:
            current = waiting.pop(0)
            for name in dict.fromkeys(include.name for include in includes(current)):
                target = self._load(current.path, name)
                if target is not None and target.path not in found:
                    found[target.path] = target
                    waiting.append(target)
        return found
