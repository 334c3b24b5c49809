"""`.prompt.yml` files of GitHub Models."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from promptops.formats.chat_messages import chat_turns
from promptops.formats.document import Loss, SourceCase, SourceDocument
from promptops.formats.model_fields import described, model_field
from promptops.formats.plain_texts import identity, stem_steps
from promptops.formats.source_file import ReadOptions, SourceFile, other_format
from promptops.formats.translation import InputNames
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.source.document import Document

NAME = "github-models"
MARKS = "YAML with `messages` and `modelParameters`, `testData` or `evaluators`; `.prompt.yml`"
RANK = 400

_OWN = ("modelParameters", "testData", "evaluators", "responseFormat", "jsonSchema")
_KNOWN = frozenset((*_OWN, "name", "description", "model", "messages"))
_SPACED = lazy_pattern(r"\{\{\s+[\w.-]+\s*\}\}|\{\{[\w.-]+\s+\}\}")
_NAME = lazy_pattern(r"\{\{([\w.-]+)\}\}")
_STRINGS = {"contains": "contains", "equals": "equals", "startsWith": "starts-with"}
_GITHUB = {
    "github/similarity": "factual",
    "github/coherence": "The answer is coherent.",
    "github/fluency": "The answer is written in fluent language.",
}


def recognises(file: SourceFile) -> bool:
    """Whether it has messages and one of the keys that only this format has."""
    if file.suffix not in (".yml", ".yaml"):
        return False
    value = file.yaml.value
    if not isinstance(value, Mapping) or not isinstance(value.get("messages"), list):
        return False
    if str(value.get("format", "")).startswith("promptops/"):
        return False
    return any(key in value for key in _OWN) or file.name.endswith((".prompt.yml", ".prompt.yaml"))


def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """One prompt."""
    value = file.yaml.value
    if not isinstance(value, Mapping) or not isinstance(value.get("messages"), list):
        yield other_format(file, NAME, MARKS)
        return
    yield _Reader(file, options).document()


class _Reader:
    def __init__(self, file: SourceFile, options: ReadOptions) -> None:
        self._file = file
        self._document: Document = file.yaml
        self._value: Mapping[str, Any] = file.yaml.value
        self._options = options
        self._names = InputNames()
        self._losses: list[Loss] = []

    def document(self) -> SourceDocument:
        """The prompt of the file."""
        self._note_spaced()
        turns = chat_turns(
            self._document,
            "/messages",
            self._options,
            self._names,
            losses=self._losses,
            syntax="exact",
        )
        fields = self._fields()
        cases = tuple(self._cases())
        return SourceDocument(
            id=identity(*stem_steps(self._file.path)),
            format=NAME,
            place=self._file.place(),
            fields=fields,
            messages=turns,
            aliases=self._names.aliases,
            samples=tuple(case.inputs for case in cases),
            lenient=True,
            cases=cases,
            losses=tuple(self._losses),
        )

    def _fields(self) -> dict[str, Any]:
        value = self._value
        fields = described(value, title=("name",))
        parameters = value.get("modelParameters")
        given = parameters if isinstance(parameters, Mapping) else {}

        def place(key: str) -> Place:
            return self._place(f"/modelParameters/{key}" if key else "/model")

        fields |= model_field(value.get("model"), given, place, self._losses)
        fields |= self._output()
        for key in value:
            if key not in _KNOWN:
                fields[f"x-github-models-{key}"] = value[key]
                self._note("IMP202", f"`{key}` is kept as `x-github-models-{key}`", f"/{key}")
        return fields

    def _output(self) -> dict[str, Any]:
        given = self._value.get("responseFormat")
        if given in (None, "text"):
            return {}
        if given == "json_object":
            return {"output": {"format": "json"}}
        schema = self._value.get("jsonSchema")
        try:
            parsed = json.loads(schema) if isinstance(schema, str) else schema
        except (ValueError, RecursionError):
            parsed = None
        if not isinstance(parsed, Mapping):
            self._note("IMP119", "the JSON schema of the output can't be read", "/jsonSchema")
            return {"output": {"format": "json"}}
        described = parsed if "schema" in parsed else {"schema": parsed}
        names = ("name", "strict", "description", "schema")
        kept = {name: described[name] for name in names if described.get(name)}
        return {"output": {"format": "json", **kept}}

    def _cases(self) -> Iterator[SourceCase]:
        rows = self._value.get("testData")
        for index, row in enumerate(rows if isinstance(rows, list) else ()):
            if not isinstance(row, Mapping):
                continue
            # Whether a message prints `expected`, which is otherwise the expected answer.
            printed = any(
                pointer.startswith("/messages") and "{{expected}}" in text
                for pointer, _, text in self._document.scalars()
            )
            inputs = {
                self._names.name(str(key)): item
                for key, item in row.items()
                if key != "expected" or printed
            }
            yield SourceCase(
                name=f"row {index + 1}",
                inputs=inputs,
                output=tuple(self._assertions(row)),
                expected=None if printed else row.get("expected"),
                place=self._document.place(f"/testData/{index}"),
            )

    def _assertions(self, row: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        listed = self._value.get("evaluators")
        for index, evaluator in enumerate(listed if isinstance(listed, list) else ()):
            found = _assertion(evaluator, row) if isinstance(evaluator, Mapping) else None
            if found is None:
                self._note("IMP116", "the evaluator has no counterpart", f"/evaluators/{index}")
                continue
            if found["type"] in ("llm-rubric", "factual"):
                message = "the evaluator becomes an LLM judge with other instructions"
                self._note("IMP219", message, f"/evaluators/{index}")
            yield found

    def _note_spaced(self) -> None:
        for pointer, kind, text in self._document.scalars():
            if kind == "value" and pointer.startswith("/messages") and _SPACED.search(text):
                match = _SPACED.search(text)
                written = match[0] if match else ""
                self._note(
                    "IMP218",
                    f"`{written}` is text in GitHub Models, because of its blanks",
                    pointer,
                )

    def _place(self, pointer: str) -> Place:
        return self._document.place(pointer, True)

    def _note(self, code: str, message: str, pointer: str) -> None:
        loss = Loss(code=code, message=message, place=self._place(pointer))
        if loss not in self._losses:
            self._losses.append(loss)


def _assertion(evaluator: Mapping[str, Any], row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    strings = evaluator.get("string")
    if isinstance(strings, Mapping):
        for key, text in strings.items():
            value = _filled(str(text), row)
            if key in _STRINGS:
                return {"type": _STRINGS[key], "value": value}
            if key == "endsWith":
                return {"type": "regex", "value": f"{_quoted(value)}$"}
        return None
    llm = evaluator.get("llm")
    if isinstance(llm, Mapping) and isinstance(llm.get("prompt"), str):
        name = evaluator.get("name")
        score = {"score": name} if isinstance(name, str) and name.strip() else {}
        return {"type": "llm-rubric", "value": _filled(llm["prompt"], row), **score}
    known = _GITHUB.get(str(evaluator.get("uses")))
    if known == "factual":
        return {"type": "factual", "value": row["expected"]} if "expected" in row else None
    return {"type": "llm-rubric", "value": known} if known else None


def _filled(text: str, row: Mapping[str, Any]) -> str:
    return _NAME.sub(lambda match: str(row.get(match[1], match[0])), text)


def _quoted(text: str) -> str:
    import re

    return re.escape(text)
