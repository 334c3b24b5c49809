"""Flows of Prompt flow: each `llm` and `prompt` node of a `flow.dag.yaml` is a prompt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.formats.chat_messages import RoleLines, has_role_lines, with_images
from promptops.formats.document import (
    Loss,
    SourceDocument,
    SourceLoop,
    SourceMessage,
    SourceTurn,
    TemplatePart,
    TextContent,
    TextPart,
)
from promptops.formats.languages.jinja import jinja_with
from promptops.formats.model_fields import PARAMETERS, model_field, output_field
from promptops.formats.plain_texts import identity, parts_message
from promptops.formats.source_file import ReadOptions, SourceFile, other_format
from promptops.formats.translation import InputNames
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.records import replace

NAME = "promptflow"
MARKS = "YAML with `nodes`, and `inputs` or `outputs`: `flow.dag.yaml`"
RANK = 390

_KINDS = ("llm", "prompt")
_REFERENCE = lazy_pattern(r"\$\{inputs\.([\w.-]+)\}")
_TYPES = {
    "string": "string",
    "int": "integer",
    "double": "number",
    "bool": "boolean",
    "list": "array",
    "object": "object",
}
_IMAGE = lazy_pattern(r"!\[image\]\(\Z")


def recognises(file: SourceFile) -> bool:
    """Whether it is a flow."""
    if file.suffix not in (".yaml", ".yml"):
        return False
    value = file.yaml.value
    if not isinstance(value, Mapping) or not isinstance(value.get("nodes"), list):
        return False
    return "inputs" in value or "outputs" in value


def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """A prompt for each node with a template."""
    value = file.yaml.value
    nodes = value.get("nodes") if isinstance(value, Mapping) else None
    if not isinstance(nodes, list):
        yield other_format(file, NAME, MARKS)
        return
    found = 0
    for index, node in enumerate(nodes):
        if isinstance(node, Mapping) and node.get("type") in _KINDS:
            found += 1
            yield _Node(file, options, node, f"/nodes/{index}").document()
    if found == 0:
        message = f"the flow has no node of type llm or prompt, of {len(nodes)}"
        yield Loss(code="IMP003", message=message, place=file.place())


class _Node:
    def __init__(
        self, file: SourceFile, options: ReadOptions, node: Mapping[str, Any], pointer: str
    ) -> None:
        self._file = file
        self._options = options
        self._node = node
        self._pointer = pointer
        self._names = InputNames()
        self._losses: list[Loss] = []

    def document(self) -> SourceDocument:
        """The prompt of the node."""
        given = self._node.get("inputs")
        values: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        turns = tuple(self._turns())
        folders = self._file.path.split("/")[:-1]
        return SourceDocument(
            id=identity(*folders, str(self._node.get("name", "prompt"))),
            format=NAME,
            place=self._file.yaml.place(self._pointer),
            fields=self._fields(values),
            messages=turns,
            inputs=self._inputs(values),
            aliases=self._names.aliases,
            samples=self._options.samples,
            lenient=True,
            losses=tuple(self._losses),
        )

    def _turns(self) -> Iterator[SourceTurn]:
        template = self._template()
        if template is None:
            return
        language = jinja_with(trim_blocks=True, lstrip_blocks=False)
        found = language(template.text, self._names)
        self._losses += found.losses
        if not has_role_lines(found.parts):
            if self._node["type"] == "llm":
                self._note("IMP101", "the template has no role lines", "/source", refuses=True)
            yield parts_message(self._options.role, found.parts)
            return
        roles = RoleLines(template.place, None, last_line="text")
        for turn in roles.turns(found.parts):
            yield _with_images(turn)
        self._losses += roles.losses

    def _template(self) -> SourceFile | None:
        source = self._node.get("source")
        path = source.get("path") if isinstance(source, Mapping) else None
        if not isinstance(path, str):
            self._note("IMP104", "the node names no template", "", refuses=True)
            return None
        found = self._file.beside(path)
        if found is None:
            self._note("IMP104", f"the template `{path}` is missing", "/source/path", refuses=True)
        return found

    def _fields(self, values: Mapping[str, Any]) -> dict[str, Any]:
        def place(key: str) -> Place:
            return self._place(f"/inputs/{key}" if key else "")

        name = values.get("deployment_name") or values.get("model")
        params = {
            key: value
            for key, value in values.items()
            if key in PARAMETERS and value not in ("", None)
        }
        written = str(name) if name else None
        fields = model_field(written, params, place, self._losses, self._provider(name))
        fields |= output_field(values, place, self._losses)
        if self._node.get("connection"):
            self._note("IMP111", "the connection is not carried", "/connection")
        return fields

    def _provider(self, name: Any) -> str | None:
        values = self._node.get("inputs")
        deployed = isinstance(values, Mapping) and values.get("deployment_name") == name
        return "azure" if name and deployed else None

    def _inputs(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The schemas of what the flow passes on to the template."""
        declared = self._file.yaml.value.get("inputs")
        of_flow: Mapping[str, Any] = declared if isinstance(declared, Mapping) else {}
        schemas: dict[str, Any] = {}
        for name, value in values.items():
            if name in PARAMETERS or name in ("deployment_name", "model", "response_format"):
                continue
            match = _REFERENCE.fullmatch(str(value))
            known = of_flow.get(match[1]) if match else None
            if isinstance(known, Mapping):
                schemas[self._names.name(name)] = _schema(known)
            elif match is None and not str(value).startswith("${"):
                schemas[self._names.name(name)] = {"default": value}
        return schemas

    def _place(self, pointer: str) -> Place:
        return self._file.yaml.place(self._pointer + pointer, bool(pointer))

    def _note(self, code: str, message: str, pointer: str, *, refuses: bool = False) -> None:
        place = self._place(pointer)
        self._losses.append(Loss(code=code, message=message, place=place, refuses=refuses))


def _schema(declared: Mapping[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    kind = _TYPES.get(str(declared.get("type")))
    if kind is not None:
        schema["type"] = kind
    if isinstance(declared.get("description"), str):
        schema["description"] = declared["description"]
    if declared.get("default") is not None:
        schema["default"] = declared["default"]
    return schema


def _with_images(turn: SourceTurn) -> SourceTurn:
    """The turn with `![image]({{x}})` as images."""
    if isinstance(turn, SourceLoop):
        return replace(turn, messages=tuple(map(_message_with_images, turn.messages)))
    return _message_with_images(turn) if isinstance(turn, SourceMessage) else turn


def _message_with_images(message: SourceMessage) -> SourceMessage:
    content = tuple(
        piece
        for one in message.content
        for piece in (
            with_images(one.parts)
            if isinstance(one, TextContent) and any(map(_has_image, one.parts))
            else (one,)
        )
    )
    return replace(message, content=content)


def _has_image(part: TemplatePart) -> bool:
    return isinstance(part, TextPart) and _IMAGE.search(part.text) is not None
