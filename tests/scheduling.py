"""How the tests of the fast tier are shared out among workers: a file, or a group, at a time.

pytest-xdist hands out single tests and looks at all that it handed out after each of them: seconds
of processor time for thousands of tests of a millisecond, and each worker makes the fixtures of
each module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdist.scheduler import LoadGroupScheduling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xdist.workermanage import WorkerController


class FilesAtATime(LoadGroupScheduling):
    """Gives a worker all tests of a file, but for those of an `xdist_group`. Most tests first."""

    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        return nodeid.partition("::")[0] if scope == nodeid else scope

    def add_node_collection(self, node: WorkerController, collection: Sequence[str]) -> None:
        """Remember where each test of a worker stands, so that `index` need not search."""
        super().add_node_collection(node, collection)
        if node in self.registered_collections:
            self.registered_collections[node] = _Indexed(collection)


class _Indexed(list[str]):
    """A list of different texts that knows where each of them is."""

    def __init__(self, texts: Sequence[str]) -> None:
        super().__init__(texts)
        self._places = {text: at for at, text in enumerate(self)}

    def index(self, text: str, *_: object) -> int:  # type: ignore[override]
        return self._places[text]
