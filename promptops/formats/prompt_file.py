"""The prompt file of a document, as text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

from promptops.formats.codes import CHANGES_REQUEST
from promptops.formats.document import (
    Loss,
    MediaContent,
    SourceCase,
    SourceDocument,
    SourceHistory,
    SourceLoop,
    SourceMessage,
    SourceTurn,
    TemplatePart,
    TextContent,
    TextPart,
)
from promptops.formats.input_schema import input_schema
from promptops.formats.translation import jinja, without_blank_lines
from promptops.model.place import Text, plain_text
from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.records import record
from promptops.runtime.request.media import is_media, no_media

CASES_IN_FILE = 20
"""More cases than this go to a case file."""

_KEYS_BEFORE_MESSAGES = ("title", "description", "owners", "tags", "metadata", "budget", "model")
_KEYS_AFTER_MESSAGES = ("output", "tools", "tool_choice")


@record(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How prompt files are written.

    Attributes:
        root: The prompt root, "" for the root of the repository.
        schema: The path of the schema for editors, from the root of the repository.
        optional: Inputs that are only printed get the default "".
        tidy: Blank lines that tags leave are dropped: what is rendered changes.
        bodies: Messages of more lines than this go to a file of their own; None for none.
    """

    root: str
    schema: str = ".promptops/prompt.schema.json"
    optional: bool = False
    tidy: bool = False
    bodies: int | None = None


@record(frozen=True, slots=True, kw_only=True)
class PromptFiles:
    """The files of one prompt.

    Attributes:
        path: Of the prompt file.
        files: Texts by path from the root of the repository.
        inputs: Names of the inputs.
        is_draft: Whether what is lost changes the request, so that no release contains it yet.
    """

    id: str
    path: str
    files: Mapping[str, str]
    inputs: tuple[str, ...]
    losses: tuple[Loss, ...]
    is_draft: bool = False


def prompt_files(
    document: SourceDocument, data: bytes, options: WriteOptions, origin: str = ""
) -> PromptFiles:
    """The files of a document that was read from `data`; equal documents give equal files.

    `origin` is the path of the source in the prompt file; that of the document's place by default.
    """
    name = f"{options.root}/{document.id}" if options.root else document.id
    path = f"{name}.prompt.yaml"
    partials = {
        f"{options.root}/{target}" if options.root else target: jinja(parts)
        for target, parts in document.partials.items()
    }
    messages, losses = written_messages(document, tuple)
    if options.tidy:
        messages, losses = _tidied(document, messages)
    losses += _without_json(document, messages)
    if not messages and not any(loss.refuses for loss in document.losses):
        message = "there is no text in it"
        losses.append(Loss(code="IMP003", message=message, place=document.place, refuses=True))
    inputs = input_schema(
        document, messages, _load(partials, options.root), optional=options.optional
    )
    cases, unread = _cases(document, inputs.schema.get("properties", {}))
    bodies = _Bodies(name, options.bodies)
    lost = (*document.losses, *losses, *inputs.losses, *unread)
    is_draft = any(loss.code in CHANGES_REQUEST for loss in lost)
    value = {
        "format": "promptops/1",
        **({"status": "draft"} if is_draft else {}),
        **{key: document.fields[key] for key in _KEYS_BEFORE_MESSAGES if key in document.fields},
        **{key: item for key, item in document.fields.items() if key.startswith("x-")},
        **({"inputs": inputs.schema} if inputs.schema else {}),
        **{key: document.fields[key] for key in _KEYS_AFTER_MESSAGES if key in document.fields},
        "messages": [bodies.moved(message, index) for index, message in enumerate(messages)],
        **_tests(name, cases),
        **(
            {"evaluation": document.fields["evaluation"]} if "evaluation" in document.fields else {}
        ),
    }
    files = {
        path: _head(origin or document.place.path, data, path, options.schema) + yaml_file(value)
    }
    if len(cases) > CASES_IN_FILE:
        files[f"{name}.cases.yaml"] = _case_file(cases)
        message = f"{len(cases)} cases go to a case file"
        losses.append(Loss(code="IMP312", message=message, place=document.place))
    found = (*document.losses, *losses, *inputs.losses, *unread, *_files_to_copy(document))
    return PromptFiles(
        id=document.id,
        path=path,
        files={**files, **bodies.files, **partials},
        inputs=tuple(inputs.schema.get("properties", ())),
        losses=found,
        is_draft=is_draft,
    )


