"""What names a prompt or a partial, and the edits that rename it there."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

from promptops.analysis.includes import includes
from promptops.catalog.catalog import Catalog
from promptops.catalog.files import PROMPT_ENDINGS
from promptops.catalog.graph import ESCAPES, SILENT_ENDINGS, guessed_names
from promptops.catalog.recordings import call_digest, functions_of
from promptops.catalog.references import ReferenceResolver, roots_of
from promptops.errors import InputError
from promptops.json_pointer import tokens, value_at
from promptops.model.finding import Problem
from promptops.model.loaded import ReferenceKind
from promptops.model.moving import MoveEdit
from promptops.model.place import Place, Text, plain_text
from promptops.records import record, replace
from promptops.source.cases import ENDINGS, read_cases
from promptops.source.document import Document, decode, read, read_any
from promptops.source.json_lines import read_json
from promptops.source.lines import Lines
from promptops.source.recording_files import INSIDE, first_of

_BINARY = tuple(ending for ending in SILENT_ENDINGS if ending not in ENDINGS)

UNFINISHED = ".new"
"""How the name of a file ends that an interrupted move was writing."""


class References:
    """The names in the files of a catalog; each file is parsed once, when it is needed.

    Unlike the graph of the catalog, it has the ids of prompts and the files of Python functions.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._names: dict[str, NamesInFile] = {}

    def names(self, path: str) -> NamesInFile:
        """The names in a file."""
        if path not in self._names:
            self._names[path] = names_in(self.catalog, path)
        return self._names[path]

    def targets(self, path: str) -> list[str]:
        """The existing files that a file names, each once."""
        found = (self.target(path, mention) for mention in self.names(path).mentions)
        return list(dict.fromkeys(target for target in found if target is not None))

    def users(self, path: str) -> list[str]:
        """The files that name a file, sorted."""
        mentioning = self.mentioning((path.rpartition("/")[2],))
        return [user for user in mentioning if path in self.targets(user)]

    def target(self, path: str, mention: Mention) -> str | None:
        """The existing file that a name in the file `path` refers to; None for an id."""
        if mention.kind == "id":
            return None
        found = self.catalog.resolver.follow(mention.kind, mention.name, mention.place, path)
        return None if isinstance(found, Problem) or not found.found else found.target

    def mentioning(self, words: Collection[str]) -> Iterator[str]:
        """The files that contain one of some words, or an escape that may hide one; sorted."""
        wanted = tuple(word.encode() for word in (*words, *ESCAPES))
        for path in self._texts:
            data = self.catalog.files.data(path)
            if data is not None and any(word in data for word in wanted):
                yield path

    @cached_property
    def _texts(self) -> list[str]:
        """All files that may name others, read at once."""
        files = self.catalog.files
        found = [path for path in files.entries if may_name_files(path)]
        files.prefetch(found)
        return sorted(found)


def may_name_files(path: str) -> bool:
    """Whether a kind of file is searched for names; recordings and media are not."""
    return first_of(path) is None and not path.endswith((*_BINARY, UNFINISHED))


# The names in a file that a move may change: paths of other files, and ids of prompts.


@record(frozen=True, slots=True, kw_only=True)
class Mention:
    """A name in a file.

    Attributes:
        kind: What the name refers to; `id` for the id of a prompt.
        name: A path as written, without a `#…` or `:FUNCTION` after it, or an id.
        place: Of the whole value, quotes included.
    """

    kind: ReferenceKind | Literal["id"]
    name: str
    place: Place


@record(frozen=True, slots=True, kw_only=True)
class NamesInFile:
    """The names in one file.

    Attributes:
        text: The file with LF as newline and without a byte order mark, as places count.
        readable: False if the file can't be parsed, so that names may be missing.
    """

    text: str
    mentions: tuple[Mention, ...] = ()
    readable: bool = True


def names_in(catalog: Catalog, path: str) -> NamesInFile:
    """The names in a file. A file that may contain test cases is also read as a template."""
    data = catalog.files.data(path) or b""
    text, problems = decode(path, data)
    if problems and not text:
        return NamesInFile(text=text, readable=False)
    if path in catalog.ids:
        return _in_document(read(path, data), _in_prompt)
    if path.endswith(".json"):
        return _in_document(read_json(path, data), _in_schema)
    included = tuple(_included(plain_text(path, text)))
    if not path.endswith(ENDINGS):
        return NamesInFile(text=text, mentions=included)
    found = _in_document(read_cases(path, data), _in_cases)
    return replace(found, mentions=(*included, *found.mentions))


def _in_document(document: Document, find: Any) -> NamesInFile:
    if document.value is None:
        return NamesInFile(text=document.text, readable=False)
    return NamesInFile(text=document.text, mentions=tuple(find(document)))


def _in_prompt(document: Document) -> Iterator[Mention]:
    for pointer, where, value in document.scalars():
        if where == "value":
            yield from _mention(document, pointer, value)


