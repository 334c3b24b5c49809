"""Mappings of texts in JSON and YAML: a prompt for each text, or for each set of messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from promptops.formats.chat_messages import chat_turns
from promptops.formats.document import Loss, SourceDocument, SourceTurn
from promptops.formats.model_fields import PARAMETERS, described, model_field
from promptops.formats.plain_texts import (
    identity,
    role_in,
    stem_steps,
    text_message,
    translated,
)
from promptops.formats.prompts_in_code import row_names
from promptops.formats.source_file import (
    SYSTEM_KEYS,
    USER_KEYS,
    ReadOptions,
    SourceFile,
    prompt_mapping,
)
from promptops.formats.translation import InputNames
from promptops.json_pointer import escaped, tokens
from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.records import replace
from promptops.source.document import Document

NAME = "map"
MARKS = "JSON or YAML with texts, in a path with `prompt`, or named itself; `.prompt` in YAML"
RANK = 990

_ENDINGS = (".json", ".yaml", ".yml")
_DESCRIBING = ("title", "name", "description", "tags")
_SHORTEST = 40
_MOST_ROWS = 10
"""More rows with the same keys, or strings in a list, are data."""
_MAX_TEXTS = 200
_MAX_DEPTH = 12

_ALIKE = "row with the same keys"
_ANSWERED = "row with an answer"
_DESCRIPTION = "description"
_EXAMPLE = "example"
_STRINGS = "string of a long list"
_OF_PROMPTS = frozenset(("messages", *SYSTEM_KEYS))
_SETTINGS = frozenset((*PARAMETERS, *_DESCRIBING, "model", "variables"))
_ANSWERS = frozenset(
    (
        "answer",
        "assistant",
        "completion",
        "expected",
        "expected_output",
        "ground_truth",
        "label",
        "output",
        "reply",
        "response",
    )
)
_PROMPT_KEY = lazy_pattern(r"(?i).*(?:prompt|template|instruction)s?|system|user")
_DESCRIBING_KEY = lazy_pattern(r"(?i)description|[_$].*")
_EXAMPLES_KEY = lazy_pattern(
    r"(?i)(?:.*[_-])?few[_-]?shots?(?:[_-].*)?|examples|explanations|demos|demonstrations"
)


def recognises(file: SourceFile) -> bool:
    """Whether it is such a file, and its path has `prompt` or the user named it."""
    if prompt_mapping(file):
        return True
    if file.suffix not in _ENDINGS or not (file.alone or "prompt" in file.path.lower()):
        return False
    return isinstance(file.document.value, dict | list)


def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """The prompts of a mapping and a note on data in it, or an IMP004 if it has only data."""
    document = file.document
    reader = _Reader(file, document, options)
    found = list(islice(reader.prompts(document.value, "", 0), _MAX_TEXTS + 1))
    if len(found) > _MAX_TEXTS:
        message = f"more than {_MAX_TEXTS} texts are a data set, not prompts"
        yield Loss(code="IMP004", message=message, place=file.place())
    elif found:
        yield from found
        yield from reader.data.note(f"--include '{file.path}::*' reads them, too")
    elif reader.data.has_rows:
        yield from reader.data.error(f"if they are prompts: --include '{file.path}::*'")
    else:
        yield Loss(code="IMP003", message="there is no prompt in it", place=file.place())


class _Data:
    """What is data in a file, and so left out."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._found: dict[str, int] = {}
        self._first = ""

    @property
    def has_rows(self) -> bool:
        """Whether a list or an example is data."""
        return any(kind != _DESCRIPTION for kind in self._found)

    def add(self, kind: str, number: int, pointer: str) -> None:
        """Count data of a kind: a phrase with `%` in place of the number and the noun."""
        self._first = self._first if self._found else pointer
        self._found[kind] = self._found.get(kind, 0) + number

    def note(self, hint: str) -> Iterator[Loss]:
        """An IMP315 with what is left out, if there is any."""
        if self._found:
            yield self._loss("IMP315", f"data left out: {self._listed()}", hint)

    def error(self, hint: str) -> Iterator[Loss]:
        """An IMP004 for a file that has nothing else."""
        message = f"there is no prompt in it, but data: {self._listed()}"
        yield self._loss(
            "IMP004", message, f"if they are test cases, make them a case file; {hint}"
        )

    def _listed(self) -> str:
        return ", ".join(
            f"{counted(number, kind.partition(' ')[0])}{kind[len(kind.partition(' ')[0]) :]}"
            for kind, number in self._found.items()
        )

    def _loss(self, code: str, message: str, hint: str) -> Loss:
        place = self._document.place(self._first, bool(self._first))
        return Loss(code=code, message=message, place=place, hint=hint)


