"""What is exported and imported again makes the same requests, or the difference has a code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from promptops.commands.export import ExportOptions, export_prompts
from promptops.commands.import_.importing import import_prompts
from promptops.commands.import_.planning import ImportOptions
from promptops.formats.source_file import ReadOptions
from promptops.model.finding import Severity
from promptops.runtime.request.openai import chat_arguments
from promptops.runtime.request.render import Renderer
from promptops.workspace.workspace import workspace

TEXTS = {
    "plain": "Hello {{ name }}!",
    "braces": "A { and }} and {% raw %}{{ x }} {% if %}{% endraw %} {{ name }}",
    "touching": "{ {{ name }} {{ '{' }}{{ name }}}",
    "edges": "\n  One\n\n  two {{ name }}  \nlast\n",
    "loop": "{% for item in items %}\n- {{ item }}\n{% endfor %}\nend {{ name }}",
    "condition": "{% if flag %}yes{% else %}no{% endif %} {{ name }}",
    "listed": "{% if items %}\nSome\n{% endif %}\n{{ name }}",
    "filters": "{{ name | upper }} {{ items | join(', ') }}",
    "encoded": "{{ items | json }} {{ name }}",
    "role": "user:\nnot a role {{ name }}",
    "comment": "{# why #}Hi {{ name }}",
    "included": "{% include 'partials/style.md.j2' %} {{ name }}",
    "letters": "tab\there, é 🎉 \u2028 {{ name }}",
    "dollars": "$name ${name} {name} %s {{ name }}",
    "reference": "@@@langfusePrompt:name=x@@@ {{ name }}",
    "numbers": "{% if n > 3 %}big{% endif %}{{ n }} {{ name }}",
    "printed": "{{ n }} {{ name }} {{ expected }}",
    "image": "![a](b.png) {{ name }}",
    "rule": "---\n{{ name }}\n---",
    "listing": '[{"role": "user"}] {{ name }}',
    "chat": "- role: user\n  content: {{ name }}",
    "address": "file://x.txt",
}
PROPERTIES = {
    "name": {"type": "string"},
    "n": {"type": "number", "default": 0},
    "items": {"type": "array", "items": {"type": "string"}, "default": []},
    "flag": {"type": "boolean", "default": False},
    "expected": {"type": "string", "default": ""},
    "talk": {"type": "array", "items": {"type": "object"}, "default": []},
}
CASES = {
    "plain": {"name": "Ann", "n": 7, "items": ["a", "b"], "flag": True, "expected": "e"},
    "special": {"name": '{{ b }} {% if %} <b>&"q" $x \\ \n y', "n": 1.5, "items": ["{{ c }}"]},
    "empty": {"name": "", "items": [""]},
}
TURNS = {
    "two": [{"role": "system", "content": "Be {{ name }}."}, {"role": "user", "content": "Hi."}],
    "talk": [
        {"role": "system", "content": "Be kind."},
        {"history": "talk"},
        {"role": "user", "content": "{{ name }}"},
    ],
    "each": [
        {
            "for_each": "items",
            "as": "one",
            "messages": [
                {"role": "user", "content": "{{ one }}"},
                {"role": "assistant", "content": "ok"},
            ],
        },
        {"role": "user", "content": "{{ name }}"},
    ],
    "when": [
        {"role": "system", "content": "S", "when": "flag"},
        {"role": "user", "content": "{{ name }}"},
    ],
    "part": [{"role": "user", "content": [{"text": "{{ name }}"}, {"text": "more"}]}],
    "tool": [
        {"role": "user", "content": "{{ name }}"},
        {"role": "assistant", "tool_calls": [{"id": "1", "name": "find", "arguments": {}}]},
        {"role": "tool", "tool_call_id": "1", "content": "{}"},
    ],
    "developer": [{"role": "developer", "content": "D"}, {"role": "user", "content": "{{ name }}"}],
}
ROOT = Path(__file__).parents[2]


def _prompt(name, messages):
    return {
        "format": "promptops/1",
        "description": name,
        "model": {"provider": "openai", "id": "gpt-5.4-mini-2026-03-17"},
        "inputs": {"required": ["name"], "properties": PROPERTIES},
        "messages": messages,
        "tests": [
            {"name": case, "inputs": inputs, "rendered": [{"type": "not-contains", "value": "X-"}]}
            for case, inputs in CASES.items()
        ],
    }


def _json(value):
    return json.dumps(value, ensure_ascii=False).replace("\u2028", "\\u2028")


@pytest.fixture(scope="module")
def catalog(tmp_path_factory, _empty_repository):
    """This repository's prompts, and generated ones."""
    root = Path(shutil.copytree(_empty_repository, tmp_path_factory.mktemp("catalog") / "repo"))
    shutil.copytree(ROOT / "prompts", root / "prompts")
    shutil.copy(ROOT / "promptops.toml", root)
    (root / "prompts/partials/style.md.j2").write_text("Be brief, {{ name }}.\n", "utf-8")
    generated = {name: [{"role": "user", "content": text}] for name, text in TEXTS.items()}
    for name, messages in {**generated, **TURNS}.items():
        path = root / f"prompts/made/{name}.prompt.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(_json(_prompt(name, messages)), "utf-8")
    return root


