"""Files of a source: read once, only below its folder, without following links."""

from __future__ import annotations

import os
from functools import cached_property
from itertools import takewhile
from pathlib import Path, PurePosixPath

from promptops.errors import os_reason
from promptops.formats.document import Loss
from promptops.model.finding import Problem
from promptops.model.place import Place, Text, plain_text
from promptops.source.document import MAX_BYTES, Document, decode, read_any
from promptops.source.json_document import read_json

_BYTE_ORDER_MARK = "\ufeff"


class UnreadableSource(Exception):
    """A file of a source can't be read; `loss` is an IMP002 at its place."""

    def __init__(self, loss: Loss) -> None:
        super().__init__(loss.message)
        self.loss = loss


class SourceFolder:
    """The files below a folder; files that another one uses are not read as prompts of their own.

    Attributes:
        used: Paths of files that another file named, relative to the folder.
        alone: The user named one file of it, so that it is read whatever its name is.
    """

    def __init__(self, root: Path, shown: str, *, alone: bool = False) -> None:
        self.root = root
        self.alone = alone
        self.shown = shown
        self.used: set[str] = set()

    def file(self, path: str) -> SourceFile | None:
        """A file by its path below the folder; None if it is missing, or a link leads to it.

        Raises UnreadableSource for one that is too large or can't be opened.
        """
        parts = PurePosixPath(os.path.normpath(path)).parts
        if not parts or parts[0] in ("..", "/"):
            return None
        steps = [self.root.joinpath(*parts[: count + 1]) for count in range(len(parts))]
        # Unlike those of Path, these two functions accept names that no file system has.
        if any(map(os.path.islink, steps)) or not os.path.isfile(steps[-1]):
            return None
        path = "/".join(parts)
        return SourceFile(self, path, self._data(steps[-1], self.path_shown(path)))

    def names_beside(self, path: str) -> list[str]:
        """The names of the other files in the folder of a file, sorted."""
        folder = (self.root / path).parent
        try:
            names = [entry.name for entry in os.scandir(folder) if entry.is_file()]
        except OSError:
            return []
        return sorted(name for name in names if name != PurePosixPath(path).name)

    def path_shown(self, path: str) -> str:
        """The path of a file as it is shown."""
        return f"{self.shown}/{path}" if self.shown not in ("", ".") else path

    def origin(self, path: str) -> str:
        """The path of a file with the name of its folder; only its name if the user named it."""
        return path if self.alone else f"{self.root.resolve().name}/{path}"

    @staticmethod
    def _data(file: Path, shown: str) -> bytes:
        try:
            with file.open("rb") as opened:
                data = opened.read(MAX_BYTES + 1)
        except OSError as error:
            raise _unreadable(Place(shown), os_reason(error)) from None
        if len(data) > MAX_BYTES:
            raise _unreadable(Place(shown), "the file is larger than 1 MB")
        return data


class SourceFile:
    """One file of a source.

    Attributes:
        path: Below the folder, forward slashes.
        shown: The path in reports and places.
    """

    def __init__(self, folder: SourceFolder, path: str, data: bytes) -> None:
        self.folder = folder
        self.path = path
        self.shown = folder.path_shown(path)
        self.data = data

    @property
    def alone(self) -> bool:
        """Whether the user named this file."""
        return self.folder.alone

    @property
    def name(self) -> str:
        """The name of the file with its ending."""
        return self.path.rpartition("/")[2]

    @property
    def folders(self) -> tuple[str, ...]:
        """The names of the folders around it: those below the source, the source and its parent.

        So `commands` is one of them whether the user names `.claude`, the folder in it, or the
        file. The root of a repository is not: its name differs between clones.
        """
        root = self.folder.root.resolve()
        around = takewhile(lambda folder: not (folder / ".git").exists(), (root, root.parent))
        return (*reversed([folder.name for folder in around]), *self.path.split("/")[:-1])

    @property
    def suffix(self) -> str:
        """Its ending with the dot, in lower case; "" without one."""
        return PurePosixPath(self.path).suffix.lower()

    @cached_property
    def text(self) -> Text:
        """The decoded text, newlines as LF, without a byte order mark. Raises UnreadableSource."""
        text, problems = decode(self.shown, self.data)
        wrong = next((one for one in problems if "byte order mark" not in one.message), None)
        if wrong is not None:
            raise _of_problem(wrong, self.shown)
        return plain_text(self.shown, text)

    @cached_property
    def yaml(self) -> Document:
        """The file as YAML with places; duplicate keys and anchors are allowed.

        Raises UnreadableSource.
        """
        return _readable(read_any(self.shown, self.text.value.encode()), self.shown)

    @cached_property
    def json(self) -> Document:
        """The file as one JSON value with places. Raises UnreadableSource."""
        return _readable(read_json(self.shown, self.text.value.encode()), self.shown)

    @property
    def document(self) -> Document:
        """The file as JSON if it has that ending, else as YAML. Raises UnreadableSource."""
        return self.json if self.suffix == ".json" else self.yaml

    def place(self) -> Place:
        """The beginning of the file."""
        return Place(self.shown)

    def beside(self, name: str) -> SourceFile | None:
        """A file that this one names by a relative path; it is used from then on.

        As `SourceFolder.file`.
        """
        folder = self.path.rpartition("/")[0]
        found = self.folder.file(f"{folder}/{name}" if folder else name)
        if found is not None:
            self.folder.used.add(found.path)
        return found


def _readable(document: Document, shown: str) -> Document:
    if document.value is None and document.problems:
        raise _of_problem(document.problems[0], shown)
    return document


def _of_problem(problem: Problem, shown: str) -> UnreadableSource:
    place = problem.at if isinstance(problem.at, Place) else Place(shown)
    if problem.code == "SCH010":
        message = "YAML whose aliases contain themselves, or too many values"
        return _unreadable(place, message, "write the values without aliases")
    return _unreadable(place, problem.message, problem.hint)


def _unreadable(place: Place, message: str, hint: str | None = None) -> UnreadableSource:
    return UnreadableSource(Loss(code="IMP002", message=message, place=place, hint=hint))
