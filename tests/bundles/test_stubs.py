"""A module that types prompts: what it says, and what mypy says of code that uses it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.bundles.build import build
from promptops.cli.main import run
from promptops.commands.stubs.command import load_stubs
from promptops.commands.stubs.report import typed_module
from promptops.errors import GitError, InputError
from promptops.model.prompt import Output, Prompt
from promptops.model.shipping import Stubs
from tests.output_schemas import validate

ROOT = Path(__file__).parents[2]

SMALL = """\
format: promptops/1
description: Sort one ticket; say "why".
aliases: [old/sort]
model: {provider: openai, id: gpt-5.4-mini-2026-03-17}
inputs:
  required: [ticket, tone]
  properties:
    ticket: {type: string, maxLength: 100, description: Verbatim.}
    tone: {enum: [formal, friendly, null], default: formal}
    class: {type: [integer, "null"]}
output:
  format: json
  schema:
    type: object
    required: [urgency, tree]
    properties:
      urgency: {type: integer}
      tree: {$ref: "#/$defs/node"}
    $defs:
      node:
        type: object
        required: [order-id]
        properties:
          order-id: {type: string, description: As printed.}
          below: {type: array, items: {$ref: "#/$defs/node"}}
messages:
  - {role: user, content: "{{ ticket }} {{ tone }}"}
"""


@pytest.fixture
def small(repo):
    repo.write({"prompts/support/sort.prompt.yaml": SMALL})
    repo.commit("one")
    repo.git("tag", "-a", "v1.0.0", "-m", "v1.0.0")
    return repo


def module_text(stubs: Stubs) -> str:
    return typed_module(stubs).module


def loaded(text: str, folder: Path) -> ModuleType:
    """The module, imported as an application would."""
    file = folder / "typed.py"
    file.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("typed", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def mypy(folder: Path, *files: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(folder / "cache"), *files],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return [line for line in done.stdout.splitlines() if ": error: " in line or "note: Did" in line]


# What users write, against the catalog of this repository.

RIGHT = """\
import promptops

import prompts_of_acme as stubs

prompts = stubs.load("v1.8.0", source="site", refresh_s=5)
triage = prompts["support/triage"]
request = triage.render(
    ticket="It blinks.", product="hub", known_issues=[{"id": "KI-1", "title": "Red light"}]
)
arguments: dict[str, object] = request.openai()
arguments = request.anthropic()
arguments = request.gemini()
result = triage.parse("{}")
category: str = result["category"]
known: str | None = result["known_issue"]
inputs: stubs.SupportTriageInputs = {"ticket": "It blinks.", "product": "hub"}
triage.render(**inputs)
triage.render_from({"ticket": "It blinks.", "product": "hub", "tone": "formal"})
text: str = prompts["summaries/meeting-notes"].parse("")
same_by_its_old_name: stubs.AnswersHandbook = prompts["answers/faq"]
names: list[str] = list(prompts)
digest: str = stubs.bundle(prompts).digest
if prompts.get("support/triage") is not None and "x" in prompts:
    pass


async def later() -> stubs.Prompts:
    return await stubs.aload("v1.8.0")


def what_every_prompt_has(prompt: promptops.Prompt) -> stubs.AnyPrompt:
    return prompt