@pytest.mark.parametrize(
    ("name", "refused", "same", "different"),
    [
        ("prompty", 10, 105, {}),
        ("promptfoo-templates", 16, 74, {}),
        ("github-models", 26, 45, {}),
        ("langfuse", 25, 48, {}),
        (
            "openai",
            0,
            121,
            {
                "answers/handbook": {"IMP105"},
                "made/part": {"IMP105"},
                "made/when": {"IMP115"},
            },
        ),
    ],
)
def test_requests_are_the_same_or_the_difference_has_a_code(
    catalog, name, refused, same, different, monkeypatch
):
    """A prompt that can't be expressed is an EXP005; `different` has the codes of the import."""
    monkeypatch.chdir(catalog)
    to = f"prompts/again-{name}"
    with workspace(catalog) as opened:
        chosen = ExportOptions(format=name, patterns=(), to=Path(f"out-{name}"))
        exported = export_prompts(opened, chosen)
        again = import_prompts(opened, [f"out-{name}"], ImportOptions(to=to, reading=ReadOptions()))

    with workspace(catalog) as opened:
        pairs = [
            (_folded(original), found == wanted)
            for prompt in again.prompts
            for original, found, wanted in _requests(opened.catalog, prompt, to, name)
        ]
    shutil.rmtree(catalog / to)

    assert {prompt.state for prompt in again.prompts} == {"written"}
    assert [finding.code for finding in exported.findings].count("EXP005") == refused
    assert sum(equal for _, equal in pairs) == same
    assert {prompt for prompt, equal in pairs if not equal} == set(map(_folded, different))
    severe = {one.code for one in again.findings if one.severity is Severity.WARNING}
    assert set().union(*different.values()) <= severe


@pytest.mark.slow
def test_prompty_itself_loads_what_is_exported_and_renders_the_same(catalog, monkeypatch):
    prompty = pytest.importorskip("prompty", reason="no prompty: pip install '.[dev]'")
    monkeypatch.chdir(catalog)
    with workspace(catalog) as opened:
        options = ExportOptions(format="prompty", patterns=(), to=Path("out-of-prompty"))
        paths = [Path(file.path) for file in export_prompts(opened, options).files]
        found = [
            (str(path), case, _prepared(prompty, path, inputs), wanted)
            for path in paths
            for case, inputs, wanted in _wanted(opened.catalog, path)
        ]

    assert (len(paths), len(found)) == (31, 105)
    assert [one for one in found if one[2] != one[3]] == []


def _wanted(catalog, path):
    """The name, the inputs and the messages of each case of an exported prompt."""
    identity = "/".join(path.with_suffix("").parts[1:])
    prompt = catalog.loaded(catalog.paths[identity]).prompt
    accept = Renderer(prompt, catalog.load, catalog.files.data).accept
    for case in prompt.cases:
        inputs = accept(case.inputs)[0]
        yield case.name, inputs, _messages(catalog, prompt.path, inputs)


def _prepared(prompty, path, inputs):
    rendered = prompty.prepare(prompty.load(path), dict(inputs))
    return [{"role": one.role, "content": one.text.strip()} for one in rendered]


RICH = """\
format: promptops/1
model:
  provider: openai
  id: gpt-5
  params:
    max_output_tokens: 9
    top_p: 0.5
    stop: [end]
    seed: 1
    frequency_penalty: 0.1
    presence_penalty: 0.2
    reasoning_effort: low
    parallel_tool_calls: false
inputs:
  required: [names, who]
  properties:
    names: {type: array, items: {type: string}, description: Whom to greet.}
    who:
      type: object
      required: [id]
      properties: {id: {type: integer}, at: {type: [number, "null"]}}
    level: {enum: [a, b], default: a}
    either: {type: [string, boolean], default: ""}
tools:
  - name: find
    description: Finds.
    parameters:
      type: object
      required: [words]
      properties:
        words: {type: array, items: {anyOf: [{type: string}, {type: integer}, {type: "null"}]}}
        most: {type: integer, description: How many.}
  - {name: stop_it}
  - name: set_it
    strict: true
    parameters:
      type: object
      required: [to]
      properties: {to: {type: string, enum: [on, off]}}
      additionalProperties: false
messages:
  - {role: user, content: "Hi {{ names | join(', ') }} {{ who.id }} {{ level }} {{ either }}"}
tests: [{name: a, inputs: {names: [x], who: {id: 1}}, rendered: [{type: message-count, value: 1}]}]
"""
SAME = {
    "level": {"type": "string", "enum": ["a", "b"], "default": "a"},
    "either": {"anyOf": [{"type": "string"}, {"type": "boolean"}], "default": ""},
}
"""Inputs of which Prompty has another form."""


