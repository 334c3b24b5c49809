"""Tests of promptfoo: inline or in files, with the product of lists and scenarios."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.document import Loss
from promptops.formats.source_file import SourceFile, UnreadableSource
from promptops.json_pointer import escaped
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.records import record, replace
from promptops.source.document import Document

MAX_CASES = 1_000

_RED_TEAM = "promptfoo:redteam"
_CODE_ENDINGS = (".py", ".js", ".ts", ".mjs", ".cjs", ".rb")
_CARRIED_KEYS = ("description", "vars", "assert", "threshold", "prompts", "options", "$schema")
_CARRIED_OPTIONS = ("disableVarExpansion", "disableDefaultAsserts", "transform", "postprocess")


@record(frozen=True, slots=True, kw_only=True)
class FoundAssertion:
    """One assertion as written; a reference to a template is replaced with it."""

    value: Any
    place: Place


@record(frozen=True, slots=True, kw_only=True)
class FoundTest:
    """One test.

    Attributes:
        variables: With those of the defaults.
        assertions: Its own, without those of the defaults.
        defaults: Whether the assertions of the defaults hold, too.
        threshold: The lowest mean score of its assertions that passes; None if each must pass.
        transform: Of the answer before all assertions, an expression of JavaScript; or None.
        prompts: Names of the prompts that it is for; None for all.
        adversarial: Whether the red team of promptfoo generated it, so that it tries an attack.
    """

    name: str
    variables: Mapping[str, Any]
    assertions: tuple[FoundAssertion, ...]
    place: Place
    defaults: bool = True
    threshold: float | None = None
    transform: str | None = None
    prompts: tuple[str, ...] | None = None
    adversarial: bool = False


class TestReader:
    """The tests of one configuration.

    Attributes:
        losses: What was lost.
        of_default: The assertions of the defaults.
    """

    __test__ = False  # not a class of pytest

    def __init__(self, file: SourceFile) -> None:
        self.losses: list[Loss] = []
        self._file = file
        self._document = file.document
        self._value: Mapping[str, Any] = _mapping(self._document.value)
        self._dropped: dict[str, list[Place]] = {}
        self._renders_values = not NO_TEMPLATES.items() <= _mapping(self._value.get("env")).items()
        self._default = self._default_test()
        self.of_default = tuple(self._asserted(self._default))

    def tests(self) -> list[FoundTest]:
        """All tests, at most MAX_CASES."""
        found = itertools.chain(
            map(self._found, self._listed(self._value.get("tests"), "/tests")),
            self._scenarios(self._value.get("scenarios")),
        )
        expanded = (one for tests in found for one in tests)
        tests = _with_unique_names(itertools.islice(expanded, MAX_CASES))
        if next(expanded, None) is not None:
            self._lost("IMP128", f"only the first {MAX_CASES:,} tests are carried", "/tests")
        for key, places in self._dropped.items():
            message = f"{key} of {counted(len(places), 'test')} is not carried"
            self.losses.append(Loss(code="IMP129", message=message, place=places[0]))
        return tests

    def _default_test(self) -> TestRow:
        given = self._value.get("defaultTest")
        if isinstance(given, str):
            for row in self._rows(given, self._document.place("/defaultTest")):
                return row
        return TestRow(value=_mapping(given), place=self._at("/defaultTest"))

    def _scenarios(self, given: Any) -> Iterator[Iterator[FoundTest]]:
        for index, scenario in enumerate(given if isinstance(given, list) else ()):
            if not isinstance(scenario, Mapping):
                self._lost("IMP128", "scenarios in files are not read", f"/scenarios/{index}")
                continue
            pointer = f"/scenarios/{index}"
            configs = scenario.get("config")
            for at, config in enumerate(configs if isinstance(configs, list) else ({},)):
                outer = TestRow(value=_mapping(config), place=self._at(f"{pointer}/config/{at}"))
                tests = scenario.get("tests")
                rows = self._listed(tests, f"{pointer}/tests") if tests else [outer]
                for row in rows:
                    yield self._found(row, outer if row is not outer else None)

    def _listed(self, given: Any, pointer: str) -> Iterator[TestRow]:
        listed = isinstance(given, list)
        for index, test in enumerate(given if listed else [given] if given else ()):
            at = f"{pointer}/{index}" if listed else pointer
            if isinstance(test, str):
                yield from self._rows(test, self._document.place(at))
            elif isinstance(test, Mapping) and "path" not in test:
                yield TestRow(value=test, place=self._at(at))
            else:
                self._lost("IMP128", "tests that code generates are not read", at)

    def _rows(self, written: str, place: Place) -> Iterator[TestRow]:
        name = written.removeprefix("file://")
        if "://" in name or name.split(":")[0].endswith(_CODE_ENDINGS):
            self._note("IMP128", f"tests from `{name}` are not read", place)
            return
        try:
            files = files_named(self._file, name)
            if not files:
                self._note("IMP104", f"the tests `{name}` are missing", place)
            for file in files:
                yield from _rows_of_file(file)
        except UnreadableSource as error:
            self.losses.append(replace(error.loss, code="IMP104"))

    def _found(self, row: TestRow, outer_row: TestRow | None = None) -> Iterator[FoundTest]:
        """The tests of a row, in a scenario with the values that are outside of it."""
        default = self._default.value
        outer = outer_row.value if outer_row is not None else {}
        options = {
            **_mapping(default.get("options")),
            **_mapping(outer.get("options")),
            **_mapping(row.value.get("options")),
        }
        self._note_dropped(row)
        variables = {
            **self._variables(self._default),
            **_mapping(outer.get("vars")),
            **self._variables(row),
        }
        merged = {**default, **outer, **row.value}
        threshold = merged.get("threshold")
        prompts = merged.get("prompts")
        test = FoundTest(
            name=str(row.value.get("description") or ""),
            variables={},
            assertions=(
                *(self._asserted(outer_row) if outer_row is not None else ()),
                *self._asserted(row),
            ),
            place=row.place(""),
            defaults=not options.get("disableDefaultAsserts"),
            threshold=float(threshold) if isinstance(threshold, int | float) else None,
            transform=options.get("transform", options.get("postprocess")),
            prompts=tuple(map(str, prompts)) if isinstance(prompts, list) else None,
            adversarial=_is_of_red_team(merged),
        )
        whole = options.get("disableVarExpansion")
        rows = [one for one in (row, outer_row, self._default) if one is not None]
        for values in [variables] if whole else combinations(variables, self._file):
            yield replace(test, variables=self._read(values, rows))

    def _variables(self, row: TestRow) -> Mapping[str, Any]:
        given = row.value.get("vars")
        if not isinstance(given, str):
            return {str(name): value for name, value in _mapping(given).items()}
        for found in self._rows(given, row.place("/vars")):
            return found.value
        return {}

    def _read(self, variables: Mapping[str, Any], rows: Sequence[TestRow]) -> Mapping[str, Any]:
        """The values of a test; `rows` are those that define them, the innermost first."""
        found = {}
        for name, value in variables.items():
            try:
                found[name] = read_value(value, self._file)
            except UnreadVariable as error:
                message = f"the value of `{name}` in `{error}` is not read"
                self._note("IMP104", message, _place_of(name, rows))
                found[name] = value
        if not self._renders_values:
            return found
        resolved = with_values(found)
        for name, value in resolved.items():
            if is_template(value):
                message = (
                    f"promptfoo renders the value of `{name}` as a template, promptops does not"
                )
                self._note("IMP230", message, _place_of(name, rows))
        return resolved

    def _asserted(self, row: TestRow) -> Iterator[FoundAssertion]:
        given = row.value.get("assert")
        for index, value in enumerate(given if isinstance(given, list) else ()):
            place = row.place(f"/assert/{index}")
            yield FoundAssertion(value=self._without_reference(value), place=place)

    def _without_reference(self, value: Any) -> Any:
        """The assertion of `assertionTemplates` that `$ref` names."""
        reference = value.get("$ref") if isinstance(value, Mapping) else None
        if not isinstance(reference, str):
            return value
        templates = _mapping(self._value.get("assertionTemplates"))
        return templates.get(reference.rpartition("/")[2], value)

    def _note_dropped(self, row: TestRow) -> None:
        names = [f"`{key}`" for key in row.value if key not in _CARRIED_KEYS]
        options = _mapping(row.value.get("options"))
        names += [f"`options.{key}`" for key in options if key not in _CARRIED_OPTIONS]
        for name in names:
            places = self._dropped.setdefault(name, [])
            if row.place("") not in places:
                places.append(row.place(""))

    def _at(self, pointer: str) -> PlaceOf:
        return lambda key: self._document.place(f"{pointer}{key}")

    def _lost(self, code: str, message: str, pointer: str) -> None:
        self._note(code, message, self._document.place(pointer))

    def _note(self, code: str, message: str, place: Place) -> None:
        loss = Loss(code=code, message=message, place=place)
        if loss not in self.losses:
            self.losses.append(loss)


def _is_of_red_team(test: Mapping[str, Any]) -> bool:
    """Whether a test has what `promptfoo redteam generate` writes."""
    asserted = test.get("assert")
    kinds = [test.get("provider"), *(asserted if isinstance(asserted, list) else ())]
    written = [str(_mapping(one).get("type") or _mapping(one).get("id") or one) for one in kinds]
    return "pluginId" in _mapping(test.get("metadata")) or any(
        kind.startswith(_RED_TEAM) for kind in written
    )


def _place_of(name: str, rows: Sequence[TestRow]) -> Place:
    """The place of a variable in the row that defines it."""
    for row in rows:
        if name in _mapping(row.value.get("vars")):
            return row.place(f"/vars/{escaped(name)}")
    return rows[0].place("")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _with_unique_names(tests: Iterator[FoundTest]) -> list[FoundTest]:
    """Each test with a name of its own."""
    found: list[FoundTest] = []
    taken: set[str] = set()
    for number, test in enumerate(tests, 1):
        name = test.name.strip() or f"test {number}"
        unique, count = name, 2
        while unique in taken:
            unique, count = f"{name} ({count})", count + 1
        taken.add(unique)
        found.append(replace(test, name=unique))
    return found


# Files of tests: CSV, JSON, JSON Lines and YAML, each row with its places

PlaceOf = Callable[[str], Place]
"""The place of a value of a test, by its pointer in the test: `/assert/0`."""


@record(frozen=True, slots=True, kw_only=True)
class TestRow:
    """One test as written."""

    __test__ = False  # not a class of pytest

    value: Mapping[str, Any]
    place: PlaceOf


def _rows_of_file(file: SourceFile) -> Iterator[TestRow]:
    """The tests of a file by its ending. Raises UnreadableSource."""
    if file.suffix == ".csv":
        yield from _rows_of_table(file)
    elif file.suffix == ".jsonl":
        yield from _rows_of_lines(file)
    else:
        document = file.document
        rows = document.value if isinstance(document.value, list) else [document.value]
        listed = isinstance(document.value, list)
        for index, row in enumerate(rows):
            at = f"/{index}" if listed else ""
            if isinstance(row, Mapping):
                yield TestRow(value=row, place=_below(document, at))


def _below(document: Document, pointer: str) -> PlaceOf:
    return lambda key: document.place(f"{pointer}{key}")


def _rows_of_lines(file: SourceFile) -> Iterator[TestRow]:
    for number, line in enumerate(file.text.value.splitlines(), 1):
        try:
            value = json.loads(line) if line.strip() else None
        except (ValueError, RecursionError):
            continue
        if isinstance(value, Mapping):
            yield TestRow(value=value, place=_at_line(file, number))


def _rows_of_table(file: SourceFile) -> Iterator[TestRow]:
    reader = csv.reader(io.StringIO(file.text.value))
    header = [name.strip() for name in next(reader, [])]
    line = reader.line_num + 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            padded = [*cells, *[""] * (len(header) - len(cells))]
            row = dict(zip(header, padded, strict=False))
            yield TestRow(value=_test_of(row), place=_at_line(file, line))
        line = reader.line_num + 1


def _at_line(file: SourceFile, line: int) -> PlaceOf:
    return lambda _key: Place(file.shown, line)


def _test_of(row: Mapping[str, str]) -> Mapping[str, Any]:
    """The test of a row: columns are variables, but for those that begin with `__`."""
    metric = row.get("__metric", "").strip()
    written = [value.strip() for name, value in row.items() if name.startswith("__expected")]
    asserted = [_assertion_of_cell(value) for value in written if value]
    threshold = _number(row.get("__threshold", ""))
    options = {name: row[f"__{name}"] for name in ("prefix", "suffix") if row.get(f"__{name}")}
    return {
        "description": row.get("__description", ""),
        "vars": {name: value for name, value in row.items() if name and name[:2] != "__"},
        "assert": [{**one, **({"metric": metric} if metric else {})} for one in asserted],
        **({} if threshold is None else {"threshold": threshold}),
        **({"options": options} if options else {}),
    }


_CODE_ASSERTION = lazy_pattern(r"(?s)(javascript|fn|eval|python):(.*)")
_RUBRIC_ASSERTION = lazy_pattern(r"(?s)(?:grade|llm-rubric):(.*)")
_SHORT_ASSERTION = lazy_pattern(
    r"(?s)((?:not-)?[a-z]+(?:-[a-z]+)*)(?:\((\d+(?:\.\d+)?)\))?(?::(.*))?"
)
_WITHOUT_VALUE = frozenset(
    ("is-json", "is-refusal", "contains-json", "is-sql", "is-xml", "is-html")
)
_WITH_DEFAULT_THRESHOLD = frozenset(
    ("similar", "cost", "latency", "levenshtein", "rouge-n", "answer-relevance", "classifier")
)


def _assertion_of_cell(written: str) -> Mapping[str, Any]:
    """The assertion that a cell of a table abbreviates: `contains: x`; a plain text for equals."""
    if code := _CODE_ASSERTION.fullmatch(written):
        kind = "python" if code[1] == "python" else "javascript"
        return {"type": kind, "value": code[2].strip()}
    if rubric := _RUBRIC_ASSERTION.fullmatch(written):
        return {"type": "llm-rubric", "value": rubric[1].strip()}
    short = _SHORT_ASSERTION.fullmatch(written)
    if short is None or (short[3] is None and short[1].removeprefix("not-") not in _WITHOUT_VALUE):
        return {"type": "equals", "value": written}
    threshold = _number(short[2] or "")
    if threshold is None and short[1].removeprefix("not-") in _WITH_DEFAULT_THRESHOLD:
        threshold = 0.75
    value = (short[3] or "").strip()
    return {
        "type": short[1],
        **({"value": value} if value else {}),
        **({} if threshold is None else {"threshold": threshold}),
    }


def _number(written: str) -> float | None:
    try:
        return float(written)
    except ValueError:
        return None


# Variables of promptfoo, and the files that a configuration names.

NO_TEMPLATES = {"PROMPTFOO_DISABLE_TEMPLATING": "true"}
"""The `env` of a configuration whose values promptfoo does not render, as `export` writes it."""

TEMPLATE = lazy_pattern(r"\{\{|\{%")
_PLACEHOLDER = lazy_pattern(r"\{\{-?\s*([\w.-]+?)\s*-?\}\}")
_NOT_TEXT = (".py", ".js", ".ts", ".mjs", ".cjs", ".pdf", ".png", ".jpg", ".jpeg", ".gif", ".webp")


class UnreadVariable(Exception):
    """A file with the value of a variable that is not read; the message has its name."""


def combinations(variables: Mapping[str, Any], file: SourceFile) -> Iterator[Mapping[str, Any]]:
    """The variables with each combination of values of lists of strings and globs of files."""
    values = [_values(value, file) for value in variables.values()]
    for chosen in itertools.product(*values):
        yield dict(zip(variables, chosen, strict=True))


def _values(value: Any, file: SourceFile) -> list[Any]:
    if isinstance(value, list) and value and isinstance(value[0], str):
        return value
    if isinstance(value, str) and value.startswith("file://") and "*" in value:
        found = files_named(file, value.removeprefix("file://"))
        folder = file.path.rpartition("/")[0]
        prefix = f"{folder}/" if folder else ""
        return [f"file://{one.path.removeprefix(prefix)}" for one in found] or [value]
    return [value]


def read_value(value: Any, file: SourceFile) -> Any:
    """The value of a variable; that of `file://` is the text of the file.

    Raises UnreadVariable for a file that is missing, code, or not a text.
    """
    if not isinstance(value, str):
        return value
    if not value.startswith("file://"):
        return value.removesuffix("\n")
    name = value.removeprefix("file://")
    try:
        found = None if name.lower().endswith(_NOT_TEXT) else file.beside(name)
        if found is None:
            raise UnreadVariable(name)
        if found.suffix in (".yaml", ".yml"):
            return json.dumps(found.yaml.value, ensure_ascii=False, separators=(",", ":"))
        return found.text.value.strip()
    except (UnreadableSource, TypeError):
        raise UnreadVariable(name) from None


def with_values(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The variables, with the values of others in place of `{{name}}`."""
    return {name: _with_values(value, variables) for name, value in variables.items()}