def _kind_of_data(rows: Sequence[Any]) -> str | None:
    """Why the items of a list are data and no prompts; None for prompts, and for a mixture."""
    if all(isinstance(row, str) for row in rows):
        return _STRINGS if len(rows) > _MOST_ROWS and any(map(_is_text, rows)) else None
    keys = [frozenset(row) for row in rows if isinstance(row, Mapping)]
    if len(keys) < len(rows) or any(one & _OF_PROMPTS for one in keys):
        return None
    if all(one & _ANSWERS and not one & _SETTINGS for one in keys):
        return _ANSWERED
    alike = max(Counter(keys).values())
    return _ALIKE if alike > _MOST_ROWS else None


class _Reader:
    """One file.

    Attributes:
        data: What is left out.
    """

    def __init__(self, file: SourceFile, document: Document, options: ReadOptions) -> None:
        self.data = _Data(document)
        self._file = file
        self._document = document
        self._options = options
        self._names: dict[str, str] = {}

    def prompts(self, value: Any, pointer: str, depth: int) -> Iterator[SourceDocument]:
        """The prompts in a value; data only if the user selects them by their names."""
        if depth > _MAX_DEPTH:
            return
        kind = self._data_in(value, pointer)
        if kind is not None:
            self.data.add(kind, len(value) if isinstance(value, list | dict) else 1, pointer)
        elif isinstance(value, str):
            if _is_text(value) or (_key(pointer) in SYSTEM_KEYS and value.strip()):
                yield self._single(pointer)
        elif isinstance(value, Mapping):
            used = _keys_of_whole(value)
            others = [key for key in value if used and self._is_beside(key, value, used, pointer)]
            whole = self._whole(value, pointer, used, others)
            if whole is not None:
                yield whole
            for key in value if whole is None else others:
                yield from self.prompts(value[key], f"{pointer}/{escaped(str(key))}", depth + 1)
        elif isinstance(value, list):
            names = row_names(value)
            self._names |= {f"{pointer}/{index}": name for index, name in names.items()}
            for index, item in enumerate(value):
                yield from self.prompts(item, f"{pointer}/{index}", depth + 1)

    def _data_in(self, value: Any, pointer: str) -> str | None:
        if self._options.selects is not None:
            return None
        key = _key(pointer) if pointer else self._file.name.partition(".")[0]
        if isinstance(value, str):
            describes = _DESCRIBING_KEY.fullmatch(key) is not None and _is_text(value)
            return _DESCRIPTION if pointer and describes else None
        if isinstance(value, list | dict) and value and _EXAMPLES_KEY.fullmatch(key):
            return _EXAMPLE
        return _kind_of_data(value) if isinstance(value, list) and value else None

    def _single(self, pointer: str) -> SourceDocument:
        names = InputNames()
        found = translated(self._document.template(pointer), self._options, names)
        key = _key(pointer)
        role = role_in(key) or self._options.role
        message = text_message(role, found)
        built = self._built(pointer, (message,), names, list(found.losses))
        if role_in(key) is not None:
            return built
        assumed = f"nothing defines the role: `{role}` is assumed"
        loss = Loss(code="IMP311", message=assumed, place=self._document.place(pointer))
        return replace(built, losses=(*built.losses, loss))

    def _is_beside(
        self, key: str, value: Mapping[str, Any], used: Sequence[str], pointer: str
    ) -> bool:
        """Whether a key has prompts of its own beside those of the whole mapping."""
        if key in used or used == ("messages",):
            return False
        return self._has_prompts(str(key), value[key], f"{pointer}/{escaped(str(key))}")

    def _has_prompts(self, key: str, value: Any, pointer: str) -> bool:
        if pointer.count("/") > _MAX_DEPTH or self._data_in(value, pointer) is not None:
            return False
        if isinstance(value, str):
            return _PROMPT_KEY.fullmatch(key) is not None and _is_text(value)
        inner = dict(enumerate(value)) if isinstance(value, list) else value
        return isinstance(inner, Mapping) and any(
            self._has_prompts(str(name), item, f"{pointer}/{escaped(str(name))}")
            for name, item in inner.items()
        )

    def _whole(
        self, value: Mapping[str, Any], pointer: str, used: Sequence[str], others: Sequence[str]
    ) -> SourceDocument | None:
        """The prompt that a mapping is, with its other keys but for those that have prompts."""
        names, losses = InputNames(), list[Loss]()
        if used == ("messages",):
            turns = chat_turns(
                self._document, f"{pointer}/messages", self._options, names, losses=losses
            )
        else:
            turns = tuple(self._turns(value, pointer, used, names, losses))
        if not turns:
            return None
        at = f"{pointer}/{escaped(used[-1])}" if others else pointer
        built = self._built(at, turns, names, losses)
        return self._described(built, value, pointer, {*used, *others})

    def _turns(
        self,
        value: Mapping[str, Any],
        pointer: str,
        used: Sequence[str],
        names: InputNames,
        losses: list[Loss],
    ) -> Iterator[SourceTurn]:
        for key in used:
            if value[key].strip():
                text = self._document.template(f"{pointer}/{escaped(key)}")
                found = translated(text, self._options, names)
                losses += found.losses
                yield text_message("system" if key in SYSTEM_KEYS else "user", found)

    def _described(
        self, built: SourceDocument, value: Mapping[str, Any], pointer: str, used: set[str]
    ) -> SourceDocument:
        """The document with the other keys of its mapping."""

        def place(key: str) -> Any:
            return self._document.place(f"{pointer}/{escaped(key or 'model')}", True)

        losses = list(built.losses)
        fields = described(value, title=("title", "name"), tags=("tags",))
        given = {key: item for key, item in value.items() if key in PARAMETERS}
        fields |= model_field(value.get("model"), given, place, losses)
        known = {*used, *_DESCRIBING, *PARAMETERS, "model"}
        metadata = {str(key): item for key, item in value.items() if key not in known}
        for key in metadata:
            message = f"`{key}` is kept in `metadata`"
            losses.append(Loss(code="IMP203", message=message, place=place(key)))
        if metadata:
            fields["metadata"] = metadata
        return replace(built, fields=fields, losses=tuple(losses))

    def _built(
        self,
        pointer: str,
        turns: tuple[SourceTurn, ...],
        names: InputNames,
        losses: list[Loss],
    ) -> SourceDocument:
        return SourceDocument(
            id=identity(*stem_steps(self._file.path), *self._steps(pointer)),
            format=NAME,
            place=self._document.place(pointer, bool(pointer)),
            messages=turns,
            aliases=names.aliases,
            samples=self._options.samples,
            losses=tuple(losses),
        )

    def _steps(self, pointer: str) -> Iterator[str]:
        """The keys of a pointer, with names for rows; `prompt` of such a row adds nothing."""
        path, named = "", False
        for token in tokens(pointer):
            path += f"/{escaped(token)}"
            name = self._names.get(path)
            if token and not (named and token == "prompt"):
                yield name or token.replace("_", "-")
            named = name is not None


def _key(pointer: str) -> str:
    return tokens(pointer)[-1] if pointer else ""


def _keys_of_whole(value: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys of a mapping with its messages or texts; () if the mapping is not a prompt.

    A single user text is a prompt only beside settings of one; a mapping with `prompts` is not one.
    """
    if isinstance(value.get("prompts"), list | dict):
        return ()
    if isinstance(value.get("messages"), list):
        return ("messages",)
    system = next((key for key in SYSTEM_KEYS if isinstance(value.get(key), str)), None)
    user = next((key for key in USER_KEYS if isinstance(value.get(key), str)), None)
    if system is None and not _SETTINGS & value.keys():
        return ()
    return tuple(key for key in (system, user) if key is not None)


def _is_text(text: str) -> bool:
    if "\n" in text.strip() or "{" in text:
        return len(text.split()) > 1
    return len(text) >= _SHORTEST and text.count(" ") >= 4
