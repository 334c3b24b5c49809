"""Functions of BAML: the prompt of each, whose template language is Jinja."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from promptops.formats.document import Loss, SourceDocument, SourceTurn
from promptops.formats.input_schema import nullable
from promptops.formats.languages.by_syntax import TRANSLATIONS
from promptops.formats.model_fields import model_field
from promptops.formats.plain_texts import ROLES, identity, stem_steps, text_message
from promptops.formats.source_file import ReadOptions, SourceFile
from promptops.formats.translation import InputNames
from promptops.model.place import Place, Text
from promptops.patterns import lazy_pattern

NAME = "baml"
MARKS = "`.baml`: the prompt of each function"
RANK = 12

_FUNCTION = lazy_pattern(
    r"(?m)^[ \t]*function\s+([A-Za-z_]\w*)\s*\(([^)]{0,2000})\)\s*->[^{]{0,500}\{"
)
_PROMPT = lazy_pattern(r"\bprompt\s+(#{1,5})\"")
_CLIENT = lazy_pattern(r"\bclient\s+(?:\"([^\"\n]+)\"|([A-Za-z_][\w.]*))")
_ROLE = lazy_pattern(
    r"\{\{-?\s*_\.(?:role|chat)\(\s*(?:role\s*=\s*)?[\"'](\w+)[\"'][^)}]*\)\s*-?\}\}\n?"
)
_OUTPUT_FORMAT = lazy_pattern(r"ctx\.output_format(?:\([^)}]*\))?")
_ARGUMENT = lazy_pattern(r"([A-Za-z_]\w*)\s*:\s*([\w.\[\]<>|\s?\"]+)")
_TYPES = {"string": "string", "int": "integer", "float": "number", "bool": "boolean"}


def recognises(file: SourceFile) -> bool:
    """Whether the ending is that of BAML."""
    return file.suffix == ".baml"


def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """A prompt for each function with a prompt."""
    source = file.text.value
    functions = list(_FUNCTION.finditer(source))
    for match, following in zip(functions, [*functions[1:], None], strict=True):
        end = len(source) if following is None else following.start()
        prompt = _PROMPT.search(source, match.end(), end)
        close = -1 if prompt is None else source.find(f'"{prompt[1]}', prompt.end(), end)
        if prompt is not None and close >= 0:
            body = source[prompt.end() : close]
            client = _CLIENT.search(source, match.end(), prompt.start())
            place = file.text.place(match.start(1), match.end(1))
            function = _Function(file, options, place)
            yield function.document(match[1], match[2], body, client and (client[1] or client[2]))


class _Function:
    """One function."""

    def __init__(self, file: SourceFile, options: ReadOptions, place: Place) -> None:
        self._file = file
        self._options = options
        self._place = place
        self._losses: list[Loss] = []
        self._names = InputNames()

    def document(self, name: str, arguments: str, body: str, client: str | None) -> SourceDocument:
        """The prompt of a function."""
        turns = tuple(self._turns(textwrap.dedent(body).strip()))
        inputs = {
            self._names.name(key): _schema(kind) for key, kind in _ARGUMENT.findall(arguments)
        }
        return SourceDocument(
            id=identity(*stem_steps(self._file.path), _words(name)),
            format=NAME,
            place=self._place,
            messages=turns,
            fields=self._model(client),
            inputs=inputs,
            required=tuple(key for key, one in inputs.items() if "null" not in one.get("type", ())),
            aliases=self._names.aliases,
            samples=self._options.samples,
            losses=tuple(self._losses),
        )

    def _turns(self, body: str) -> Iterator[SourceTurn]:
        pieces = _ROLE.split(body)
        first, *others = pieces
        if first.strip():
            self._lose("IMP311", f"nothing defines the role: `{self._options.role}` is assumed")
            yield self._message(self._options.role, first)
        for role, text in zip(others[::2], others[1::2], strict=True):
            if role not in ROLES:
                self._lose("IMP101", f"the role `{role}` does not exist in promptops")
            elif text.strip():
                yield self._message(role, text)

    def _message(self, role: str, written: str) -> SourceTurn:
        if _OUTPUT_FORMAT.search(written):
            message = "the caller has to pass `output_format`: it was the type that BAML describes"
            self._lose("IMP224", message)
        plain = _OUTPUT_FORMAT.sub("output_format", written).strip()
        text = Text(self._file.shown, plain, lambda _at: (self._place.line, self._place.column))
        found = TRANSLATIONS["jinja"](text, self._names)
        self._losses += found.losses
        return text_message(role, found)

    def _model(self, client: str | None) -> Mapping[str, Any]:
        if client is None or "/" in client:
            return model_field(client, {}, lambda _key: self._place, self._losses)
        self._lose("IMP107", f"the client `{client}` is a reference: it is not carried")
        return {}

    def _lose(self, code: str, message: str) -> None:
        self._losses.append(Loss(code=code, message=message, place=self._place))


def _schema(kind: str) -> dict[str, Any]:
    """The schema of a type of BAML; a class and a union admit any value."""
    written = kind.strip()
    if written.endswith("?"):
        return nullable(_schema(written[:-1]))
    if written.endswith("[]"):
        return {"type": "array", "items": _schema(written[:-2])}
    return {"type": _TYPES[written]} if written in _TYPES else {}


def _words(name: str) -> str:
    """`FindPart` as `find-part`."""
    return "".join(f"-{char}" if char.isupper() else char for char in name)
