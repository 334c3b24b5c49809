"""The prompts of a configuration of promptfoo, their messages and their models."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.chat_messages import ChatReader
from promptops.formats.document import (
    ExpressionPart,
    Loss,
    SourceHistory,
    SourceMessage,
    SourceTurn,
    TemplatePart,
    TextContent,
)
from promptops.formats.languages.nunjucks import nunjucks
from promptops.formats.model_fields import PARAMETERS, model_field, output_field, tools_field
from promptops.formats.plain_texts import id_step
from promptops.formats.promptfoo.tests import files_named
from promptops.formats.source_file import SourceFile, UnreadableSource
from promptops.formats.translation import InputNames
from promptops.json_pointer import escaped
from promptops.model.place import Place, Text, plain_text
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.source.document import Document, read_any

_CODE_ENDINGS = (".py", ".js", ".ts", ".mjs", ".cjs", ".rb", ".sh")
_REGISTRIES = ("langfuse://", "portkey://", "helicone://", "promptlayer://")
_OF_OWN_EXPORT = (
    "promptops itself renders these prompts: import what `promptops export promptfoo --templates`"
    " writes"
)
_HEADING = lazy_pattern(r"\s{0,100}#{1,3}[ \t]+([^\n{]{1,60})(?:\n|\Z)")
_LINE = lazy_pattern(r"[^\n]*\n?")
_FILE_NAME = lazy_pattern(
    r"[\w./*{}\[\]-]*\.(?:txt|md|j2|njk|json|jsonl|ya?ml|csv|py|[cm]?js|ts|rb|sh)(?::\w+)?"
)


@record(frozen=True, slots=True, kw_only=True)
class FoundPrompt:
    """One prompt.

    Attributes:
        name: For its id; "" for a text without a label and without a heading of its own.
        names: By which a test chooses it.
        text: With its places.
    """

    name: str
    names: tuple[str, ...]
    text: Text
    place: Place


class PromptList:
    """The prompts of one configuration.

    Attributes:
        losses: The prompts that can't be read, each of which refuses its prompt; and their texts
            that promptfoo ignores.
    """

    def __init__(self, file: SourceFile, document: Document) -> None:
        self.losses: list[Loss] = []
        self._file = file
        self._source = document

    def prompts(self) -> Iterator[FoundPrompt]:
        """The prompts in the order of the configuration."""
        found = list(self._listed())
        taken = Counter(one.name or _heading(one.text) for one in found)
        for one in found:
            heading = _heading(one.text)
            named = not one.name and heading and taken[heading] == 1
            yield replace(one, name=heading) if named else one

    def _listed(self) -> Iterator[FoundPrompt]:
        given = self._source.value["prompts"]
        if isinstance(given, Mapping):
            for key, label in given.items():
                pointer = f"/prompts/{escaped(key)}"
                yield from self._prompt(str(key), str(label or ""), (), pointer, pointer)
            return
        listed = isinstance(given, list)
        for index, row in enumerate(given if listed else [given]):
            pointer = f"/prompts/{index}" if listed else "/prompts"
            yield from self._row(row, pointer)

    def _row(self, row: Any, pointer: str) -> Iterator[FoundPrompt]:
        if not isinstance(row, Mapping):
            yield from self._prompt(row, "", (), pointer, pointer)
            return
        key = next((one for one in ("raw", "id", "file") if one in row), "raw")
        self._note_text_that_promptfoo_ignores(row, key, pointer)
        label = str(row.get("label") or "")
        names = (str(row["id"]),) if "id" in row else ()
        yield from self._prompt(row.get(key), label, names, pointer, f"{pointer}/{key}")

    def _note_text_that_promptfoo_ignores(
        self, row: Mapping[Any, Any], key: str, pointer: str
    ) -> None:
        other = next((one for one in ("prompt", "content", "text") if one in row), None)
        if key in row and other is not None:
            message = f"promptfoo does not read `{other}`: the prompt is `{row[key]}`"
            place = self._source.place(f"{pointer}/{other}", True)
            hint = "write the text below `raw`"
            self.losses.append(Loss(code="IMP114", message=message, place=place, hint=hint))

    def _prompt(
        self, text: Any, label: str, names: tuple[str, ...], pointer: str, at: str
    ) -> Iterator[FoundPrompt]:
        if not isinstance(text, str):
            self._refuse("IMP102", "this prompt can't be read", pointer)
        elif text.startswith(_REGISTRIES):
            self._refuse("IMP104", f"`{text}` is in a registry: export it from there", pointer)
        elif text.startswith("exec:") or _is_code(text):
            own = text.removeprefix("file://").startswith("promptops_prompts.py:")
            hint = _OF_OWN_EXPORT if own else None
            self._refuse("IMP102", f"`{text}` is code, which is not run", pointer, hint)
        elif text.startswith("file://") or _FILE_NAME.fullmatch(text):
            yield from self._of_files(text.removeprefix("file://"), label, names, pointer)
        else:
            written = self._source.template(at)
            text_with_places = (
                written if written.value == text else plain_text(self._file.shown, text)
            )
            yield FoundPrompt(
                name=label,
                names=(*names, label or text),
                text=text_with_places,
                place=self._source.place(pointer),
            )

    def _of_files(
        self, path: str, label: str, names: tuple[str, ...], pointer: str
    ) -> Iterator[FoundPrompt]:
        try:
            files = files_named(self._file, path)
            if not files:
                self._refuse("IMP104", f"the prompt `{path}` is missing", pointer)
            for file in files:
                yield from _in_file(file, label if len(files) == 1 else "", names)
        except UnreadableSource as error:
            self.losses.append(replace(error.loss, refuses=True))

    def _refuse(self, code: str, message: str, pointer: str, hint: str | None = None) -> None:
        loss = Loss(
            code=code, message=message, place=self._source.place(pointer), hint=hint, refuses=True
        )
        self.losses.append(loss)


def _in_file(file: SourceFile, label: str, names: tuple[str, ...]) -> Iterator[FoundPrompt]:
    texts = list(_TEXTS_OF.get(file.suffix, _whole)(file))
    stem = label or file.name.split(".")[0]
    headings = Counter(_heading(text) for _, text in texts)
    for number, (title, text) in enumerate(texts, 1):
        heading = _heading(text)
        own = heading if heading and headings[heading] == 1 else str(number)
        name = title or (stem if len(texts) == 1 else f"{stem}-{own}")
        chosen = (*names, *((label,) if label else ()), *((title,) if title else ()), stem)
        yield FoundPrompt(name=name, names=chosen, text=text, place=text.place(0))


def _heading(text: Text) -> str:
    """The heading in Markdown that a text begins with, as a name for an id; "" without one."""
    match = _HEADING.match(text.value)
    return id_step(match[1]) if match is not None else ""


def _whole(file: SourceFile) -> Iterator[tuple[str, Text]]:
    yield "", file.text


def _blocks(file: SourceFile) -> Iterator[tuple[str, Text]]:
    """The texts between lines `---`, without white space at their ends."""
    start = 0
    for line in _LINE.finditer(file.text.value):
        if line[0].strip() == "---":
            yield from _stripped(file.text, start, line.start())
            start = line.end()
    yield from _stripped(file.text, start, len(file.text.value))


def _lines(file: SourceFile) -> Iterator[tuple[str, Text]]:
    for line in _LINE.finditer(file.text.value):
        yield from _stripped(file.text, line.start(), line.end())


def _table(file: SourceFile) -> Iterator[tuple[str, Text]]:
    """The column `prompt`; a file of one column has a prompt in each line."""
    if "," not in file.text.value:
        found = list(_lines(file))
        yield from found[1:] if found and found[0][1].value == "prompt" else found
        return
    reader = csv.DictReader(io.StringIO(file.text.value))
    line = 2
    for row in reader:
        text = (row.get("prompt") or "").strip()
        if text:
            yield (row.get("label") or "").strip(), _at_line(file, line, text)
        line = reader.line_num + 1


def _at_line(file: SourceFile, line: int, text: str) -> Text:
    return Text(file.shown, text, lambda _offset: (line, 1))


def _stripped(whole: Text, start: int, end: int) -> Iterator[tuple[str, Text]]:
    part = whole.value[start:end]
    text = part.strip()
    if text:
        first = start + part.index(text)
        yield "", Text(whole.path, text, lambda offset: whole.locate(first + offset))


_TEXTS_OF = {".txt": _blocks, ".csv": _table, ".jsonl": _lines}


def _is_code(text: str) -> bool:
    """Whether it names a file with code, also with a function: `prompts.py:build`."""
    name = text.removeprefix("file://")
    return "\n" not in name and " " not in name and name.split(":")[0].endswith(_CODE_ENDINGS)


# Prompts of promptfoo: a text, or a chat in JSON or YAML whose strings are templates.

_DUMPED_VARIABLE = lazy_pattern(r"\{\{\s*([\w.]+)\s*\|\s*dump(?:\s*\|\s*safe)?\s*\}\}")
_CONVERSATION = lazy_pattern(
    r"\{%-?\s*for\s+(\w+)\s+in\s+_conversation\s*-?%\}(?:(?!\{%-?\s*for\b).)*?\{%-?\s*endfor\s*-?%\}\s*,?",
    16,
)
_CONVERSATION_IN_YAML = lazy_pattern(
    r"^[ \t]*\{%-?\s*for\s+\w+\s+in\s+_conversation\s*-?%\}"
    r"(?:(?!\{%-?\s*for\b).)*?\{%-?\s*endfor\s*-?%\}[ \t]*\n?",
    re.MULTILINE | re.DOTALL,
)
_BARE_IN_YAML = lazy_pattern(r"^([ \t-]*content:[ \t]+)(\{\{.*\}\})[ \t]*$", re.MULTILINE)
_PRINTED = lazy_pattern(r"(\w+)\s*(\|\s*json)?\s*")
_LIKE_A_CHAT = lazy_pattern(
    r"\s*(?:\{%[^%]*%\}\s*)*(?:\[.*[\"']role[\"']|-\s+(?:role|\"role\"):)", re.DOTALL
)
_HISTORY_IN_YAML = "- role: user\n  content: \ue000history\ue001\n"
_HISTORY = '{"role": "user", "content": "\ue000history\ue001"},'
_HISTORY_MARK = "\ue000history\ue001"


class PromptMessages:
    """The turns of one prompt.

    Attributes:
        losses: What was lost.
        structures: Names of variables that are lists or mappings.
    """

    def __init__(
        self, names: InputNames, place: Callable[[], Place], sample: Mapping[str, Any]
    ) -> None:
        """`sample` has example inputs: they tell how values are printed."""
        self.losses: list[Loss] = []
        self._structures = {
            name for name, value in sample.items() if isinstance(value, list | Mapping)
        }
        self._names = names
        self._place = place
        self._sample = sample
        self._reader = ChatReader(
            read=lambda text, _pointer: self._parts(text),
            place=lambda _pointer: place(),
            names=names,
            losses=self.losses,
        )

    def turns(self, text: Text, role: str) -> tuple[SourceTurn, ...]:
        """The turns of a text; a text that is no chat is one message of the role."""
        chat = self._chat(text.value)
        if chat is not None:
            turns = (self._turn(item) for item in chat)
            return tuple(turn for turn in turns if turn is not None)
        if _LIKE_A_CHAT.match(text.value):
            message = "the list of messages is computed: it can't be read"
            hint = "write each message out, or import the rendered request"
            loss = Loss(
                code="IMP101", message=message, place=self._place(), hint=hint, refuses=True
            )
            self.losses.append(loss)
        return (SourceMessage(role=role, content=(TextContent(parts=self._read(text)),)),)

    def _chat(self, text: str) -> Sequence[Any] | None:
        """The messages of a text in JSON or YAML; None for any other text."""
        if text.lstrip()[:1] not in ("[", "-"):
            return None
        if text.lstrip()[:1] == "-":
            whole = _BARE_IN_YAML.sub(_quoted, _CONVERSATION_IN_YAML.sub(_HISTORY_IN_YAML, text))
            value = read_any("", whole.encode()).value
        else:
            value = _json(_quoted_outside(_CONVERSATION.sub(_HISTORY, text)))
        if not isinstance(value, list) or not value:
            return None
        fits = all(isinstance(item, dict) and "role" in item for item in value)
        return value if fits else None

    def _turn(self, item: Mapping[str, Any]) -> SourceTurn | None:
        content = item.get("content")
        if content == _HISTORY_MARK:
            message = "the caller's conversation is the input `conversation`, empty in each case"
            self.losses.append(Loss(code="IMP302", message=message, place=self._place()))
            return SourceHistory(source=self._names.name("conversation"))
        printed = {"content": str(content)} if isinstance(content, bool | int | float) else {}
        return self._reader.turn({**item, **printed}, "")

    def _parts(self, text: str) -> tuple[TemplatePart, ...]:
        place = self._place()
        return self._read(Text(place.path, text, lambda _at: (place.line, place.column)))

    def _read(self, text: Text) -> tuple[TemplatePart, ...]:
        found = nunjucks(text, self._sample)
        self.losses += found.losses
        for part in found.parts:
            if isinstance(part, ExpressionPart):
                self._note_printed(part.source, text)
        return found.parts

    def _note_printed(self, source: str, text: Text) -> None:
        """An IMP213 for a list or a mapping that is printed, also as JSON."""
        printed = _PRINTED.fullmatch(source)
        if printed is None or printed[1] not in self._structures:
            return
        name = printed[1]
        message = f"`{name}` is a list or an object, which promptfoo prints in another way"
        if printed[2]:
            message = (
                f"the JSON of `{name}` has a space after `,` and `:`; in promptfoo it has none"
            )
        at = max(text.value.find(name), 0)
        hint = None if printed[2] else "write `| join(', ')` or `| json`"
        place = text.place(at, at + len(name))
        self.losses.append(Loss(code="IMP213", message=message, place=place, hint=hint))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _quoted(match: re.Match[str]) -> str:
    return f"{match[1]}{json.dumps(match[2])}"


def _quoted_outside(text: str) -> str:
    """`{{ x | dump }}` outside of a string as a string with the value of `x`."""
    pieces, position, inside = [], 0, False
    while position < len(text):
        match = _DUMPED_VARIABLE.match(text, position) if not inside else None
        if match is not None:
            pieces.append(f'"{{{{ {match[1]} }}}}"')
            position = match.end()
            continue
        char = text[position]
        if char == "\\" and inside:
            pieces.append(text[position : position + 2])
            position += 2
            continue
        inside ^= char == '"'
        pieces.append(char)
        position += 1
    return "".join(pieces)


# The providers of a configuration of promptfoo: the first model, its parameters, its tools.

_NO_MODEL = ("echo", "http", "https", "file", "exec", "python", "webhook", "ws", "browser")
_OF_REQUEST = ("response_format", "tools", "tool_choice", "text")
_CONNECTIONS = ("api", "base_url", "baseurl", "organization", "headers", "region", "project")


def provider_fields(document: Document, losses: list[Loss]) -> dict[str, Any]:
    """`model`, `output` and `tools` of a prompt file; adds what is lost to `losses`."""
    value = document.value
    key = "targets" if "targets" in value else "providers"
    given = value.get(key)
    listed = isinstance(given, list)
    rows: list[Any] = given if isinstance(given, list) else [given]
    models: list[tuple[Any, str]] = []
    no_model = None if any(map(_model_name, rows)) else "name one: `model: {provider: …, id: …}`"
    for index, row in enumerate(rows):
        place = document.place(f"/{key}/{index}" if listed else f"/{key}")
        name = _model_name(row)
        if row is not None and name is None:
            message = "a provider that is not a model is not carried"
            losses.append(Loss(code="IMP107", message=message, place=place, hint=no_model))
        elif name is not None and models:
            message = f"`{name}` is not imported: a prompt file has one model"
            hint = "to compare both: add a profile to promptops.toml, and run `promptops compare`"
            losses.append(Loss(code="IMP130", message=message, place=place, hint=hint))
        elif name is not None:
            models.append((row, f"/{key}/{index}" if listed else f"/{key}"))
    return _fields(document, *models[0], losses) if models else {}


def _fields(document: Document, row: Any, pointer: str, losses: list[Loss]) -> dict[str, Any]:
    def place(key: str) -> Place:
        return document.place(f"{pointer}/config/{key}" if key else pointer, bool(key))

    config = row.get("config") if isinstance(row, Mapping) else None
    config = config if isinstance(config, Mapping) else {}
    params = {}
    for key, given in config.items():
        if str(key).lower().startswith(_CONNECTIONS):
            message = f"connection settings are not carried: `{key}`"
            losses.append(Loss(code="IMP111", message=message, place=place(key)))
        elif key in PARAMETERS or (key not in _OF_REQUEST and isinstance(given, str | int | float)):
            params[key] = given
        elif key not in _OF_REQUEST:
            message = f"`{key}` of a provider is not carried"
            losses.append(Loss(code="IMP129", message=message, place=place(key)))
    return {
        **model_field(_model_name(row), params, place, losses),
        **output_field(config, place, losses),
        **tools_field(config, place, losses),
    }


def _model_name(row: Any) -> str | None:
    name = row.get("id") if isinstance(row, Mapping) else row
    if not isinstance(name, str) or name.split(":")[0] in _NO_MODEL or "/" in name.split(":")[0]:
        return None
    return name