"""

WRONG = {
    'triage.render(product="hub")': 'Missing named argument "ticket" for "render"',
    'triage.render(ticket=7, product="hub")': 'incompatible type "int"; expected "str"',
    'triage.render(ticket="", product="hubs")': "expected \"Literal['router', 'camera', 'hub']\"",
    'triage.render(tikcet="", product="hub")': 'Unexpected keyword argument "tikcet"',
    'triage.render(ticket="", product="hub", tone=None)': 'incompatible type "None"',
    'triage.render(ticket="", product="hub", known_issues=[{"id": ""}])': 'Missing key "title"',
    'triage.render(ticket="", product="hub", known_issues="KI-1")': 'incompatible type "str"',
    'triage.render_from({"ticket": ""})': 'Missing key "product" for TypedDict',
    'triage.parse("")["categry"]': 'TypedDict "SupportTriageOutput" has no key "categry"',
    'urgency: str = triage.parse("")["urgency"]': 'expression has type "int"',
    'prompts["support/triag"]': 'TypedDict "Prompts" has no key "support/triag"',
    'prompts["support/" + "triage"]': "TypedDict key must be a string literal",
    'stubs.load("v1.8.0", sorce="site")': 'Unexpected keyword argument "sorce" for "load"',
    "stubs.load()": 'Missing positional argument "ref" in call to "load"',
}
BEFORE = 'import prompts_of_acme as stubs\n\nprompts = stubs.load("v1")\n'
BEFORE += 'triage = prompts["support/triage"]\n'


@pytest.fixture(scope="module")
def judged(tmp_path_factory) -> list[str]:
    """What mypy says of all of it."""
    folder = tmp_path_factory.mktemp("typed")
    (folder / "prompts_of_acme.py").write_text(module_text(load_stubs(ROOT, "worktree")))
    (folder / "right.py").write_text(RIGHT)
    (folder / "wrong.py").write_text(BEFORE + "\n".join(WRONG))
    return mypy(folder, "right.py", "wrong.py", "prompts_of_acme.py")


@pytest.mark.xdist_group("stubs_of_acme")  # one worker runs mypy
def test_right_code_and_the_module_itself_are_clean(judged):
    assert [line for line in judged if not line.startswith("wrong.py")] == []


@pytest.mark.xdist_group("stubs_of_acme")
@pytest.mark.parametrize(("number", "code"), [*enumerate(WRONG, BEFORE.count("\n") + 1)])
def test_wrong_code_is_an_error(judged, number, code):
    said = [line for line in judged if line.startswith(f"wrong.py:{number}: error:")]

    assert len(said) == 1
    assert WRONG[code] in said[0]


@pytest.mark.xdist_group("stubs_of_acme")
def test_a_misspelt_id_is_told_the_nearest(judged):
    assert any('note: Did you mean "support/triage"' in line for line in judged)


@pytest.mark.parametrize("arguments", [("check", "--select", "E,F,W,I,B,UP,RUF"), ("format",)])
def test_the_module_is_written_as_ruff_would(tmp_path, arguments):
    text = module_text(load_stubs(ROOT, "worktree")).replace("# fmt: off\n# ruff: noqa\n", "")
    (tmp_path / "typed.py").write_text(text)

    command = [sys.executable, "-m", "ruff", *arguments, "--isolated", "--line-length", "100"]
    command += ["--diff"] if arguments == ("format",) else ["--target-version", "py311"]
    done = subprocess.run(
        [*command, "typed.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout.replace("All checks passed!\n", "")) == (0, "")


# What it says.


def declared(text: str) -> str:
    """What is not the same in every module, and not the header."""
    return text.partition("def output(self) -> Mapping[str, Any] | None: ...\n\n\n")[2].partition(
        "\n\n\nclass Options"
    )[0]


def test_a_small_catalog_as_a_module(small):
    text = module_text(load_stubs(small.root, "v1.0.0", "typed.py"))

    assert (
        declared(text)
        == '''\
SupportSortInputs = TypedDict(
    "SupportSortInputs",
    {
        # Verbatim.
        "ticket": str,
        "tone": NotRequired[Literal["formal", "friendly"] | None],
        "class": NotRequired[int | None],
    },
)
"""What `support/sort` takes."""


SupportSortNode = TypedDict(
    "SupportSortNode",
    {
        # As printed.
        "order-id": str,
        "below": NotRequired["list[SupportSortNode]"],
    },
)


class SupportSortOutput(TypedDict):
    urgency: int
    tree: SupportSortNode


class SupportSort(AnyPrompt, Protocol):
    """Sort one ticket; say "why"."""

    def render(self, /, **inputs: Unpack[SupportSortInputs]) -> "RenderedRequest": ...
    def render_from(self, inputs: SupportSortInputs) -> "RenderedRequest": ...
    def parse(self, answer: Any) -> SupportSortOutput: ...


Prompts = TypedDict(
    "Prompts",
    {
        "old/sort": SupportSort,
        "support/sort": SupportSort,
    },
)
"""The prompts of v1.0.0, by id; read only."""'''
    )


def test_the_header_tells_what_it_was_made_of_and_how(small):
    digest = build(small.root, "v1.0.0").contents.digest

    text = module_text(load_stubs(small.root, "v1.0.0", "/home/ada/typed.py"))

    assert text.startswith(f'''\
"""Typed prompts of v1.0.0: made by promptops, not to be edited.