def _tidied(document: SourceDocument, untidied: list[Any]) -> tuple[list[Any], list[Loss]]:
    """The messages without the blank lines that tags leave, and an IMP212 if there are any."""
    messages, losses = written_messages(document, without_blank_lines)
    if messages != untidied:
        message = "blank lines that tags leave are dropped: what is rendered has fewer"
        losses.append(Loss(code="IMP212", message=message, place=document.place))
    return messages, losses


def _without_json(document: SourceDocument, messages: Sequence[Any]) -> Iterator[Loss]:
    """An IMP119 for an answer in JSON of which no message speaks: lint reports it as CFG007."""
    output = document.fields.get("output", {})
    if output.get("format") != "json" or output.get("schema") is not None:
        return
    partials = (jinja(parts) for parts in document.partials.values())
    if not any("json" in str(text).lower() for text in (*messages, *partials)):
        message = "no message mentions JSON: providers refuse such a request for an answer in JSON"
        hint = "write `Answer with a JSON object.` in a message, or a schema below `output`"
        yield Loss(code="IMP119", message=message, place=document.place, hint=hint)


def _files_to_copy(document: SourceDocument) -> list[Loss]:
    """An IMP304 for each image or document that the messages read from a file."""
    hint = "copy it to the place that the prompt file names"
    return [
        Loss(
            code="IMP304",
            message=f"the file `{name}` is not copied",
            place=document.place,
            hint=hint,
        )
        for name in _media(document, "file")
    ]


def _media(document: SourceDocument, origin: str) -> Iterable[str]:
    """The values of media parts from files or inputs, each once."""
    return dict.fromkeys(
        content.value
        for turn in document.messages
        for message in (turn.messages if isinstance(turn, SourceLoop) else (turn,))
        if isinstance(message, SourceMessage)
        for content in message.content
        if isinstance(content, MediaContent) and content.origin == origin
    )


def _load(partials: Mapping[str, str], root: str) -> Any:
    def load(_origin: str, target: str) -> Text | None:
        path = f"{root}/{target}" if root else target
        return plain_text(path, partials[path]) if path in partials else None

    return load


def _head(origin: str, data: bytes, path: str, schema: str) -> str:
    up = "../" * path.count("/")
    digest = sha256(data).hexdigest()[:8]
    source = "".join(char if char.isprintable() else "?" for char in origin)
    return (
        f"# yaml-language-server: $schema={up}{schema}\n"
        f"# imported from {source} ({digest}) by promptops import\n"
    )


def _cases(
    document: SourceDocument, inputs: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], list[Loss]]:
    cases, losses, unread_in = [], list[Loss](), dict[str, list[SourceCase]]()
    media = set(_media(document, "input"))
    for case in document.cases:
        named = [
            name for name in media.intersection(case.inputs) if not is_media(case.inputs[name])
        ]
        if named:
            losses.append(_no_media(case, min(named)))
            continue
        unread = [name for name in case.inputs if name not in inputs]
        for name in unread:
            unread_in.setdefault(name, []).append(case)
        cases.append(_case(case, unread, document))
    return cases, [*losses, *(_unread(name, found) for name, found in unread_in.items())]


def _no_media(case: SourceCase, name: str) -> Loss:
    message = f"the case `{case.name}` is left out: {no_media(name)}"
    hint = "write a case with base64, such as the output of `base64 -w0 FILE`"
    return Loss(code="IMP113", message=message, place=case.place, hint=hint)


def _unread(name: str, cases: Sequence[SourceCase]) -> Loss:
    of = f"the case `{cases[0].name}`" if len(cases) == 1 else counted(len(cases), "case")
    message = f"no template reads `{name}` of {of}: it is left out"
    return Loss(code="IMP115", message=message, place=cases[0].place)


def _case(case: SourceCase, unread: Sequence[str], document: SourceDocument) -> dict[str, Any]:
    inputs = {name: value for name, value in case.inputs.items() if name not in unread}
    written: dict[str, Any] = {"name": case.name, "inputs": inputs}
    if case.tags:
        written["tags"] = list(case.tags)
    if case.expected is not None:
        written["expected"] = case.expected
    written["rendered"] = list(case.rendered) or [_plain_assertion(document)]
    if case.output:
        written["output"] = list(case.output)
    return written