def _with_values(value: Any, variables: Mapping[str, Any]) -> Any:
    if not isinstance(value, str) or "{{" not in value:
        return value
    return _PLACEHOLDER.sub(lambda match: _found(match, variables), value)


def is_template(value: Any) -> bool:
    """Whether promptfoo renders a value after `with_values`, so that it differs from the text.

    A placeholder of a variable that does not exist stays as it is there.
    """
    return isinstance(value, str) and TEMPLATE.search(_PLACEHOLDER.sub("", value)) is not None


def filled(value: Any, variables: Mapping[str, Any]) -> Any:
    """A value of an assertion with the variables of its test; UNKNOWN for other templates."""
    if isinstance(value, str):
        found = _PLACEHOLDER.sub(lambda match: _found(match, variables), value)
        return UNKNOWN if TEMPLATE.search(_without_values(value, variables)) else found
    if isinstance(value, list):
        items = [filled(one, variables) for one in value]
        return UNKNOWN if any(one is UNKNOWN for one in items) else items
    return value


UNKNOWN: Any = object()


def _without_values(value: str, variables: Mapping[str, Any]) -> str:
    """The text without the placeholders that have a value."""
    return _PLACEHOLDER.sub(
        lambda match: match[0] if _found(match, variables) == match[0] else "", value
    )


def _found(match: re.Match[str], variables: Mapping[str, Any]) -> str:
    value: Any = variables
    for step in match[1].split("."):
        if not isinstance(value, Mapping) or step not in value:
            return match[0]
        value = value[step]
    return value if isinstance(value, str) else json.dumps(value)


# Files that a configuration of promptfoo names, also by globs.

_GLOB = lazy_pattern(r"[*?\[]")


def files_named(file: SourceFile, name: str) -> list[SourceFile]:
    """The files of a path or a glob relative to the file, sorted; empty if there are none.

    Raises UnreadableSource.
    """
    if not _GLOB.search(name):
        found = file.beside(name)
        return [found] if found is not None else []
    if name.startswith("/") or ".." in name.split("/"):
        return []
    folder = (file.folder.root / file.path).parent
    try:
        paths = sorted(path.relative_to(folder).as_posix() for path in folder.glob(name))
    except (ValueError, OSError):  # `a**b`, which is not a glob, and too long names
        return []
    return [found for path in paths if (found := file.beside(path)) is not None]
