"""Configurations of promptfoo: a prompt file for each prompt, with all tests as cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.formats.document import Loss, SourceCase, SourceDocument
from promptops.formats.input_names import InputNames
from promptops.formats.model_fields import PARAMETERS, model_fields
from promptops.formats.plain_texts import identity, stem_steps
from promptops.formats.promptfoo.assertions import Assertions
from promptops.formats.promptfoo.messages import PromptMessages
from promptops.formats.promptfoo.tests import FoundTest, TestReader
from promptops.formats.registry import ReadOptions
from promptops.formats.request_fields import output_field, tools_field
from promptops.formats.source_file import SourceFile
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.document import Document

NAME = "promptfoo"
MARKS = "JSON or YAML with `prompts` and `providers` or `targets`, or with `redteam`"
RANK = 250

_CODE = (".py", ".js", ".ts", ".mjs", ".cjs", ".rb", ".sh")
_REGISTRIES = ("langfuse://", "portkey://", "helicone://", "promptlayer://")
_SEPARATOR = lazy_pattern(r"(?m)^---[ \t]*$")
_CONFIGURATION = (
    "derivedMetrics",
    "extensions",
    "nunjucksFilters",
    "evaluateOptions",
    "env",
    "outputPath",
    "commandLineOptions",
)
_NO_MODEL = ("echo", "http", "https", "file", "exec", "python", "webhook", "ws", "browser")
_TEMPLATE = lazy_pattern(r"\{\{|\{%")


def recognises(file: SourceFile) -> bool:
    """Whether it is a configuration."""
    if file.suffix not in (".yaml", ".yml", ".json"):
        return False
    if file.suffix != ".json" and file.text.value.lstrip()[:200].find("promptfoo") > 0:
        return isinstance(file.yaml.value, Mapping) and "prompts" in file.yaml.value
    value = _document(file).value
    if not isinstance(value, Mapping):
        return False
    return ("prompts" in value and ("providers" in value or "targets" in value)) or (
        "redteam" in value and ("targets" in value or "purpose" in value)
    )


def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """A document for each prompt of the configuration."""
    value = _document(file).value
    if "prompts" not in value:
        message = "a configuration of a red team has no prompts: see `promptops probe`"
        yield Loss(code="IMP127", message=message, place=file.place(), refuses=True)
        return
    yield from _Configuration(file, options).documents()


def _document(file: SourceFile) -> Document:
    return file.json if file.suffix == ".json" else file.yaml


@record(frozen=True, slots=True, kw_only=True)
class _Prompt:
    """The text of one prompt with its name."""

    name: str
    text: str
    place: Place


class _Configuration:
    def __init__(self, file: SourceFile, options: ReadOptions) -> None:
        self._file = file
        self._source = _document(file)
        self._value: Mapping[str, Any] = self._source.value
        self._options = options
        self._losses: list[Loss] = []

    def documents(self) -> Iterator[SourceDocument | Loss]:
        """The prompts; what belongs to the whole configuration is a loss of the first."""
        reader = TestReader(self._file)
        tests = reader.tests()
        self._losses += reader.losses
        fields = self._fields()
        for key in _CONFIGURATION:
            if key in self._value:
                self._note("IMP129", f"`{key}` is not carried", f"/{key}")
        prompts = list(self._prompts())
        for number, prompt in enumerate(prompts, 1):
            yield self._built(prompt, tests, fields, number if len(prompts) > 1 else 0)
            self._losses = []
        if not prompts:
            yield from self._losses
            yield Loss(code="IMP003", message="no prompt can be read", place=self._file.place())

    def _built(
        self, prompt: _Prompt, tests: list[FoundTest], fields: Mapping[str, Any], number: int
    ) -> SourceDocument:
        names = InputNames()
        sample = {name: value for test in tests for name, value in test.variables.items()}
        sample = {**sample, **self._options.sample}
        messages = PromptMessages(names, lambda: prompt.place, sample)
        turns = messages.turns(prompt.text, self._options.role)
        evaluation, of_default = self._evaluation()
        cases, lost = self._cases(tests, names, of_default)
        steps = list(stem_steps(self._file.path))
        if steps[-1] == "promptfooconfig":
            steps = [*steps[:-1], prompt.name or f"prompt-{max(number, 1)}"]
        elif number:
            steps.append(prompt.name or f"prompt-{number}")
        return SourceDocument(
            id=identity(*steps),
            format=NAME,
            place=prompt.place,
            fields={**fields, **({"evaluation": evaluation} if evaluation else {})},
            messages=turns,
            aliases=names.aliases,
            samples=(*(case.inputs for case in cases), *self._given_sample()),
            lenient=True,
            cases=cases,
            losses=(*self._losses, *messages.losses, *lost),
        )

    def _given_sample(self) -> tuple[Mapping[str, Any], ...]:
        return (self._options.sample,) if self._options.sample else ()

    def _prompts(self) -> Iterator[_Prompt]:
        given = self._value["prompts"]
        rows = given if isinstance(given, list) else [given]
        if isinstance(given, Mapping):
            rows = [{"id": key, "label": label} for key, label in given.items()]
        for index, row in enumerate(rows):
            pointer = f"/prompts/{index}" if isinstance(given, list) else "/prompts"
            yield from self._prompt(row, pointer)

    def _prompt(self, row: Any, pointer: str) -> Iterator[_Prompt]:
        place = self._source.place(pointer)
        label = ""
        text = row
        if isinstance(row, Mapping):
            label = str(row.get("label") or "")
            text = row.get("raw", row.get("id", row.get("file")))
        if not isinstance(text, str):
            self._note("IMP102", "this prompt can't be read", pointer)
        elif text.startswith(_REGISTRIES):
            self._note("IMP104", f"`{text}` is in a registry: export it from there", pointer)
        elif text.startswith("exec:") or text.split(":")[0].endswith(_CODE) or _is_code(text):
            self._note("IMP102", f"`{text}` is code, which is not run", pointer)
        elif text.startswith("file://") or _is_path(text):
            yield from self._of_file(text.removeprefix("file://"), label, place, pointer)
        else:
            yield _Prompt(name=label, text=text, place=place)

    def _of_file(self, path: str, label: str, place: Place, pointer: str) -> Iterator[_Prompt]:
        found = self._file.beside(path)
        if found is None:
            self._note("IMP104", f"the prompt `{path}` is missing", pointer)
            return
        name = label or found.name.split(".")[0]
        text = found.text.value
        if found.suffix == ".jsonl":
            texts = [line for line in text.splitlines() if line.strip()]
        elif found.suffix in (".txt", ".csv"):
            texts = [one.strip() for one in _SEPARATOR.split(text) if one.strip()]
        else:
            texts = [text]
        for number, one in enumerate(texts, 1):
            title = name if len(texts) == 1 else f"{name}-{number}"
            yield _Prompt(name=title, text=one, place=found.place())

    def _fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if isinstance(self._value.get("description"), str):
            fields["description"] = self._value["description"]
        key = "targets" if "targets" in self._value else "providers"
        given = self._value.get(key)
        rows = given if isinstance(given, list) else [given]
        models = [row for row in rows if _model_name(row)]
        for row in rows:
            if row is not None and row not in models:
                self._note("IMP107", "a provider that is not a model is not carried", f"/{key}")
        for row in models[1:]:
            message = f"`{_model_name(row)}` is another model to compare with"
            self._note("IMP130", message, f"/{key}")
        if not models:
            return fields
        name = str(_model_name(models[0]))
        config = models[0].get("config") if isinstance(models[0], Mapping) else None
        config = config if isinstance(config, Mapping) else {}

        def place(_key: str) -> Place:
            return self._source.place(f"/{key}", True)

        params = {one: value for one, value in config.items() if one in PARAMETERS}
        model = model_fields(name, params, place)
        self._losses += model.losses
        fields["model"] = dict(model.value)
        fields |= output_field(config, place, self._losses)
        fields |= tools_field(config, place, self._losses)
        return fields

    def _evaluation(self) -> tuple[dict[str, Any], list[Any]]:
        """`evaluation` from the default test, and its assertions that need variables of cases."""
        default = self._value.get("defaultTest")
        given = default.get("assert") if isinstance(default, Mapping) else None
        plain: list[Any] = []
        templated: list[Any] = []
        for one in given if isinstance(given, list) else ():
            (templated if _TEMPLATE.search(str(one)) else plain).append(one)
        translate = Assertions({}, lambda: self._source.place("/defaultTest", True))
        found = []
        for one in plain:
            read = translate.translated(one)
            self._losses += read.losses
            if read.value is not None:
                found.append(dict(read.value))
        return ({"assertions": found} if found else {}), templated

    def _cases(
        self, tests: list[FoundTest], names: InputNames, of_default: list[Any]
    ) -> tuple[tuple[SourceCase, ...], list[Loss]]:
        cases, losses = [], list[Loss]()
        for test in tests:
            place = test.place
            translate = Assertions(test.variables, lambda place=place: place)  # type: ignore[misc]
            output = []
            for one in (*of_default, *test.assertions):
                read = translate.translated(one)
                losses += (loss for loss in read.losses if loss not in losses)
                if read.value is not None:
                    output.append(read.value)
            for name, value in test.variables.items():
                if isinstance(value, str) and _TEMPLATE.search(value):
                    message = f"`{name}` is a template there, and data here"
                    losses.append(Loss(code="IMP230", message=message, place=place))
            inputs = {names.name(name): value for name, value in test.variables.items()}
            cases.append(
                SourceCase(name=test.name, inputs=inputs, output=tuple(output), place=place)
            )
        return tuple(cases), losses

    def _note(self, code: str, message: str, pointer: str) -> None:
        place = self._source.place(pointer)
        self._losses.append(Loss(code=code, message=message, place=place))


def _model_name(row: Any) -> str | None:
    name = row.get("id") if isinstance(row, Mapping) else row
    if not isinstance(name, str) or name.split(":")[0] in _NO_MODEL or "/" in name.split(":")[0]:
        return None
    return name


def _is_path(text: str) -> bool:
    """Whether promptfoo takes a text for the path of a file."""
    return "\n" not in text and " " not in text and "." in text.rpartition("/")[2]


def _is_code(text: str) -> bool:
    return text.startswith("file://") and text.split(":")[1].endswith(_CODE)
