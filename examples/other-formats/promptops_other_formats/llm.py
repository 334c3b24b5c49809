"""Templates of the command line tool llm: YAML with `prompt`, `system` and `$name`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.formats.document import ExpressionPart, Loss, SourceDocument, SourceMessage
from promptops.formats.input_schema import sampled
from promptops.formats.model_fields import described, model_field
from promptops.formats.plain_texts import identity, parts_message, stem_steps, translated
from promptops.formats.source_file import ReadOptions, SourceFile, other_format
from promptops.formats.translation import InputNames
from promptops.model.place import Place
from promptops.patterns import lazy_pattern

NAME = "llm"
MARKS = "YAML with `prompt` or `system`, and `$name` or other keys of llm's templates"
RANK = 450

_ROLES = {"system": "system", "prompt": "user"}
_LOST = (
    "extract extract_last functions fragments system_fragments attachments attachment_types tools"
)
_OWN = frozenset(("defaults", "options", "schema_object", *_LOST.split()))
_KNOWN = frozenset(("name", "model", *_ROLES, *_OWN))
_NAME = lazy_pattern(r"\$(?:\{[A-Za-z_]|[A-Za-z_])")


def recognises(file: SourceFile) -> bool:
    """Whether it has keys of such a template only, and one that other files do not have."""
    if file.suffix not in (".yaml", ".yml"):
        return False
    value = file.yaml.value
    if not _is_template(value) or not _KNOWN.issuperset(value):
        return False
    return bool(_OWN & set(value)) or any(_NAME.search(value.get(key, "")) for key in _ROLES)


def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """One prompt; without `prompt`, the message of the user is the input `input`."""
    value = file.yaml.value
    if not _is_template(value):
        yield other_format(file, NAME, MARKS)
        return
    names, losses = InputNames(), list[Loss]()
    messages = tuple(_messages(file, options, names, losses))
    given = value.get("defaults")
    defaults: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    yield SourceDocument(
        id=identity(*stem_steps(file.path)),
        format=NAME,
        place=file.place(),
        fields=_fields(file, losses),
        messages=messages,
        inputs={
            names.name(str(name)): {**sampled(default), "default": default}
            for name, default in defaults.items()
        },
        aliases=names.aliases,
        samples=options.samples,
        losses=tuple(losses),
    )


def _is_template(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    texts = [value[key] for key in _ROLES if key in value]
    return bool(texts) and all(isinstance(text, str) for text in texts)


def _messages(
    file: SourceFile, options: ReadOptions, names: InputNames, losses: list[Loss]
) -> Iterator[SourceMessage]:
    for key, role in _ROLES.items():
        if key in file.yaml.value:
            found = translated(file.yaml.template(f"/{key}"), options, names, "dollar")
            losses += found.losses
            yield parts_message(role, found.parts)
    if "prompt" not in file.yaml.value:
        yield parts_message("user", (ExpressionPart(names.name("input")),))


def _fields(file: SourceFile, losses: list[Loss]) -> dict[str, Any]:
    value = file.yaml.value

    def place(key: str) -> Place:
        return file.yaml.place(f"/options/{key}" if key else "/model", True)

    given = value.get("options")
    parameters: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    fields = described(value, title=("name",))
    fields |= model_field(value.get("model"), parameters, place, losses)
    if isinstance(value.get("schema_object"), Mapping):
        fields["output"] = {"format": "json", "schema": value["schema_object"]}
    for key in _LOST.split():
        if value.get(key):
            message = f"`{key}` is not carried"
            at = file.yaml.place(f"/{key}", True)
            losses.append(Loss(code="IMP114", message=message, place=at))
    return fields
