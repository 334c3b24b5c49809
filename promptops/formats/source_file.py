"""Prompts that a registry exports as JSON rows, each with a name and a version."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import Any, Literal, Protocol

from promptops.errors import InputError, os_reason
from promptops.formats import readers
from promptops.formats.document import LeftOutText, Loss, SourceDocument
from promptops.json_pointer import parts_of, tokens
from promptops.model.finding import Problem
from promptops.model.place import Place, Text, plain_text
from promptops.patterns import lazy_pattern
from promptops.plugins import load, modules_in, offers
from promptops.records import field, record
from promptops.source.document import MAX_BYTES, Document, decode, read_any
from promptops.source.json_lines import read_json

Row = tuple[str, Mapping[str, Any]]
"""The JSON pointer of a row, and its value."""


@record(frozen=True, slots=True, kw_only=True)
class RegistryRows:
    """The rows of one registry.

    Attributes:
        below: The keys that can have the list of rows; a list and a single row need none.
        is_prompt: Whether a row has the keys of this registry.
        weight: Of the rows with one name, the one with the greatest weight is read.
    """

    below: Sequence[str]
    is_prompt: Callable[[Mapping[str, Any]], bool]
    weight: Callable[[Mapping[str, Any]], Any]

    def of(self, file: SourceFile) -> list[Row]:
        """All rows of a JSON file; none unless each one is a prompt."""
        rows = self._listed(file.json.value)
        fits = all(isinstance(row, Mapping) and self.is_prompt(row) for _, row in rows)
        return rows if fits else []

    def chosen(self, file: SourceFile) -> list[Row]:
        """Of each name the row with the greatest weight; of equal ones the first."""
        chosen: dict[str, Row] = {}
        for pointer, row in self.of(file):
            known = chosen.get(row["name"])
            if known is None or self.weight(row) > self.weight(known[1]):
                chosen[row["name"]] = (pointer, row)
        return list(chosen.values())

    def _listed(self, value: Any, pointer: str = "") -> list[Row]:
        if isinstance(value, list):
            return [(f"{pointer}/{index}", row) for index, row in enumerate(value)]
        keys = (key for key in self.below if isinstance(value, Mapping) and _has(value, key))
        key = next(keys, None)
        return [(pointer, value)] if key is None else self._listed(value[key], f"/{key}")


def _has(value: Mapping[str, Any], key: str) -> bool:
    return isinstance(value.get(key), list)


# A file of another tool: its text, its JSON or YAML, its front matter.


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


# Markdown files that begin with YAML between lines of `---`.

_BEGINNING = lazy_pattern(r"---[ \t]*\n")
_END_OF_HEADER = lazy_pattern(r"(?m)^---[ \t]*$\n?")
_BLANK = lazy_pattern(r"\s*")
_WITH_HEADINGS = (".md", ".markdown", ".mdc", ".txt", ".tmpl")
_FIRST_KEY = lazy_pattern(r"\s*(?:name|description|version|schema|model|temperature)[ \t]*:")
_LOOSE_LINE = lazy_pattern(r"([A-Za-z][\w-]*):[ \t]*(.*)")


@record(frozen=True, slots=True)
class FrontMatter:
    """The header of a file, and its body.

    Attributes:
        value: The keys; empty without a header.
        body: The text after the header, with the places of its characters.
        losses: An IMP223 if the header is not YAML and was read line by line.
    """

    value: dict[str, Any]
    body: Text
    losses: tuple[Loss, ...]
    document: Document | None
    line: int

    def place(self, pointer: str, shown: str) -> Place:
        """The place of a key of the header."""
        if self.document is None:
            return Place(shown, self.line)
        place = self.document.place(pointer, True)
        added = self.line - 1
        return Place(
            shown, place.line + added, place.column, place.end_line + added, place.end_column
        )


@lru_cache(maxsize=8)  # several readers ask for the header of one file
def front_matter(file: SourceFile) -> FrontMatter:
    """The header and the body of a file. Raises UnreadableSource for a file that is no text."""
    text = file.text
    without = FrontMatter({}, text, (), None, 1)
    found = _header(file) or (_unopened_header(file) if file.suffix == ".prompt" else None)
    if found is None:
        return without
    header, start, end = found
    is_first = text.value[:start].strip() in ("", "---")
    body = Text(text.path, text.value[end:], lambda at: text.locate(at + end))
    line = text.locate(start)[0]
    document = read_any(file.shown, header.encode())
    if isinstance(document.value, dict):
        return FrontMatter(document.value, body, (), document, line)
    if is_first and not header.strip():
        return FrontMatter({}, body, (), None, line)
    value = _loose(header) if is_first else None
    if value is None:
        return without  # text between two rules of Markdown
    message = "the header is not YAML: it is read line by line"
    loss = Loss(code="IMP223", message=message, place=Place(file.shown, line))
    return FrontMatter(value, body, (loss,), None, line)


def place_of_value(file: SourceFile, name: str, value: Any) -> Place | None:
    """Where a file that is YAML or JSON, or begins with YAML, has an equal value, at its key.

    A value with this name is preferred. None without one, and for any other file.
    """
    front = front_matter(file)
    try:
        tree: Any = front.value or file.document.value
    except UnreadableSource:
        return None
    equal = [pointer for pointer, one in parts_of(tree) if pointer and one == value]
    equal.sort(key=lambda pointer: tokens(pointer)[-1] != name)
    if not equal:
        return None
    of_header = front.value is tree
    return front.place(equal[0], file.shown) if of_header else file.document.place(equal[0], True)


def _header(file: SourceFile) -> tuple[str, int, int] | None:
    """The header, its offset, and that of the body; comments and blank lines may precede it.

    In Markdown and other texts, a line that begins with `#` is a heading, not a comment.
    """
    text = file.text.value
    beginning = _BEGINNING.match(text, _first(text, file.suffix not in _WITH_HEADINGS))
    return None if beginning is None else _until_end(text, beginning.end())


def _unopened_header(file: SourceFile) -> tuple[str, int, int] | None:
    """The header of a prompt of Continue, whose first line of `---` may be missing."""
    found = _until_end(file.text.value, 0)
    if found is None or _FIRST_KEY.match(found[0]) is None:
        return None
    return found if isinstance(read_any(file.shown, found[0].encode()).value, dict) else None


def _until_end(text: str, start: int) -> tuple[str, int, int] | None:
    end = _END_OF_HEADER.search(text, start)
    if end is None:
        return None
    return text[start : end.start()].removesuffix("\n"), start, end.end()


def _loose(header: str) -> dict[str, Any] | None:
    """The keys of a header that is not YAML, each with its other lines; None for other text."""
    value: dict[str, Any] = {}
    last = None
    for line in header.split("\n"):
        pair = _LOOSE_LINE.fullmatch(line)
        if pair is not None:
            last = pair[1]
            value[last] = pair[2]
        elif last is not None:
            value[last] = f"{value[last]}\n{line.strip()}"
        elif line.strip():
            return None
    return {key: item.strip() for key, item in value.items()} or None


def _first(text: str, hash_comments: bool) -> int:
    """The offset of the first character that is not blank and not in a comment."""
    at = -1
    following = 0
    while following != at:
        at = following
        blank = _BLANK.match(text, at)
        following = blank.end() if blank is not None else at
        if text.startswith("<!--", following):
            close = text.find("-->", following)
            following = len(text) if close < 0 else close + 3
        elif hash_comments and text.startswith("#", following):
            newline = text.find("\n", following)
            following = len(text) if newline < 0 else newline + 1
    return at


# A `.prompt` file that is one mapping in YAML, without a body: its keys, its texts.

SYSTEM_KEYS = (
    "system",
    "system_prompt",
    "system_message",
    "systemPrompt",
    "system_template",
    "system_prompt_template",
    "instructions",
    "persona",
)
USER_KEYS = (
    "user",
    "user_prompt",
    "userPrompt",
    "user_message",
    "user_template",
    "user_prompt_template",
    "human",
    "prompt",
    "template",
    "text",
    "content",
)
_PLAIN_KEY = lazy_pattern(r"[a-z][\w-]*")


def prompt_mapping(file: SourceFile) -> Mapping[str, Any]:
    """The keys of a `.prompt` file in YAML that has `prompts`, messages or texts with roles.

    {} for any other file, such as a text that begins with `Role: editor`.
    """
    if file.suffix != ".prompt":
        return {}
    try:
        value = file.yaml.value
    except UnreadableSource:
        return {}
    if not isinstance(value, dict) or not all(_PLAIN_KEY.fullmatch(str(key)) for key in value):
        return {}
    texts = [value[key] for key in (*SYSTEM_KEYS, *USER_KEYS) if key in value]
    has_texts = bool(texts) and all(isinstance(text, str) for text in texts)
    has_parts = any(isinstance(value.get(key), list | dict) for key in ("messages", "prompts"))
    return value if has_texts or has_parts else {}


# Formats that are recognised so that they are not taken for another one, and that are not read.

_UNREAD_ENDINGS = {".promptl": "PromptL", ".glass": "glass"}
_UNREAD_MARKS = {
    "Continue": lazy_pattern(
        r"\{\{\{[ \t]*(?:input|diff|currentFile|terminal|codebase|(?:url|docs)[ \t][^{}\n]*)"
        r"[ \t]*\}\}\}|\A(?:[^<]*^---[ \t]*\n)?\s*<system>[ \t]*$",
        re.MULTILINE,
    ),
    "PromptL": lazy_pattern(r"<step\b"),
    "glass": lazy_pattern(r"<System>"),
}
_MCP = "an MCP server"
_HINTS = {_MCP: "it has rendered messages, not templates: import the files that the server reads"}


def unread_format(file: SourceFile) -> Loss | None:
    """An IMP001 with the name of the format, for a file of one."""
    try:
        name = _name(file)
    except UnreadableSource:
        return None
    if name is None:
        return None
    message = f"it is a file of {name}, which is not read"
    hint = _HINTS.get(name, "write its texts to .txt or .md files, and import these")
    return Loss(code="IMP001", message=message, place=file.place(), hint=hint)


def _name(file: SourceFile) -> str | None:
    if file.suffix == ".prompt" and not file.text.value.lstrip().startswith("---"):
        if _is_of_dotprompt_net(file):
            return "DotPrompt.NET"
        found = (name for name, mark in _UNREAD_MARKS.items() if mark.search(file.text.value))
        return next(found, None)
    if file.suffix != ".json":
        return _UNREAD_ENDINGS.get(file.suffix)
    if _is_of_mcp(file.json.value):
        return _MCP
    return "DSPy" if _is_of_dspy(file.json.value) else None


def _is_of_dotprompt_net(file: SourceFile) -> bool:
    value = prompt_mapping(file)
    return "config" in value and isinstance(value.get("prompts"), Mapping)


def _is_of_mcp(value: Any) -> bool:
    """Whether it is the result of `prompts/list`, as `promptops export mcp` writes it."""
    listed = value.get("prompts") if isinstance(value, Mapping) else None
    return (
        isinstance(listed, list)
        and bool(listed)
        and all(
            isinstance(one, Mapping)
            and isinstance(one.get("name"), str)
            and isinstance(one.get("arguments"), list)
            and not {"prompt", "template", "messages"} & set(one)
            for one in listed
        )
    )


def _is_of_dspy(value: Any) -> bool:
    """Whether it is a predictor, or each value is one; those about the program itself aside."""
    if not isinstance(value, Mapping):
        return False
    predictors = [one for key, one in value.items() if key != "metadata"]
    return _is_predictor(value) or (bool(predictors) and all(map(_is_predictor, predictors)))


def _is_predictor(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    signature = value.get("signature")
    if isinstance(signature, Mapping):
        return "instructions" in signature
    return isinstance(value.get("demos"), list) and isinstance(value.get("traces"), list)


# The readers: modules in `readers/`, and entry points `promptops.formats` of other packages.

GROUP = "promptops.formats"

Syntax = Literal["jinja", "double", "single", "format", "dollar", "mustache", "none"]


@record(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What the user decides about a source.

    Attributes:
        syntax: How plain texts mark variables; None to guess.
        role: Of a text whose role the source does not define.
        sample: Example inputs.
        selects: Whether the user selects a prompt of the file by its proposed id: it is one,
            whatever it looks like. None if the user selects no names in the file.
    """

    syntax: Syntax | None = None
    role: Literal["system", "user"] = "user"
    sample: Mapping[str, Any] = field(default_factory=dict)
    selects: Callable[[str], bool] | None = None

    @property
    def samples(self) -> tuple[Mapping[str, Any], ...]:
        """The sample as the samples of a document."""
        return (self.sample,) if self.sample else ()