def test_types_parameters_and_tools_come_back_from_prompty(repo, monkeypatch):
    repo.write({"prompts/rich.prompt.yaml": RICH})
    monkeypatch.chdir(repo.root)
    with workspace(repo.root) as opened:
        exported = export_prompts(
            opened, ExportOptions(format="prompty", patterns=(), to=Path("out"))
        )
        options = ImportOptions(reading=ReadOptions(), to="prompts/again")
        again = import_prompts(opened, ["out"], options)
    with workspace(repo.root) as opened:
        before, after = (
            opened.catalog.loaded(path).prompt
            for path in ("prompts/rich.prompt.yaml", "prompts/again/rich.prompt.yaml")
        )

    assert [one.code for one in exported.findings] == ["EXP101"]
    assert again.findings == ()
    assert (after.model, after.tools) == (before.model, before.tools)
    wanted = before.inputs["properties"]
    assert after.inputs["required"] == before.inputs["required"]
    assert after.inputs["properties"] == {**wanted, **SAME}


def test_what_prompty_can_not_say_of_a_type_is_reported(repo):
    text = RICH.replace("items: {type: string}", "items: {type: string, maxLength: 3}")
    text = text.replace("{type: integer, description: How many.}", "{type: integer, minimum: 1}")
    repo.write({"prompts/rich.prompt.yaml": text})
    with workspace(repo.root) as opened:
        options = ExportOptions(format="prompty", patterns=(), to=repo.root / "out")
        found = export_prompts(opened, options).findings

    only = "only kinds, items, properties, defaults, enums and descriptions are exported"
    assert [(str(one.place), one.code, one.message) for one in found[1:]] == [
        ("prompts/rich.prompt.yaml:14:1", "EXP103", f"of the inputs {only}"),
        ("prompts/rich.prompt.yaml:25:5", "EXP104", f"of the parameters of `find` {only}"),
    ]


SMALL = """\
format: promptops/1
inputs: {required: [expected, n], properties: {expected: {}, n: {type: [string, number]}}}
messages: [{role: user, content: "{{ expected }} {{ n }}"}]
tests:
  - {name: a, inputs: {expected: x, n: 1}, rendered: [{type: message-count, value: 1}]}
  - {name: b, inputs: {expected: "{% if %}", n: z}, rendered: [{type: message-count, value: 1}]}
"""


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("github-models", []),
        (
            "mcp",
            [
                (
                    "IMP001",
                    "it is a file of an MCP server, which is not read",
                    "it has rendered messages, not templates: import the files that the server"
                    " reads",
                )
            ],
        ),
        (
            "promptfoo",
            [
                (
                    "IMP102",
                    "`file://promptops_prompts.py:small` is code, which is not run",
                    "promptops itself renders these prompts: import what"
                    " `promptops export promptfoo --templates` writes",
                ),
                (
                    "IMP107",
                    "a provider that is not a model is not carried",
                    "name one: `model: {provider: …, id: …}`",
                ),
                ("IMP003", "no prompt can be read", None),
            ],
        ),
    ],
)
def test_an_export_comes_back_or_the_reason_is_reported(repo, monkeypatch, name, found):
    repo.write({"prompts/small.prompt.yaml": SMALL})
    monkeypatch.chdir(repo.root)
    with workspace(repo.root) as opened:
        export_prompts(opened, ExportOptions(format=name, patterns=(), to=Path("out")))
        options = ImportOptions(reading=ReadOptions(), to="prompts/again")

        again = import_prompts(opened, ["out"], options)

    severe = [one for one in again.findings if one.severity > Severity.INFO]
    assert sorted((one.code, one.message, one.hint) for one in severe) == sorted(found)
    assert [one.state for one in again.prompts] == (["written"] if not found else [])


def _requests(catalog, prompt, to, name):
    """Of each case: the id of the original, the messages made from the import, and the original's.

    A request file has the values that its own cases need; cases whose names were cut have none.
    """
    folded = _folded(prompt.path.removeprefix(f"{to}/").removesuffix(".prompt.yaml"))
    ids = {_folded(one): one for one in catalog.paths if not one.startswith(("again-", to))}
    original = ids.get(max((one for one in ids if folded.endswith(one)), key=len, default=""))
    if original is None:
        return
    source = catalog.loaded(catalog.paths[original]).prompt
    accept = Renderer(source, catalog.load, catalog.files.data).accept
    own = {case.name: case.inputs for case in catalog.loaded(prompt.path).prompt.cases}
    for case in source.cases:
        inputs = accept(case.inputs)[0]
        given = own.get(case.name) if name == "openai" else inputs
        if given is not None:
            found = _messages(catalog, prompt.path, given)
            yield original, found, _messages(catalog, source.path, inputs)


def _messages(catalog, path, values):
    """White space at the ends of a message does not count."""
    prompt = catalog.loaded(path).prompt
    known = prompt.inputs.get("properties", {})
    inputs = {name: value for name, value in values.items() if name in known}
    request = Renderer(prompt, catalog.load, catalog.files.data).request(inputs)
    return [
        {key: one.strip() if isinstance(one, str) else one for key, one in message.items()}
        for message in chat_arguments(request)["messages"]
    ]


def _folded(name):
    return "".join(char for char in name if char.isalnum())