Release: v1.0.0
Bundle: sha256:{digest}
Made by: promptops stubs v1.0.0 -o typed.py
"""
# fmt: off
# ruff: noqa
''')
    assert f'\nRELEASE = "v1.0.0"\nDIGEST = "{digest}"\n' in text


def test_a_tag_and_the_bundle_built_of_it_give_the_same(small, tmp_path):
    (tmp_path / "v1.jsonl").write_bytes(build(small.root, "v1.0.0").data)

    of_tag, of_file = load_stubs(small.root, "v1.0.0"), load_stubs(tmp_path, "v1.jsonl")

    lines = zip(module_text(of_tag).splitlines(), module_text(of_file).splitlines(), strict=True)
    assert [pair for pair in lines if len(set(pair)) > 1] == [
        ("Made by: promptops stubs v1.0.0", "Made by: promptops stubs v1.jsonl")
    ]


def test_what_is_not_committed_can_be_typed(small):
    small.write({"prompts/support/sort.prompt.yaml": SMALL.replace("Verbatim", "As it is")})

    work_tree = load_stubs(small.root, "worktree")
    of_index = load_stubs(small.root, "index")

    assert (work_tree.release, work_tree.digest) == (None, None)
    assert ("# As it is." in module_text(work_tree), "# As it is." in module_text(of_index)) == (
        True,
        False,
    )


def test_it_works_with_what_an_application_loads(small, tmp_path):
    bundle = tmp_path / "v1.jsonl"
    bundle.write_bytes(build(small.root, "v1.0.0").data)
    typed = loaded(module_text(load_stubs(small.root, "v1.0.0")), tmp_path)

    prompts = typed.load(typed.RELEASE, source=bundle)
    request = prompts["support/sort"].render(ticket="It blinks.")

    assert request.openai()["messages"] == [{"role": "user", "content": "It blinks. formal"}]
    assert typed.bundle(prompts).digest == typed.DIGEST
    assert typed.SupportSortInputs.__required_keys__ == {"ticket"}
    assert set(get_type_hints(typed.SupportSortNode, vars(typed))) == {"order-id", "below"}


# Schemas of all kinds.


def typed(inputs: dict[str, Any], output: dict[str, Any] | None = None) -> str:
    """The declarations for one prompt called `a`."""
    prompt = Prompt(
        id="a",
        path="prompts/a.prompt.yaml",
        locate=lambda *_: None,  # type: ignore[arg-type, return-value]  # nothing is placed here
        inputs=inputs,
        output=Output(format="json", schema=output) if output is not None else Output(),
        messages=(),
    )
    made = Stubs(title="x", release=None, digest=None, made_by="x", prompts=(prompt,))
    return module_text(made)


def output_type(schema: dict[str, Any]) -> str:
    text = typed({}, schema)
    return text.partition("def parse(self, answer: Any) -> ")[2].partition(": ...\n\n\nP")[0]


TYPES = [
    ({}, "Any"),
    ({"type": "string", "format": "date"}, "str"),
    ({"type": ["string", "null", "integer"]}, "str | int | None"),
    ({"type": ["integer", "number"]}, "float"),
    ({"enum": ["a", 1, True, None]}, 'Literal["a", 1, True] | None'),
    ({"enum": [1.5, "a"]}, 'Literal["a"] | float'),
    ({"enum": [[1], {"a": 1}]}, "list[Any] | dict[str, Any]"),
    ({"enum": [f"v{n}" for n in range(300)]}, "str"),
    ({"const": 'a"\\\n\u202e'}, 'Literal["a\\"\\\\\\n\\u202e"]'),
    ({"type": "array"}, "list[Any]"),
    ({"type": "array", "items": {"type": "number"}}, "list[float]"),
    (
        {"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "boolean"}},
        "list[str | bool]",
    ),
    ({"prefixItems": [{"type": "string"}], "items": False}, "list[str]"),
    ({"type": "object"}, "dict[str, Any]"),
    ({"additionalProperties": {"type": "integer"}}, "dict[str, int]"),
    ({"type": "object", "additionalProperties": False}, "dict[str, Any]"),
    ({"type": "object", "patternProperties": {"^x": {"type": "integer"}}}, "dict[str, Any]"),
    (
        {"patternProperties": {"^x": {"type": "integer"}}, "additionalProperties": False},
        "dict[str, int]",
    ),
    ({"properties": {"a": True}}, "AOutput"),
    ({"type": ["object", "null"], "properties": {"a": True}}, "AOutput | None"),
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "str | None"),
    (
        {"oneOf": [{"properties": {"a": True}}, {"properties": {"b": True}}]},
        "AOutput | AOutput2",
    ),
    ({"type": "string", "anyOf": [{"minLength": 3}, {"pattern": "^a"}]}, "str"),
    ({"allOf": [{"type": ["string", "null"]}, {"type": "string"}]}, "str"),
    ({"allOf": [{"properties": {"a": True}}, {"properties": {"b": True}}]}, "AOutput"),
    ({"$ref": "#/$defs/x", "$defs": {"x": {"type": "boolean"}}}, "bool"),
    ({"$ref": "#/$defs/x", "$defs": {"x": {"$ref": "#/$defs/x"}}}, "Any"),
    ({"$ref": "#/nowhere"}, "Any"),
    ({"type": "array", "items": {"$ref": "#"}}, "list[list[Any]]"),
    ({"items": {"$ref": "#/$defs/x"}, "$defs": {"x": {"type": "null"}}}, "list[None]"),
    ({"type": 7, "enum": "x", "anyOf": {}, "allOf": 3, "properties": []}, "Any"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "expected"), TYPES)
def test_what_a_schema_means(schema, expected):
    assert output_type(schema) == expected


def test_an_object_of_callers_that_takes_more_keys_is_a_mapping():
    inputs = {
        "properties": {
            "open": {"properties": {"a": {"type": "string"}}, "additionalProperties": True},
            "closed": {"properties": {"a": {"type": "string"}}},
            "counts": {"additionalProperties": {"type": "integer"}},
        }
    }

    text = typed(inputs)

    assert "    open: NotRequired[Mapping[str, Any]]\n" in text
    assert "    closed: NotRequired[AInputsClosed]\n" in text
    assert "    counts: NotRequired[Mapping[str, int]]\n" in text


def test_a_prompt_that_takes_whatever_it_gets_is_not_held_to_names():
    text = typed({"properties": {"a": {"type": "string"}}, "additionalProperties": True})

    assert "def render(self, /, **inputs: Any) -> " in text
    assert "def render_from(self, inputs: Mapping[str, Any]) -> " in text


def test_of_alternative_inputs_each_may_be_given():
    either = [{"required": ["a"]}, {"required": ["b"], "properties": {"b": {"type": "string"}}}]

    text = typed({"properties": {"a": {"type": "integer"}}, "anyOf": either})

    assert "    b: NotRequired[str]\n    a: NotRequired[int]\n" in text


def test_what_is_long_stands_on_several_lines():
    words = [f"a rather long value number {n}" for n in range(5)]

    text = typed({"properties": {"a": {"type": "array", "items": {"enum": words}}}})

    lines = "".join(f'            "{word}",\n' for word in words)
    assert (
        f"    a: NotRequired[\n        list[\n            Literal[\n{lines}".replace(
            '            "', '                "'
        )
        in text
    )


def test_two_objects_that_say_the_same_are_one():
    point = {"properties": {"x": {"type": "number"}}}

    text = typed({"properties": {"one": point, "two": point}})

    assert "    one: NotRequired[AInputsOne]\n    two: NotRequired[AInputsOne]\n" in text


# Bad input.

NAMES = st.one_of(
    st.sampled_from(
        ["a", "class", "None", "str", "list", "__x", "Any", "a-b", "", "ä", "ﬁ", "\n", '"', "\\",
         "a'b", "self", "AInputs", "\u202e", "x" * 200, "match", "\ud800", '"""', "{", "%s", "#"]
    ),
    st.text(max_size=5),
)  # fmt: skip
LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), NAMES
)
KINDS = st.sampled_from(["string", "integer", "number", "boolean", "null", "array", "object", 7])


