"""The prompts of promptops itself: its judges, and the one that proposes another wording."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from promptops.catalog.catalog import Catalog
from promptops.errors import InputError
from promptops.model.config import Config
from promptops.model.prompt import Prompt
from promptops.records import record
from promptops.repo.tree import TreeEntry

_HERE = Path(__file__).parent


@cache
def packaged_prompt(folder: str, name: str) -> Prompt:
    """The prompt with a name in a folder beside this module, such as `judges`.

    Raises InputError if it does not exist or can't be read.
    """
    catalog = Catalog(_PackagedFolder(_HERE / folder), Config(prompts=(".",)))
    loaded = catalog.loaded(f"{name}.prompt.yaml")
    if loaded.prompt is None:
        at = str(loaded.problems[0].at)
        raise InputError(f"the prompt {name!r} of promptops can't be read", where=at)
    return loaded.prompt


@record(frozen=True, slots=True)
class _PackagedFolder:
    """A folder of the package as a tree."""

    folder: Path
    revision: str = "built-in"

    @property
    def entries(self) -> Mapping[str, TreeEntry]:
        names = sorted(file.name for file in self.folder.iterdir())
        return {name: TreeEntry(path=name, blob="") for name in names}

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        return {path: (self.folder / path).read_bytes() for path in paths}