def _plain_assertion(document: SourceDocument) -> dict[str, Any]:
    """What holds for each rendered case, so that none asserts nothing."""
    turns = document.messages
    fixed = all(getattr(turn, "when", True) is None for turn in turns)
    if fixed:
        return {"type": "message-count", "value": len(turns)}
    return {"type": "not-message-count", "value": 0}


def _tests(name: str, cases: Sequence[Any]) -> dict[str, Any]:
    if not cases:
        return {}
    if len(cases) > CASES_IN_FILE:
        return {"tests": [{"file": f"./{PurePosixPath(name).name}.cases.yaml"}]}
    return {"tests": list(cases)}


def _case_file(cases: Sequence[Any]) -> str:
    body = yaml_file({"cases": list(cases)}).split("\n", 1)[1]
    return "".join(f"{line[2:]}\n" for line in body.split("\n")[:-1])


class _Bodies:
    """Moves long texts, and those that a YAML block can't hold, to files of their own."""

    def __init__(self, name: str, lines: int | None) -> None:
        self.files: dict[str, str] = {}
        self._name = name
        self._lines = lines

    def moved(self, message: Mapping[str, Any], index: int) -> Mapping[str, Any]:
        """The message with its text, or with the name of the file that holds it."""
        text = message.get("content")
        if not isinstance(text, str) or not self._is_moved(text):
            return message
        stem = f"{self._name}.{message['role']}"
        path = f"{stem}.md.j2" if f"{stem}.md.j2" not in self.files else f"{stem}-{index + 1}.md.j2"
        self.files[path] = text if text.endswith("\n") else f"{text}\n"
        return {**message, "content": {"file": f"./{PurePosixPath(path).name}"}}

    def _is_moved(self, text: str) -> bool:
        if text.strip(" ") and not fits_block(text):
            return True
        return self._lines is not None and text.count("\n") > self._lines


# The turns of a document as `messages` of a prompt file.

Tidy = Callable[[Sequence[TemplatePart]], Sequence[TemplatePart]]
"""What becomes of the parts of a message before they are written."""


def written_messages(document: SourceDocument, tidy: Tidy) -> tuple[list[Any], list[Loss]]:
    """The value of `messages`, and an IMP208 for each message that is left out because it is empty.

    White space at both ends of a message, which providers do not distinguish, is dropped.
    """
    losses: list[Loss] = []
    turns = [written for turn in document.messages for written in _turn(turn, tidy)]
    kept = [turn for turn in turns if turn.get("content") != ""]
    for _ in range(len(turns) - len(kept)):
        message = "a message without text is left out"
        losses.append(Loss(code="IMP208", message=message, place=document.place))
    return kept, losses


def stripped(parts: Sequence[TemplatePart]) -> tuple[TemplatePart, ...]:
    """The parts without white space at the beginning of the first and the end of the last one."""
    kept = list(parts)
    while kept and isinstance(kept[0], TextPart):
        text = kept[0].text.lstrip()
        if text:
            kept[0] = TextPart(text)
            break
        del kept[0]
    while kept and isinstance(kept[-1], TextPart):
        text = kept[-1].text.rstrip()
        if text:
            kept[-1] = TextPart(text)
            break
        del kept[-1]
    return tuple(kept)


def _turn(turn: SourceTurn, tidy: Tidy) -> Iterator[dict[str, Any]]:
    if isinstance(turn, SourceHistory):
        yield {"history": turn.source, **({"last": turn.last} if turn.last else {})}
    elif isinstance(turn, SourceLoop):
        inner = [written for message in turn.messages for written in _turn(message, tidy)]
        yield {"for_each": turn.source, "as": turn.name, "messages": inner}
    else:
        yield _message(turn, tidy)


def _message(message: SourceMessage, tidy: Tidy) -> dict[str, Any]:
    content = _content(message, tidy)
    when = {"when": message.when} if message.when is not None else {}
    if content == "" and message.fields:  # such as a call of a tool, without text
        return {"role": message.role, **when, **message.fields}
    return {"role": message.role, **when, **message.fields, "content": content}


def _content(message: SourceMessage, tidy: Tidy) -> Any:
    content = message.content
    if not content:
        return ""
    if len(content) == 1 and isinstance(content[0], TextContent) and content[0].when is None:
        return template_text(tidy(content[0].parts))
    return [_part(part, tidy) for part in content]