def _mention(document: Document, pointer: str, value: str) -> Iterator[Mention]:
    steps = tokens(pointer)
    if steps[0] == "messages" and steps[-1] != "file":
        if "{%" in value:
            yield from _included(document.template(pointer))
        return
    kind = _kind(steps) or _kind_of_function(document, pointer, steps)
    if kind is None:
        return
    end = {"schema": "#", "template": ":"}.get(kind)
    name = value.partition(end)[0] if end is not None else value
    if name:
        yield Mention(kind=kind, name=name, place=document.place(pointer))


def _kind(steps: Sequence[str]) -> ReferenceKind | Literal["id"] | None:
    first, last = steps[0], steps[-1]
    if last == "$ref":
        return "schema" if first in ("inputs", "output", "tools") else None
    if (first, last) == ("messages", "file"):
        return "body"
    return _REFERENCE_KINDS.get((first, len(steps), last))


_REFERENCE_KINDS: Mapping[tuple[str, int, str], ReferenceKind | Literal["id"]] = {
    ("extends", 1, "extends"): "extends",
    ("replaced_by", 1, "replaced_by"): "id",
    ("evaluation", 2, "judge"): "id",
    ("tests", 3, "file"): "cases",
    ("tools", 3, "ref"): "tool",
}
"""By the first key, the number of keys and indexes, and the last key."""


def _kind_of_function(
    document: Document, pointer: str, steps: Sequence[str]
) -> ReferenceKind | None:
    """`template` for `FILE:FUNCTION`: these files are found as templates are."""
    if steps[:2] == ["evaluation", "retrieve"]:
        return "template"
    if steps[0] in ("tests", "evaluation") and _is_python(document, pointer):
        return "template"
    return None


def _is_python(document: Document, pointer: str) -> bool:
    above, _, last = pointer.rpartition("/")
    assertion = value_at(document.value, above, None)
    return last == "value" and isinstance(assertion, Mapping) and assertion.get("type") == "python"


def _in_cases(document: Document) -> Iterator[Mention]:
    for pointer, where, value in document.scalars():
        if where == "value" and _is_python(document, pointer):
            name = value.partition(":")[0]
            yield Mention(kind="template", name=name, place=document.place(pointer))


def _in_schema(document: Document) -> Iterator[Mention]:
    for pointer, where, value in document.scalars():
        name = value.partition("#")[0]
        if where == "value" and name and tokens(pointer)[-1:] == ["$ref"]:
            yield Mention(kind="schema", name=name, place=document.place(pointer))


def _included(text: Text) -> Iterator[Mention]:
    for include in includes(text):
        yield Mention(
            kind="template", name=include.name, place=text.place(include.start, include.end)
        )


# The edits that let every name refer to the same file as before a move.


@record(frozen=True, slots=True, kw_only=True)
class ReferenceEdits:
    """Computes the edits of one move.

    Attributes:
        references: Those before the move.
        after: Resolves names in the tree after it.
        moves: From old paths to new paths.
        ids: From the old ids of moved prompts to their new ids.
    """

    references: References
    after: ReferenceResolver
    moves: Mapping[str, str]
    ids: Mapping[str, str]

    def edits(self) -> Iterator[MoveEdit]:
        """The edits, in order of paths.

        Raises InputError for a file that may refer to a moved one and can't be parsed, and for a
        name that can't be replaced.
        """
        for path in sorted({*self.moves, *self.references.mentioning(self._words())}):
            if not may_name_files(path):
                continue
            found = self.references.names(path)
            if not found.readable:
                self._refuse_if_it_refers(path, found)
            for mention in found.mentions:
                new = self._new_name(path, mention)
                if new is not None:
                    yield _replaced(mention, new, found.text)

    def _words(self) -> set[str]:
        """The last part of each moved name: every file that refers to it contains this."""
        return {name.rpartition("/")[2] for name in (*self.moves, *self.ids)}

    def _refuse_if_it_refers(self, path: str, found: NamesInFile) -> None:
        """Raise InputError if an unreadable file moves, or contains the path of a moved file."""
        hint = "correct the file first; `promptops lint` shows where"
        if path in self.moves and path.endswith((*PROMPT_ENDINGS, ".json")):
            raise InputError("can't be parsed, so it can't be moved", where=path, hint=hint)
        for guessed in guessed_names(found.text):
            kind: ReferenceKind = "schema" if guessed[0] == "s" else "template"
            reference = self.references.catalog.resolver.follow(
                kind, guessed[1:], Place(path), path
            )
            if not isinstance(reference, Problem) and reference.target in self.moves:
                message = f"can't be parsed, and may refer to `{reference.target}`"
                raise InputError(message, where=path, hint=hint)

    def _new_name(self, path: str, mention: Mention) -> str | None:
        """The name to write instead; None if the old one stays right."""
        kind = mention.kind
        if kind == "id":
            return self.ids.get(mention.name)
        new_path = self.moves.get(path, path)
        old_target = self.references.target(path, mention)
        if old_target is None:
            return None
        target = self.moves.get(old_target, old_target)
        for name in (mention.name, *self._names_of(target, mention.name, kind, new_path)):
            reference = self.after.follow(kind, name, mention.place, new_path)
            if not isinstance(reference, Problem) and reference.target == target:
                return None if name == mention.name else name
        raise InputError(
            f"`{target}` has no path that `{new_path}` can refer to it by",
            where=str(mention.place),
            hint="move it below a root of its kind, or next to the file",
        )

    def _names_of(
        self, target: str, old_name: str, kind: ReferenceKind, base: str
    ) -> Iterator[str]:
        """The possible names of a file in another one: in the style of the old name first."""
        folder = base.rpartition("/")[0]
        inside = f"{folder}/" if folder else ""
        beside = [f"./{target[len(inside) :]}"] if target.startswith(inside) else []
        if old_name.startswith("./"):
            yield from beside
        for root in roots_of(kind, self.references.catalog.config, base):
            prefix = f"{root}/" if root else ""
            if target.startswith(prefix):
                yield target[len(prefix) :]
        yield from beside