def _schemas(below: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys: dict[str, st.SearchStrategy[Any]] = {
        "type": st.one_of(KINDS, st.lists(KINDS, max_size=3)),
        "properties": st.dictionaries(NAMES, below, max_size=3),
        "required": st.lists(NAMES, max_size=2),
        "items": below,
        "prefixItems": st.lists(below, max_size=2),
        "additionalProperties": below,
        "patternProperties": st.dictionaries(NAMES, below, max_size=1),
        "anyOf": st.lists(below, max_size=3),
        "oneOf": st.lists(below, max_size=2),
        "allOf": st.lists(below, max_size=2),
        "enum": st.lists(LEAVES, max_size=4),
        "const": LEAVES,
        "default": LEAVES,
        "description": NAMES,
        "$ref": st.sampled_from(
            ["#", "#/$defs/a", "#/$defs/b", "#/properties/a", "#/nowhere", "x"]
        ),
    }
    return st.fixed_dictionaries({}, optional=keys)


SCHEMAS = st.recursive(st.one_of(st.booleans(), LEAVES, _schemas(LEAVES)), _schemas, max_leaves=12)
ROOTS = st.builds(
    lambda root, definitions: {**(root if isinstance(root, dict) else {}), "$defs": definitions},
    SCHEMAS,
    st.fixed_dictionaries({"a": SCHEMAS, "b": SCHEMAS}),
)


@pytest.mark.slow
@given(ROOTS, ROOTS)
def test_whatever_the_schema_the_module_can_be_imported(inputs, output):
    text = typed(inputs, output)

    namespace: dict[str, Any] = {"__name__": "typed"}
    exec(compile(text.encode("utf-8", "backslashreplace"), "typed.py", "exec"), namespace)
    assert set(namespace["Prompts"].__annotations__) == {"a"}


@pytest.mark.slow
def test_of_schemas_of_all_kinds_mypy_takes_the_module(tmp_path):
    keys = ["class", "str", "__x", "Any", "a-b", "", "ä", '"', "AInputs", "None", "self", "\u202e"]
    node = {"properties": {"below": {"$ref": "#/$defs/node"}, "Next": {"$ref": "#/$defs/node"}}}
    output = {
        "$defs": {"node": node, "many": {"items": {"$ref": "#/$defs/many"}}},
        "properties": {
            **{key: {"type": ["string", "null"]} for key in keys},
            **{f"k{number}": schema for number, (schema, _) in enumerate(TYPES)},
            "tree": {"$ref": "#/$defs/node"},
            "many": {"$ref": "#/$defs/many"},
            "either": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "string"}]},
        },
    }
    (tmp_path / "typed.py").write_text(typed({"properties": output["properties"]}, output))

    assert mypy(tmp_path, "typed.py") == []