def _part(part: TextContent | MediaContent, tidy: Tidy) -> dict[str, Any]:
    when = {"when": part.when} if part.when is not None else {}
    if isinstance(part, TextContent):
        return {"text": template_text(tidy(part.parts)), **when}
    detail = {"detail": part.detail} if part.detail is not None else {}
    return {part.kind: {part.origin: part.value}, **detail, **when}


def template_text(parts: Sequence[TemplatePart]) -> str:
    """The template of a message; a text of several lines ends with a newline, as YAML blocks do."""
    text = jinja(stripped(parts))
    return f"{text}\n" if "\n" in text and not text.endswith("\n") else text


# A value as YAML that people edit: texts of several lines as blocks, short values on one line.
#
# `yaml_text` of `report/data_text.py` is the other writer: it shows a value line by line and makes
# each character visible; here a file keeps its characters, in the style of a file written by hand.

WIDTH = 100
_PLAIN_SCALAR = lazy_pattern(r"[A-Za-z_/][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*")
_NOT_TEXT = frozenset(
    ("null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity")
)
_NO_BLOCK = lazy_pattern(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ufeff\\ud800-\\udfff\\ufffe\\uffff]"
)
_ESCAPED = lazy_pattern("[\\x7f-\\x9f\\u2028\\u2029\\ufeff\\ud800-\\udfff\\ufffe\\uffff]")


def yaml_file(value: Mapping[str, Any]) -> str:
    """The mapping as a YAML 1.2 document, keys in their order, one newline at the end."""
    return "".join(f"{line}\n" for line in _mapping(value, ""))


def fits_block(text: str) -> bool:
    """Whether YAML can hold a text in a `|` block: without control characters, not only blanks."""
    return _NO_BLOCK.search(text) is None and bool(text.strip(" \n"))


def flow(value: Any) -> str:
    """A value on one line; strings are quoted where YAML needs it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar(value)


def scalar(value: Any) -> str:
    """A string, number, boolean or None on one line."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN_SCALAR.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    if "\\" in quoted and "\n" not in value and not _NO_BLOCK.search(value):
        return "'" + value.replace("'", "''") + "'"  # lint accepts no escapes in a template
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)


def _mapping(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, item in value.items():
        yield from _entry(f"{indent}{scalar(key)}:", item, indent)


def _entry(head: str, value: Any, indent: str) -> Iterator[str]:
    """A key or a dash with its value, on one line where that is short."""
    if isinstance(value, str) and "\n" in value and fits_block(value):
        yield from _block(head, value, f"{indent}  ")
        return
    line = f"{head} {flow(value)}"
    short = len(line) <= WIDTH and not _has_lines(value) and _is_small(value)
    if not isinstance(value, Mapping | list | tuple) or not value or short:
        yield line
    elif isinstance(value, Mapping):
        yield head
        yield from _mapping(value, f"{indent}  ")
    else:
        yield head
        for item in value:
            yield from _item(item, f"{indent}  ")


def _item(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        line = f"{indent}- {flow(value)}"
        if len(line) <= WIDTH and not _has_lines(value):
            yield line
            return
        first, *rest = _mapping(value, f"{indent}  ")
        yield f"{indent}- {first.strip()}"
        yield from rest
    else:
        yield from _entry(f"{indent}-", value, indent)


def _block(head: str, text: str, indent: str) -> Iterator[str]:
    body = text.rstrip("\n")
    ending = len(text) - len(body)
    keep = "-" if ending == 0 else "" if ending == 1 else "+"
    first = body.lstrip("\n")
    sign = "2" if first[:1] in (" ", "\t") or body[:1] == "\n" else ""
    yield f"{head} |{sign}{keep}"
    for line in body.split("\n"):
        yield f"{indent}{line}" if line else ""
    yield from [""] * (ending - 1)


def _has_lines(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_lines(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_has_lines(item) for item in value)
    return isinstance(value, str) and "\n" in value and fits_block(value)


def _is_small(value: Any) -> bool:
    """Whether a value reads well on one line: no mappings below the second level."""
    if isinstance(value, Mapping):
        return not any(isinstance(item, Mapping) and item for item in value.values())
    return not isinstance(value, list | tuple) or not any(isinstance(one, Mapping) for one in value)
