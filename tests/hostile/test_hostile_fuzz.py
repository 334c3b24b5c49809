"""Every parser takes everything: what is wrong is a value with a place, never an exception.

HYPOTHESIS_EXAMPLES=20000 looks longer than the suite has time for.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from promptops.analysis.template_walk import walk
from promptops.catalog.catalog import Catalog
from promptops.cli.main import run
from promptops.errors import InputError, UsageError
from promptops.lint.engine import Silencers, conclude, lint_one
from promptops.lint.examples import MemoryTree
from promptops.lint.registry import built_in
from promptops.lint.subject import LintRun
from promptops.model.place import Place, plain_text
from promptops.runtime.request.inputs import Inputs
from promptops.runtime.template.template import TemplateError, parse
from promptops.source.cases import read_cases
from promptops.source.config import load
from promptops.source.document import read
from promptops.source.json_lines import read_json
from promptops.source.references import resolve
from promptops.source.schema_validity import check_schema
from promptops.source.shape import check_shape
from tests.tiers import examples

ROOT = Path(__file__).parents[2]
DAY = date(2026, 11, 24)
LONGER = int(os.environ.get("HYPOTHESIS_EXAMPLES", "0"))


def few(count: int) -> settings:
    quiet = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
    return settings(
        max_examples=LONGER or examples(count),
        deadline=None,
        suppress_health_check=quiet,
        derandomize=not LONGER,
    )


PROMPTS = [path.read_text("utf-8") for path in sorted((ROOT / "prompts").rglob("*.prompt.yaml"))]
PIECES = st.sampled_from(
    [
        *("{{ x }}", "{% if x %}", "{% endif %}", "{% for a in b %}", "{% endfor %}", "{%", "%}"),
        *("{% set x = 1 %}", "{% macro m(a) %}", "{% endmacro %}", "{{ m() }}", "{#", "#}", "{{"),
        *("{% include 'a.j2' %}", "{% import 'a.j2' as q %}", "{% raw %}", "|upper", "}}", "-%}"),
        *("&a ", "*a", "<<: ", "!!t ", "|\n", ">-\n", "? ", "- ", ": ", "'", '"', "\\", "#", "%"),
        *("[", "]", "{", "}", ",", "\n", "\r\n", "\t", "  ", "\0", "\ufeff", "\u2028", "\x85"),
        *(
            "~",
            "null",
            "true",
            "1e999",
            ".nan",
            "0x1F",
            "-",
            "9" * 500,
            "é",
            "😀",
            "\ud800",
            "\u202e",
        ),
        *("$ref", "#/", "../x", "/etc", "a:b", "format", "extends", "messages", "inputs", "when"),
        *("# promptops: ignore[VAR001] x", "{# promptops: ignore #}", "loop.index", "x.y[0]", "~~"),
    ]
)


@st.composite
def mutated(draw: Callable[..., Any], sources: list[str]) -> str:
    """A valid text with some of it cut out, doubled, moved, or replaced."""
    text = draw(st.sampled_from(sources))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 40)))
        put = draw(st.one_of(PIECES, st.text(max_size=5), st.just(text[start:end] * 2)))
        text = text[:start] + put + text[end:]
    return str(text)


TEMPLATES = st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=12).map("".join)
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.sampled_from(["string", "object", "#", "#/a", "x.json", "../x", "http://a", "^(", "date"]),
)  # fmt: skip
KEYS = st.sampled_from(
    ["type", "properties", "items", "$ref", "$defs", "$id", "$anchor", "required", "enum", "allOf",
     "anyOf", "pattern", "default", "additionalProperties", "const", "maxLength", "x-aliases", "a",
     "prefixItems", "patternProperties", "if", "then", "$dynamicRef", "dependentSchemas", ""]
)  # fmt: skip
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=15,
)


def anywhere(pointer: str, key: bool = False) -> Place:
    return Place(pointer)


@few(300)
@given(st.one_of(st.binary(max_size=200), TEMPLATES.map(lambda t: t.encode("utf-8", "replace"))))
def test_any_bytes_are_a_document(data: bytes) -> None:
    document = read("a.prompt.yaml", data)

    for pointer, kind, _ in document.scalars():
        place = document.place(pointer, key=kind == "key")
        text = document.template(pointer, key=kind == "key")
        assert place.line >= 1
        assert all(text.locate(offset)[0] >= 1 for offset in range(len(text.value) + 1))
    assert document.comments is not None
    assert check_shape(document) is not None
    assert document.value is not None or document.problems


@pytest.mark.parametrize(
    "text",
    [
        "format: promptops/1\ntitle: *a\nmessages: []\n",
        "format: promptops/1\ninputs: {$defs: 7, properties: {a: {$ref: x.json}}}\nmessages: []\n",
    ],
)
def test_a_prompt_file_that_broke_a_rule_once_is_linted_by_every_rule(text: str) -> None:
    files = {"prompts/a.prompt.yaml": text.encode(), "schemas/x.json": b'{"type": "string"}'}
    catalog = Catalog(MemoryTree(files), load({}))
    rules = list(built_in().values())

    results = [lint_one(catalog, loaded, rules, DAY) for loaded in catalog.prompts()]
    outcome = conclude(catalog, results, rules, LintRun(today=DAY), Silencers())

    assert outcome.findings
    assert "internal-error" not in {finding.code for finding in outcome.findings}


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["12", "20261130"])
@pytest.mark.parametrize(
    "amount",
    [("--files", "700"), ("--pairs", "300"), ("--changes", "40"), ("--commands", "25")],
    ids=lambda amount: amount[0].strip("-"),
)
def test_generated_files_break_nothing_hide_nothing_and_take_no_long_time(
    amount: tuple[str, str], seed: str
) -> None:
    """`python tests/hostile/fuzz.py --help` looks at more of them, and at one again.

    The nightly workflow takes the date as the seed.
    """
    fuzz = [sys.executable, str(Path(__file__).with_name("fuzz.py"))]

    done = subprocess.run(
        [*fuzz, *amount, "--seed", seed], capture_output=True, check=False, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert done.stdout.endswith(f"0 failures with --seed {seed}\n")


@few(300)
@given(TEMPLATES)
def test_any_text_is_a_template_or_refused_at_a_place_in_it(source: str) -> None:
    try:
        parse(source)
    except TemplateError as error:
        assert 0 <= error.start <= error.end <= len(source) + 1
        return

    found = walk(plain_text("a.j2", source), lambda _origin, _name: None)

    assert found is not None


@few(200)
@given(JSON)
@example({"properties": {"properties": None, "": {"type": None}}})
@example([{"$ref": ""}])
def test_any_json_is_a_schema_or_no_schema(schema: Any) -> None:
    resolved, problems = resolve(schema, lambda _: {"$ref": "#/a"}, "prompts/a.prompt.yaml")

    assert all(problem.code in ("SEC010", "SCH002") for problem in problems)
    if not check_schema(resolved, anywhere) and isinstance(resolved, dict):
        with suppress(ValueError):
            Inputs(resolved).accept({"a": [1, {"a": "x"}]})


@few(200)
@given(st.one_of(TEMPLATES, st.text(max_size=60), JSON.map(json.dumps)))
def test_any_text_is_a_case_file(text: str) -> None:
    data = text.encode("utf-8", "replace")
    for ending in ("jsonl", "csv", "yaml", "txt"):
        found = read_cases(f"a.{ending}", data)

        assert all(found.place(f"/{index}").line >= 1 for index in range(len(found.values)))
    assert read_json("a.json", data).problems is not None


TOML = [(ROOT / "promptops.toml").read_text("utf-8"), (ROOT / "pyproject.toml").read_text("utf-8")]


@few(150)
@given(st.one_of(mutated(TOML), TEMPLATES))
def test_any_text_is_a_configuration_or_an_input_error(text: str) -> None:
    data = text.encode("utf-8", "replace")
    for name in ("promptops.toml", "pyproject.toml"):
        with suppress(InputError):
            load({name: data})
    with suppress(InputError, UsageError):
        load({}, [text])


WORDS = st.one_of(
    st.sampled_from(
        ["lint", "check", "list", "render", "rule", "--format", "json", "full", "--staged",
         "--since", "HEAD", "--at", "index", "--rule", "SEC", "tag:a", "--config", "-i", "a=1",
         "lint.select=1", "-c", "one", "fine", "--fix", "--diff", "--", "-C", ".", "--why", "-h",
         "VAR001", "--annotate", "--resolved", "--statistics", "--fail-on", "info", "--exit-zero", "*", ""]
    ),
    st.text(st.characters(exclude_characters="\0"), max_size=6),
)  # fmt: skip


@few(60)
@given(words=st.lists(WORDS, max_size=5))
def test_any_arguments_are_a_command_or_a_wrong_one(
    words: list[str], repo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.write({"prompts/fine.prompt.yaml": PROMPTS[0]})
    monkeypatch.chdir(repo.root)
    if any(word.startswith(("init", "new", "doctor", "receive", "completion")) for word in words):
        return
    if any("=" in word and not word.startswith(("a=", "lint.")) for word in words):
        return  # a report into a file

    assert run(list(words)) in (0, 1, 2, 3, 4)