def test_a_schema_that_doubles_itself_is_bounded():
    def next_one(kind: str, number: int) -> dict[str, Any]:
        return {"$ref": f"#/$defs/{kind}{number + 1}"}

    definitions: dict[str, Any] = {}
    for n in range(60):
        definitions[f"d{n}"] = {"prefixItems": [next_one("d", n), {"items": next_one("d", n)}]}
        definitions[f"m{n}"] = {"allOf": [next_one("m", n), next_one("m", n)]}
    roots = {kind: next_one(kind, -1) for kind in ("d", "m")}

    text = typed({}, {"$defs": definitions, "properties": roots})

    assert len(text) < 10_000


@pytest.mark.parametrize("data", [b"", b"{}", b'{"bundle":1}\n', b"\x1f\x8bnothing"])
def test_a_file_that_is_no_bundle_is_an_error(tmp_path, data):
    (tmp_path / "b.jsonl").write_bytes(data)

    with pytest.raises(InputError):
        load_stubs(tmp_path, "b.jsonl")


def test_what_can_not_be_read_is_an_error(small, tmp_path):
    with pytest.raises(GitError, match="there is no revision 'v9'"):
        load_stubs(small.root, "v9")
    small.write({"prompts/b.prompt.yaml": "format: ["})
    with pytest.raises(InputError):
        load_stubs(small.root, "worktree")


# The command.


def test_the_command_writes_the_module_to_stdout_or_into_a_file(small, capfd):
    at = ("-C", str(small.root))

    assert run(["stubs", "v1.0.0", *at]) == 0
    printed = capfd.readouterr()
    assert run(["stubs", "v1.0.0", "-o", "typed.py", *at]) == 0
    silent = capfd.readouterr()

    assert (printed.err, silent.out, silent.err) == ("", "", "wrote typed.py\n")
    written = (small.root / "typed.py").read_text()
    assert written == printed.out.replace("stubs v1.0.0\n", "stubs v1.0.0 -o typed.py\n")


def test_the_output_for_programs_has_the_module(small, capfd):
    assert run(["stubs", "worktree", "--format", "json", "-C", str(small.root)]) == 0
    value = json.loads(capfd.readouterr().out)

    validate("stubs", value)
    assert value == {
        "schema": 1,
        "release": None,
        "bundle_sha256": None,
        "prompts": ["support/sort"],
        "module": module_text(load_stubs(small.root, "worktree")),
    }
