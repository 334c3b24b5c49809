"""Tests of promptfoo: inline or in files, with the product of lists and scenarios."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.document import Loss
from promptops.formats.source_file import SourceFile
from promptops.model.place import Place
from promptops.records import record

MAX_CASES = 1_000


@record(frozen=True, slots=True, kw_only=True)
class FoundTest:
    """One test.

    Attributes:
        variables: With those of the defaults.
        assertions: As written.
    """

    name: str
    variables: Mapping[str, Any]
    assertions: Sequence[Any]
    place: Place


class TestReader:
    """The tests of one configuration.

    Attributes:
        losses: What was lost.
    """

    __test__ = False  # not a class of pytest

    def __init__(self, file: SourceFile) -> None:
        self.losses: list[Loss] = []
        self._file = file
        self._document = file.json if file.suffix == ".json" else file.yaml

    def tests(self) -> list[FoundTest]:
        """All tests, at most MAX_CASES."""
        value = self._document.value
        found = [
            *self._listed(value.get("tests"), "/tests", {}, ()),
            *self._scenarios(value.get("scenarios")),
        ]
        expanded = (one for test in found for one in self._expanded(test))
        return _named(itertools.islice(expanded, MAX_CASES))

    def _scenarios(self, given: Any) -> Iterator[FoundTest]:
        for index, scenario in enumerate(given if isinstance(given, list) else ()):
            if not isinstance(scenario, Mapping):
                self._lost("IMP128", "scenarios in files are not read", f"/scenarios/{index}")
                continue
            configs = scenario.get("config")
            for config in configs if isinstance(configs, list) else ({},):
                variables = config.get("vars", {}) if isinstance(config, Mapping) else {}
                pointer = f"/scenarios/{index}/tests"
                asserted = config.get("assert", ()) if isinstance(config, Mapping) else ()
                yield from self._listed(scenario.get("tests"), pointer, variables, asserted)

    def _listed(
        self, given: Any, pointer: str, variables: Mapping[str, Any], asserted: Sequence[Any]
    ) -> Iterator[FoundTest]:
        if isinstance(given, str):
            given = [given]
        for index, test in enumerate(given if isinstance(given, list) else ()):
            at = f"{pointer}/{index}" if isinstance(self._document.value, Mapping) else pointer
            place = self._document.place(at)
            if isinstance(test, Mapping) and "path" not in test:
                yield self._test(test, place, variables, asserted)
            elif isinstance(test, str):
                for row in self._rows(test, place):
                    yield self._test(row, place, variables, asserted)
            else:
                self._lost("IMP128", "tests that code generates are not read", at)

    def _test(
        self,
        test: Mapping[str, Any],
        place: Place,
        variables: Mapping[str, Any],
        asserted: Sequence[Any],
    ) -> FoundTest:
        default = self._document.value.get("defaultTest")
        of_default = default if isinstance(default, Mapping) else {}
        given = {
            **_mapping(of_default.get("vars")),
            **variables,
            **_mapping(test.get("vars")),
        }
        own = test.get("assert")
        return FoundTest(
            name=str(test.get("description") or ""),
            variables={str(name): self._variable(value, place) for name, value in given.items()},
            assertions=(*asserted, *(own if isinstance(own, list) else ())),
            place=place,
        )

    def _variable(self, value: Any, place: Place) -> Any:
        if not isinstance(value, str) or not value.startswith("file://"):
            return value
        name = value.removeprefix("file://")
        found = self._file.beside(name)
        if found is None or found.suffix in (".py", ".js", ".ts"):
            message = f"the value of a variable in `{name}` is not read"
            self.losses.append(Loss(code="IMP104", message=message, place=place))
            return value
        if found.suffix == ".json":
            return found.json.value
        if found.suffix in (".yaml", ".yml"):
            return found.yaml.value
        return found.text.value.strip("\n")

    def _rows(self, written: str, place: Place) -> Iterator[Mapping[str, Any]]:
        name = written.removeprefix("file://")
        if "://" in name or name.split(":")[0].endswith((".py", ".js", ".ts", ".mjs")):
            message = f"tests from `{name}` are not read"
            self.losses.append(Loss(code="IMP128", message=message, place=place))
            return
        found = self._file.beside(name)
        if found is None:
            message = f"the tests `{name}` are missing"
            self.losses.append(Loss(code="IMP104", message=message, place=place))
        elif found.suffix == ".csv":
            yield from _table(found.text.value)
        elif found.suffix == ".jsonl":
            yield from _json_lines(found.text.value)
        else:
            value = found.json.value if found.suffix == ".json" else found.yaml.value
            listed = value if isinstance(value, list) else [value]
            yield from (row for row in listed if isinstance(row, Mapping))

    def _expanded(self, test: FoundTest) -> Iterator[FoundTest]:
        """A test for each combination of the values of variables that are lists."""
        options = self._document.value.get("defaultTest")
        inner = options.get("options") if isinstance(options, Mapping) else None
        whole = isinstance(inner, Mapping) and inner.get("disableVarExpansion")
        lists = {
            name: value
            for name, value in test.variables.items()
            if isinstance(value, list) and not whole
        }
        for values in itertools.product(*lists.values()):
            variables = {**test.variables, **dict(zip(lists, values, strict=True))}
            yield FoundTest(
                name=test.name, variables=variables, assertions=test.assertions, place=test.place
            )

    def _lost(self, code: str, message: str, pointer: str) -> None:
        place = self._document.place(pointer)
        self.losses.append(Loss(code=code, message=message, place=place))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _named(tests: Iterator[FoundTest]) -> list[FoundTest]:
    """Each test with a name of its own."""
    found: list[FoundTest] = []
    taken: set[str] = set()
    for number, test in enumerate(tests, 1):
        name = test.name.strip() or f"test {number}"
        unique, count = name, 2
        while unique in taken:
            unique, count = f"{name} ({count})", count + 1
        taken.add(unique)
        found.append(
            FoundTest(
                name=unique,
                variables=test.variables,
                assertions=test.assertions,
                place=test.place,
            )
        )
    return found


def _table(text: str) -> Iterator[Mapping[str, Any]]:
    for row in csv.DictReader(io.StringIO(text)):
        plain = {key: value or "" for key, value in row.items() if key and key[:2] != "__"}
        written = [value for key, value in row.items() if key and key.startswith("__expected")]
        yield {
            "description": row.get("__description") or "",
            "vars": plain,
            "assert": [_short(value) for value in written if value and value.strip()],
        }


_SHORT = ("javascript:", "python:", "js:", "fn:", "eval:")


def _short(written: str) -> Mapping[str, Any]:
    """The assertion that a cell of a table abbreviates: `contains: x`, `x` for equals."""
    kind, colon, value = written.partition(":")
    if written.startswith(_SHORT):
        return {"type": "python" if kind == "python" else "javascript", "value": value.strip()}
    known = kind.removeprefix("not-").split("(")[0]
    if colon and known.replace("-", "").isalpha() and known == known.lower() and " " not in known:
        name = "llm-rubric" if kind == "grade" else kind
        return {"type": name.split("(")[0], "value": value.strip()}
    return {"type": "equals", "value": written}


def _json_lines(text: str) -> Iterator[Mapping[str, Any]]:
    for line in text.splitlines():
        try:
            value = json.loads(line) if line.strip() else None
        except ValueError:
            continue
        if isinstance(value, Mapping):
            yield value
