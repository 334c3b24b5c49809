"""The prompt files of a tree as YAML documents; a path that is not a plain file is a problem."""

from __future__ import annotations

from promptops.catalog.files import Files
from promptops.catalog.prompt_ids import PromptIds
from promptops.model.finding import Problem
from promptops.model.internal_error import internal_error
from promptops.model.place import Place
from promptops.source.conflicts import CODE as CONFLICT
from promptops.source.conflicts import UNMERGED_HINT
from promptops.source.document import Document, read


class PromptDocuments:
    """Prompt files, parsed on first use."""

    def __init__(self, files: Files, ids: PromptIds) -> None:
        self._files = files
        self._ids = ids
        self._documents: dict[str, Document] = {}
        self._with_places = False

    def expect_places(self) -> None:
        """From now on, compute places while parsing: faster if most of them will be needed."""
        self._with_places = True

    def document(self, path: str) -> Document:
        """A prompt file with the place of each value; what prevents parsing is in its problems."""
        if path not in self._documents:
            try:
                self._documents[path] = self._parsed(path)
            except BaseException as error:  # noqa: BLE001  # re-raised unless it is a bug
                problem = internal_error(error).problem(Place(path))
                self._documents[path] = _without_content(path, problem)
        return self._documents[path]

    def drop(self, path: str) -> None:
        """Free the memory of a document; a later request parses the file again."""
        self._documents.pop(path, None)

    def _parsed(self, path: str) -> Document:
        data = self._files.data(path)
        if data is None:
            return self._not_a_file(path)
        if self._with_places:
            return read(path, data)
        from promptops.source.quick_document import read_by_value

        return read_by_value(path, data)

    def _not_a_file(self, path: str) -> Document:
        entry = self._files.entries.get(path)
        absent = "folder" if path in self._ids.folders else "missing"
        kind = entry.kind if entry is not None else absent
        code = CONFLICT if kind == "unmerged" else "SCH001"
        problem = Problem(_NOT_A_FILE[kind], at=Place(path), hint=_FIX.get(kind), code=code)
        return _without_content(path, problem)


def _without_content(path: str, problem: Problem) -> Document:
    document = read(path, b"")
    document.problems = (problem,)
    return document


_NOT_A_FILE = {
    "symlink": "a prompt file that is a symbolic link",
    "submodule": "a prompt file that is a submodule",
    "unmerged": "a prompt file with an unresolved merge conflict",
    "file": "a prompt file that can't be read",
    "folder": "a folder with the name of a prompt file",
    "missing": "there is no such file",
}
_FIX = {
    "symlink": "commit the file itself",
    "submodule": "commit the file itself",
    "folder": "rename it",
    "unmerged": UNMERGED_HINT,
}