def _replaced(mention: Mention, new: str, text: str) -> MoveEdit:
    """Raises InputError for a name with escapes, or in a block."""
    place = mention.place
    before = text_at(text, place)
    unquoted = before.lstrip("\\\"'")
    if not unquoted.startswith(mention.name):
        raise InputError(
            f"`{mention.name}` is written in a form that can't be replaced",
            where=str(place),
            hint=f"write it on one line, without escapes: {json.dumps(mention.name)}",
        )
    quotes = before[: len(before) - len(unquoted)]
    after = quotes + new + unquoted[len(mention.name) :]
    if not quotes and not is_plain(after):
        after = json.dumps(after, ensure_ascii=False)
    return MoveEdit(kind="reference", place=place, before=before, after=after)


def text_at(text: str, place: Place) -> str:
    """The text of a place; `text` has LF as newline."""
    lines = Lines(place.path, text)
    start = lines.row(place.line)[0] + place.column - 1
    return text[start : lines.row(place.end_line)[0] + place.end_column - 1]


def is_plain(value: str) -> bool:
    """Whether YAML reads the value as this string without quotes."""
    return bool(read_any("", f"[{value}]".encode()).value == [value])


# The edits of recordings: ids of judges, and the digests of calls that name a moved file.


def judge_edits(catalog: Catalog, ids: Mapping[str, str]) -> Iterator[MoveEdit]:
    """The id of a moved judge in every recording of its answers."""
    files = [path for path in catalog.files.entries if INSIDE in path and first_of(path)]
    yield from recorded_judge_edits(catalog, files, ids)


def recorded_judge_edits(
    catalog: Catalog, files: Collection[str], names: Mapping[str, str]
) -> Iterator[MoveEdit]:
    """The new name of a judge, or of a retrieved input, in some recording files."""
    catalog.files.prefetch(files)
    for path in sorted(files):
        data = catalog.files.data(path) or b""
        for old, new in names.items():
            pattern = re.compile(rf'(?<!\\)"judge":[ ]*({re.escape(json.dumps(old))})')
            lines = _lines(data) if json.dumps(old).encode() in data else ()
            for number, line in enumerate(lines, 1):
                for found in pattern.finditer(line):
                    yield _edit(path, number, found.span(1), found[1], json.dumps(new))


def call_edits(before: Catalog, after: Catalog, path: str, new_path: str) -> Iterator[MoveEdit]:
    """The digests of recorded calls of `evaluation.retrieve` whose function has another name."""
    digests = _changed_digests(before, after, path, new_path)
    if not digests:
        return
    for file in before.recording_files(path):
        lines = _lines(before.files.data(file) or b"")
        for number, line in enumerate(lines, 1):
            for old, new in digests.items():
                at = line.find(f'"{old}"')
                if at >= 0:
                    span = (at, at + len(old) + 2)
                    yield _edit(file, number, span, f'"{old}"', f'"{new}"')


def _changed_digests(
    before: Catalog, after: Catalog, path: str, new_path: str
) -> Mapping[str, str]:
    old, new = before.loaded(path).prompt, after.loaded(new_path).prompt
    if old is None or new is None:
        return {}
    functions = functions_of(new)
    renamed = [
        (function, functions[name])
        for name, function in functions_of(old).items()
        if functions.get(name, function) != function
    ]
    return {
        call_digest(old_name, case.own_inputs): call_digest(new_name, case.own_inputs)
        for case in old.cases
        for old_name, new_name in renamed
    }


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "surrogateescape").split("\n")


def _edit(path: str, line: int, span: tuple[int, int], before: str, after: str) -> MoveEdit:
    start, end = span
    place = Place(path, line, start + 1, line, end + 1)
    return MoveEdit(kind="recording", place=place, before=before, after=after)
