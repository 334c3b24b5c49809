"""The edits that let every name refer to the same file as before a move."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from promptops.catalog.named_files import guessed_names
from promptops.catalog.prompt_ids import PROMPT_ENDINGS
from promptops.catalog.references import ReferenceResolver, roots_of
from promptops.commands.mv.mentions import Mention, NamesInFile
from promptops.commands.mv.references import References, may_name_files
from promptops.errors import InputError
from promptops.model.finding import Problem
from promptops.model.loaded import ReferenceKind
from promptops.model.moving import MoveEdit
from promptops.model.place import Place
from promptops.records import record
from promptops.source.document import read_any
from promptops.source.lines import Lines


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