class Reader(Protocol):
    """A module that reads one format.

    Attributes:
        NAME: For `--from`.
        MARKS: How its files are recognised, for people: one line.
        RANK: Readers are tried in ascending order; a mark that is more exact has a lower rank.
    """

    NAME: str
    MARKS: str
    RANK: int

    @staticmethod
    def recognises(file: SourceFile) -> bool:
        """Whether the file has the marks of this format. Raises UnreadableSource."""

    @staticmethod
    def documents(
        file: SourceFile, options: ReadOptions
    ) -> Iterator[SourceDocument | Loss | LeftOutText]:
        """The prompts of a file, strings that are none, and errors about other parts.

        Never raises anything but UnreadableSource. No code of the file is run.
        """


def other_format(file: SourceFile, name: str, marks: str) -> Loss:
    """An IMP002 for a file that the user gave to a reader of another format."""
    message = f"it is not a file of the format `{name}`"
    hint = f"leave out --from; its marks are: {marks}"
    return Loss(code="IMP002", message=message, place=file.place(), hint=hint)


@cache
def known_readers() -> tuple[Reader, ...]:
    """All readers by rank. Raises InputError for a plug-in that is broken, or a name used twice."""
    found: dict[str, Reader] = {}
    for reader in [*modules_in(readers), *(load(offer) for offer in offers(GROUP))]:
        if reader.NAME in found:
            raise InputError(f"two readers have the name `{reader.NAME}`")
        found[reader.NAME] = reader
    return tuple(sorted(found.values(), key=lambda reader: (reader.RANK, reader.NAME)))
