"""Write `conformance/`: what every implementation of the portable program must give.

    python -m tests.conformance.make_vectors

One JSON value on each line, in gzip; docs/portable.md describes them. They come from the tables of
the tests, the random templates of the tests, and the prompts of this repository.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from promptops.bundles.build import bundle_of, gzipped
from promptops.errors import InputError, UsageError
from promptops.model.place import Text, plain_text
from promptops.model.version import parse, parse_range
from promptops.runtime.bundle.bundle import Bundle
from promptops.runtime.bundle.format import read_bundle
from promptops.runtime.request.canonical import canonical_json, digested_form
from promptops.runtime.request.inputs import Inputs
from promptops.runtime.request.render import render_error
from promptops.runtime.template.data import json_copy
from promptops.runtime.template.limits import MAX_WORK
from promptops.runtime.template.parsed_program import program_of
from promptops.runtime.template.text_rendering import (
    Load,
    Run,
    TemplateFailure,
    is_template,
    render_text,
)
from promptops.workspace.workspace import workspace
from tests.conformance import integrity
from tests.conformance.answers import answer_rows
from tests.runtime import test_refs, test_runtime_equivalence, test_runtime_filters
from tests.runtime.request_shapes import requests
from tests.runtime.test_runtime_generated import DATA, TEMPLATES, Grammar
from tests.runtime.test_schema_engines import TABLE as SCHEMAS

FOLDER = Path(__file__).parents[2] / "conformance"
RANDOM_TEMPLATES = 1_500
FORMATS = ("openai", "responses", "anthropic", "gemini")


def main() -> int:
    """Write the files that changed."""
    FOLDER.mkdir(exist_ok=True)
    for name, rows in files().items():
        data = gzipped("".join(f"{_line(row)}\n" for row in rows).encode())
        file = FOLDER / f"{name}.jsonl.gz"
        if not file.exists() or file.read_bytes() != data:
            file.write_bytes(data)
    return 0


def files() -> Mapping[str, list[Any]]:
    """The rows of each file, by its name."""
    return {
        "templates": list(_templates()),
        "requests": list(_requests()),
        "inputs": list(_inputs()),
        "refs": list(_refs()),
        "answers": list(answer_rows()),
        "integrity": list(integrity.rows()),
    }


def _line(row: Any) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _templates() -> Iterator[dict[str, Any]]:
    equivalence = test_runtime_equivalence
    for source in (*equivalence.TABLE, *equivalence.COMPOSED, *equivalence.BY_DESIGN):
        yield from _template(source, equivalence.DATA, equivalence.WITH)
    filters = test_runtime_filters
    for call in filters.FILTERS:
        for value in filters.VALUES:
            yield from _template(f"{{{{ v|{call} }}}}", {"v": value}, {})
    for call in filters.TESTS:
        word = "" if call.startswith("!") else "is "
        for value in filters.VALUES:
            yield from _template(f"{{{{ v {word}{call} }}}}", {"v": value}, {})
    for seed in range(RANDOM_TEMPLATES):
        source = Grammar(random.Random(seed)).template()
        yield from _template(source, DATA[seed % len(DATA)], TEMPLATES)


def _template(
    source: str, data: Mapping[str, Any], templates: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """One row; none for a text without a program."""
    program = program_of(source)
    if program is None:
        return
    used = {name: text for name, text in templates.items() if name in source}
    used |= {
        name: text for name, text in templates.items() if any(name in t for t in used.values())
    }
    others = {name: [text, program_of(text)] for name, text in used.items()}

    def load(_: str, name: str) -> Text | None:
        return plain_text(name, *others[name]) if name in others else None

    row: dict[str, Any] = {"source": source, "data": data, "program": program}
    if others:
        row["templates"] = others
    run = Run(load)
    try:
        row["text"] = render_text(program_only("main", program), json_copy(data), run)
    except TemplateFailure as error:
        row["error"] = "refused" if error.refused else "failed"
        if all(each is not None or not is_template(text) for text, each in others.values()):
            row["place"] = _place(plain_text("main", source, program), data, load)
    yield row | {"work": MAX_WORK - run.meter.left}


def _place(text: Text, data: Mapping[str, Any], load: Load) -> list[Any]:
    """The file, the line and the column where a template fails."""
    try:
        render_text(text, json_copy(data), Run(load))
    except TemplateFailure as error:
        place = render_error(error).place
        assert place is not None
        return [place.path, place.line, place.column]
    raise AssertionError(f"only its program fails: {text.value}")


def program_only(name: str, program: str) -> Text:
    """A text that only its program can render, so that nothing but the evaluator takes work."""
    return plain_text(name, "{% if %}", program)


def _requests() -> Iterator[dict[str, Any]]:
    """A bundle, then the requests of the test cases of its prompts; for each provider."""
    for provider in ("openai", "anthropic", "gemini"):
        with requests.repository_of(provider) as root, workspace(root) as opened:
            data = bundle_of(opened)
            yield {"bundle": data.decode()}
            bundle = Bundle(read_bundle(data, provider), where=provider)
            for loaded in opened.catalog.prompts():
                if loaded.prompt is not None:
                    for case in loaded.prompt.cases:
                        yield _request(bundle, loaded.prompt.id, case.inputs)


def _request(bundle: Bundle, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"prompt": name, "inputs": inputs}
    try:
        rendered = bundle[name].render_from(inputs)
    except InputError as error:
        return row | {"error": [problem.pointer for problem in getattr(error, "inputs", ())]}
    row |= {"request": canonical_json(digested_form(rendered.request)), "digest": rendered.digest}
    row["attributes"] = rendered.attributes(inputs=True)
    for method in FORMATS:
        try:
            row[method] = requests.as_json(getattr(rendered, method)())
        except (InputError, UsageError):
            row[method] = None
    return row


def _inputs() -> Iterator[dict[str, Any]]:
    for schema, fitting, unfitting in SCHEMAS:
        closed = {"type": "object", "properties": {"v": schema}, "additionalProperties": False}
        if isinstance(schema, dict) and "$defs" in schema:
            closed["$defs"] = schema["$defs"]
        try:
            inputs = Inputs(closed)
        except ValueError:  # a schema of an older draft, which an input can't have
            continue
        for value in (*fitting, *unfitting):
            accepted, problems = inputs.accept({"v": value})
            row = {"schema": closed, "value": {"v": value}}
            pointers = sorted({problem.pointer for problem in problems})
            yield row | ({"pointers": pointers} if problems else {"accepted": accepted})


def _refs() -> Iterator[dict[str, Any]]:
    for text, kind in _parameters(test_refs.test_each_form_means_one_thing):
        yield {"ref": text, "kind": kind.__name__}
    for text in _parameters(test_refs.test_what_means_nothing_is_refused):
        yield {"ref": text, "kind": None}
    versions = [parse(each, prereleases=True) for each in test_refs.VERSIONS]
    for text, _ in _parameters(test_refs.test_the_highest_of_a_range):
        highest = parse_range(text).highest([each for each in versions if each is not None])
        found = str(highest) if highest is not None else None
        yield {"range": text, "versions": test_refs.VERSIONS, "highest": found}


def _parameters(test: Any) -> list[Any]:
    (mark,) = test.pytestmark
    return list(mark.args[1])


if __name__ == "__main__":
    sys.exit(main())
