"""What the writers make of this repository's own prompts, and what they report."""

from __future__ import annotations

import ast
import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from promptops.commands.export import ExportOptions, export_prompts
from promptops.errors import InputError, UsageError
from promptops.workspace.workspace import workspace
from tests.servers.batch_apis import _request_lines

ROOT = Path(__file__).parents[2]
PLAIN = """\
format: promptops/1
description: Answers.
model: {provider: openai, id: MODEL, params: {temperature: 0, max_output_tokens: 9}}
inputs: {required: [name], properties: {name: {type: string, maxLength: 99}}}
messages:
  - {role: system, content: Be kind.}
  - {role: user, content: "Hello {{ name }}!"}
tests:
  - name: ann
    inputs: {name: Ann}
    rendered: [{type: message-count, value: 2}]
    output: [{type: contains, value: Ann}]
"""


@pytest.fixture(scope="module")
def catalog(tmp_path_factory, _empty_repository):
    """A copy of this repository's prompts."""
    root = Path(shutil.copytree(_empty_repository, tmp_path_factory.mktemp("catalog") / "repo"))
    shutil.copytree(ROOT / "prompts", root / "prompts")
    shutil.copy(ROOT / "promptops.toml", root)
    return root


@pytest.fixture
def plain(repo):
    repo.write({"prompts/hello.prompt.yaml": PLAIN.replace("MODEL", "gpt-5")})
    return repo


@pytest.mark.parametrize(
    ("name", "files", "codes"),
    [
        ("prompty", 7, {"EXP005": 5, "EXP101": 7, "EXP103": 13, "EXP107": 7, "EXP109": 7}),
        ("langfuse", 0, {"EXP005": 12}),
        ("github-models", 0, {"EXP005": 12}),
        (
            "mcp",
            1,
            {
                "EXP102": 12,
                "EXP103": 22,
                "EXP104": 1,
                "EXP106": 12,
                "EXP107": 11,
                "EXP108": 12,
                "EXP109": 12,
                "EXP112": 1,
                "EXP113": 1,
            },
        ),
        ("openai", 2, {"EXP106": 12}),
        (
            "promptfoo",
            13,
            {"EXP101": 2, "EXP106": 20, "EXP107": 11, "EXP109": 12, "EXP113": 1},
        ),
    ],
)
def test_what_a_format_can_say_of_the_catalog(catalog, tmp_path, name, files, codes):
    result = _export(catalog, name, tmp_path)

    found = Counter(finding.code for finding in result.findings)
    assert (len(result.files), found) == (files, Counter(codes))
    assert all(finding.place.path.startswith("prompts/") for finding in result.findings)


def test_files_of_a_prompt_of_texts_and_names(plain, tmp_path):
    formats = ("langfuse", "github-models", "prompty", "mcp", "openai")
    codes = {
        name: [one.code for one in _export(plain.root, name, tmp_path).findings] for name in formats
    }

    body = {"model": "gpt-5", "temperature": 0, "max_completion_tokens": 9}
    chat = [{"role": "system", "content": "Be kind."}]
    assert codes == {
        "langfuse": ["EXP109", "EXP101", "EXP103"],
        "github-models": ["EXP106", "EXP103"],
        "prompty": ["EXP101", "EXP103"],
        "mcp": ["EXP103", "EXP102", "EXP108", "EXP106"],
        "openai": ["EXP106"],
    }
    assert json.loads((tmp_path / "hello.json").read_text("utf-8")) == {
        "name": "hello",
        "type": "chat",
        "prompt": [*chat, {"role": "user", "content": "Hello {{name}}!"}],
        "config": {"model": "gpt-5", "temperature": 0, "max_output_tokens": 9},
        "labels": [],
    }
    assert (tmp_path / "hello.prompt.yml").read_text("utf-8") == GITHUB
    assert (tmp_path / "hello.prompty").read_text("utf-8") == PROMPTY
    assert json.loads((tmp_path / "prompts.json").read_text("utf-8")) == {
        "prompts": [
            {
                "name": "hello",
                "description": "Answers.",
                "arguments": [{"name": "name", "required": True}],
            }
        ],
        "results": {
            "hello:ann": {
                "description": "Answers.",
                "messages": [
                    {"role": "user", "content": {"type": "text", "text": "Be kind."}},
                    {"role": "user", "content": {"type": "text", "text": "Hello Ann!"}},
                ],
            }
        },
    }
    line = json.loads((tmp_path / "batch.jsonl").read_text("utf-8"))
    assert line["body"] | body == line["body"]
    assert line["body"]["messages"] == [*chat, {"role": "user", "content": "Hello Ann!"}]


GITHUB = """\
name: hello
description: Answers.
model: openai/gpt-5
modelParameters: {temperature: 0, maxTokens: 9}
messages:
  - {role: system, content: Be kind.}
  - {role: user, content: "Hello {{name}}!"}
testData:
  - {name: Ann}
"""
PROMPTY = """\
---
name: hello
description: Answers.
model:
  id: gpt-5
  provider: openai
  options: {temperature: 0, maxOutputTokens: 9}
inputs:
  - {name: name, kind: string, required: true}
template:
  format: {kind: jinja2}
  parser: {kind: prompty}
---
system:
Be kind.

user:
Hello {{ name }}!
"""


def test_a_batch_has_one_model_and_its_requests_are_accepted(plain, tmp_path):
    plain.write(
        {
            "prompts/other.prompt.yaml": PLAIN.replace("MODEL", "gpt-5-mini"),
            f"prompts/{'x' * 70}.prompt.yaml": PLAIN.replace("MODEL", "gpt-5"),
            "prompts/tuned.prompt.yaml": PLAIN.replace("MODEL", "gpt/5-mini"),
        }
    )

    result = _export(plain.root, "openai", tmp_path)

    names = [Path(file.path).name for file in result.files]
    read = {
        name: _request_lines((tmp_path / name).read_bytes(), "/v1/chat/completions")
        for name in names
    }
    assert {name: (len(lines), errors) for name, (lines, errors) in read.items()} == {
        "batch-gpt-5.jsonl": (2, []),
        "batch-gpt-5-mini.jsonl": (1, []),
        "batch-gpt-5-mini-2.jsonl": (1, []),
    }


@pytest.mark.parametrize(
    ("name", "variable"),
    [("langfuse", "{{ticket}}"), ("github-models", "{{ticket}}"), ("prompty", "{{ ticket }}")],
)
def test_a_case_decides_what_a_format_can_not_say(catalog, tmp_path, name, variable):
    with workspace(catalog) as opened:
        case = opened.catalog.loaded("prompts/support/triage.prompt.yaml").prompt.cases[0]

    result = _export(catalog, name, tmp_path, "support/triage", case=case.name)

    text = Path(result.files[0].path).read_text("utf-8")
    fixed = [finding.message for finding in result.findings if finding.code == "EXP111"]
    names = "`known_issues`, `max_sentences`, `product` and `tone`"
    assert fixed == [f"{names} have the values of the case `{case.name}`"]
    assert [finding.severity.name for finding in result.findings].count("ERROR") == 0
    assert variable in text


@pytest.mark.parametrize("name", ["mcp", "promptfoo"])
def test_a_format_that_ignores_cases_refuses_the_name_of_one(plain, tmp_path, name):
    with pytest.raises(UsageError, match=f"`{name}` has no --case") as caught:
        _export(plain.root, name, tmp_path, case="ann")

    formats = "github-models, langfuse, openai, promptfoo-templates, prompty"
    assert caught.value.hint == f"leave it out; formats with --case: {formats}"


def test_prompts_and_cases_that_cant_be_read_are_reported_and_the_others_are_exported(
    plain, tmp_path
):
    text = PLAIN.replace("MODEL", "gpt-5")
    wrong = "  - {name: bob, inputs: {name: 1}, output: [{type: contains, value: b}]}\n"
    plain.write(
        {
            "prompts/broken.prompt.yaml": "format: [\n",
            "prompts/case.prompt.yaml": text + wrong,
            "prompts/profile.prompt.yaml": text.replace(
                "{provider: openai, id: gpt-5,", "{profile: x,"
            ),
        }
    )
    found = {
        name: _export(plain.root, name, tmp_path / name) for name in ("langfuse", "openai", "mcp")
    }
    alone = _export(plain.root, "mcp", tmp_path, "broken")

    unreadable = [
        ("prompts/broken.prompt.yaml:2:1", "a value is missing here"),
        ("prompts/profile.prompt.yaml:3:18", "there is no profile `x`"),
    ]
    message = "the case `bob` can't be rendered: `name` must be a string, not a number"
    case = ("prompts/case.prompt.yaml:13:5", message)
    assert {name: _unreadable(one) for name, one in found.items()} == {
        "langfuse": unreadable,
        "openai": [*unreadable, case],
        "mcp": [*unreadable, case],
    }
    assert [len(one.files) for one in found.values()] == [2, 1, 1]
    assert len((tmp_path / "openai/batch.jsonl").read_text("utf-8").splitlines()) == 2
    results = json.loads((tmp_path / "mcp/prompts.json").read_text("utf-8"))["results"]
    assert list(results) == ["case:ann", "hello:ann"]
    assert (_unreadable(alone), alone.files) == (unreadable[:1], ())


def _unreadable(result):
    return [(str(one.place), one.message) for one in result.findings if one.code == "EXP003"]


def test_an_mcp_server_has_only_texts_and_two_roles(plain, tmp_path):
    turns = (
        '  - {role: user, content: [{text: Look}, {image: {url: "https://x.org/a.png"}}]}\n'
        '  - {role: assistant, tool_calls: [{id: "1", name: find, arguments: {}}]}\n'
        '  - {role: tool, tool_call_id: "1", content: "{}"}\n'
        "tests:"
    )
    text = PLAIN.replace("MODEL", "gpt-5").replace("tests:", turns)
    plain.write({"prompts/hello.prompt.yaml": text})

    result = _export(plain.root, "mcp", tmp_path)

    messages = json.loads((tmp_path / "prompts.json").read_text("utf-8"))["results"]["hello:ann"]
    assert [(one["role"], one["content"]["text"]) for one in messages["messages"]] == [
        ("user", "Be kind."),
        ("user", "Hello Ann!"),
        ("user", "Look"),
        ("user", "{}"),
    ]
    assert [
        (one.code, one.message) for one in result.findings if one.code[-2:] in ("02", "04", "12")
    ] == [
        ("EXP102", "the roles `system` and `tool` become `user`"),
        ("EXP104", "calls of tools are not exported"),
        ("EXP112", "the image is not exported: only texts are"),
    ]


def test_calls_of_tools_are_not_lost_with_the_values_of_a_case(plain, tmp_path):
    turns = (
        '  - {role: assistant, content: I look., tool_calls: [{id: "1", name: a, arguments: {}}]}\n'
        '  - {role: tool, tool_call_id: "1", content: "{}"}\n'
        "tests:"
    )
    text = PLAIN.replace("MODEL", "gpt-5").replace("tests:", turns)
    plain.write({"prompts/hello.prompt.yaml": text})
    names = ("langfuse", "github-models", "prompty", "promptfoo-templates")

    found = {name: _export(plain.root, name, tmp_path, case="ann") for name in names}

    message = "this format can't express a call of a tool, or a message of several parts"
    for result in found.values():
        refused = [(one.message, one.hint) for one in result.findings if one.code == "EXP005"]
        assert (refused, result.files) == ([(message, None)], ())


def test_files_that_exist_stay(plain, tmp_path):
    (tmp_path / "hello.json").write_text("mine", "utf-8")

    result = _export(plain.root, "langfuse", tmp_path)
    again = _export(plain.root, "prompty", tmp_path), _export(plain.root, "prompty", tmp_path)

    assert [file.state for file in result.files] == ["refused"]
    last = result.findings[-1]
    assert (last.code, str(last.place)) == ("EXP002", "prompts/hello.prompt.yaml:1:1")
    assert (tmp_path / "hello.json").read_text("utf-8") == "mine"
    assert [one.files[0].state for one in again] == ["written", "same"]


def test_strict_writes_nothing_if_anything_is_lost(plain, tmp_path):
    result = _export(plain.root, "prompty", tmp_path / "new", strict=True)

    assert [file.state for file in result.files] == ["refused"]
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_a_file_is_an_error(plain, tmp_path):
    (tmp_path / "file").write_text("", "utf-8")

    with pytest.raises(InputError, match="is a file, not a folder"):
        _export(plain.root, "prompty", tmp_path / "file")


def test_exports_into_a_prompt_root_are_not_read_as_prompts(plain):
    for name in ("prompty", "langfuse", "openai", "mcp", "promptfoo"):
        _export(plain.root, name, plain.root / "prompts/out")
    with pytest.raises(UsageError, match="would be read as a prompt"):
        _export(plain.root, "github-models", plain.root / "prompts/out")
    _export(plain.root, "promptfoo-templates", plain.root / "prompts/templates")

    with workspace(plain.root) as opened:
        assert list(opened.catalog.paths.values()) == ["prompts/hello.prompt.yaml"]


@pytest.mark.parametrize("to", ["out/../prompts", "link", "."])
def test_no_other_name_of_a_prompt_root_is_accepted(plain, monkeypatch, to):
    monkeypatch.chdir(plain.root)
    (plain.root / "link").symlink_to("prompts/out")
    plain.write({"prompts/prompts/hello.prompt.yaml": PLAIN.replace("MODEL", "gpt-5")})

    with pytest.raises(UsageError, match="would be read as a prompt"):
        _export(plain.root, "github-models", Path(to), "prompts/hello")


def test_functions_for_promptfoo_have_names_of_python_and_of_their_own(repo, tmp_path):
    names = ("2nd", "class", "promptops", "a-b", "a_b")
    repo.write({f"prompts/{name}.prompt.yaml": PLAIN for name in names})

    result = _export(repo.root, "promptfoo", tmp_path)
    again = _export(repo.root, "promptfoo-templates", tmp_path / "templates")

    refused = (
        "prompts/a_b.prompt.yaml",
        "its files would have the same names as those of `a-b`: `a_b`",
    )
    errors = [
        [(one.place.path, one.message) for one in found.findings if one.code == "EXP005"]
        for found in (result, again)
    ]
    tree = ast.parse((tmp_path / "promptops_prompts.py").read_text("utf-8"))
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert errors == [[refused], [refused]]
    assert functions[3:] == ["prompt_2nd", "a_b", "prompt_class", "prompt_promptops"]


def test_the_output_the_evaluation_and_the_options_of_a_provider_are_reported(repo, tmp_path):
    text = PLAIN.replace("MODEL", "gpt-5").replace(
        "params:", "provider_options: {openai: {store: true}}, params:"
    )
    output = "output: {format: json, schema: {type: object}}\nevaluation: {repeats: 2}\n"
    repo.write(
        {"prompts/hello.prompt.yaml": text.replace("inputs: {req", f"{output}inputs: {{req")}
    )

    lost = {"EXP103": 2, "EXP107": 1, "EXP101": 1, "EXP108": 1}
    for name, codes in {
        "prompty": lost,
        "langfuse": {**lost, "EXP109": 1},
        "github-models": {"EXP103": 1, "EXP106": 1, "EXP107": 1, "EXP108": 1},
        "promptfoo": {"EXP107": 1, "EXP108": 1},
    }.items():
        result = _export(repo.root, name, tmp_path)
        assert (name, Counter(one.code for one in result.findings)) == (name, Counter(codes))


def test_a_value_that_promptfoo_would_render_is_reported_and_so_are_rendered_assertions(
    repo, tmp_path
):
    text = PLAIN.replace("MODEL", "gpt-5").replace("name: Ann}", 'name: "{{ b }} {% c %}"}')
    contains = text.replace("{type: message-count, value: 2}", "{type: contains, value: kind}")
    repo.write({"prompts/hello.prompt.yaml": contains})

    found = {
        name: [
            f"{one.place.line} {one.code} {one.message}"
            for one in _export(repo.root, name, tmp_path / name).findings
        ]
        for name in ("promptfoo", "promptfoo-templates")
    }

    rendered = "11 EXP106 assertions about the rendered request are not exported"
    value = "10 EXP110 promptfoo renders the value of `name`, which looks like a template"
    assert found == {"promptfoo": [rendered], "promptfoo-templates": [rendered, value]}


def test_a_batch_is_of_models_that_its_api_has(repo, tmp_path):
    text = PLAIN.replace("provider: openai", "provider: gemini").replace("MODEL", "gemini-3-pro")
    repo.write({"prompts/hello.prompt.yaml": text})

    result = _export(repo.root, "openai", tmp_path)

    assert [(one.code, one.message, one.hint) for one in result.findings] == [
        (
            "EXP005",
            "`gemini-3-pro` is a model of gemini, which this batch API does not have",
            "name a model of openai, or export to another format",
        )
    ]
    assert result.files == ()


def test_output_and_tools_are_exported_to_promptfoo_without_test_cases(repo, tmp_path):
    text = PLAIN.replace("MODEL", "gpt-5").partition("tests:")[0]
    tool = "tools: [{name: find, description: Finds., parameters: {type: object}}]\n"
    repo.write({"prompts/hello.prompt.yaml": f"{text}output: {{format: json}}\n{tool}"})

    _export(repo.root, "promptfoo-templates", tmp_path)

    written = (tmp_path / "hello.promptfooconfig.yaml").read_text("utf-8")
    assert "response_format: {type: json_object}" in written
    assert "function: {name: find, description: Finds., parameters: {type: object}}" in written


def test_an_input_of_the_name_expected_is_a_variable_of_github_models(repo, tmp_path):
    text = (
        PLAIN.replace("MODEL", "gpt-5")
        .replace("name", "expected")
        .replace("expected: a", "name: a")
    )
    repo.write(
        {
            "prompts/one.prompt.yaml": text,
            "prompts/two.prompt.yaml": text.replace("    inputs", "    expected: yes\n    inputs"),
        }
    )

    result = _export(repo.root, "github-models", tmp_path)

    data = {(tmp_path / f"{name}.prompt.yml").read_text("utf-8")[-31:] for name in ("one", "two")}
    assert data == {"\ntestData:\n  - {expected: Ann}\n"[-31:]}
    assert [one.message for one in result.findings if one.code == "EXP101"] == [
        "`expected` of the case `ann` is not exported: an input has this name"
    ]


@pytest.mark.parametrize(
    "text", ["{{ '{' }}{{ name }}", "@@@langfusePrompt:name=a@@@ {{ name }}", "{{ '{{' }}a"]
)
def test_texts_that_langfuse_would_replace_are_refused(repo, tmp_path, text):
    written = PLAIN.replace("MODEL", "gpt-5").replace("Hello {{ name }}!", text)
    repo.write({"prompts/hello.prompt.yaml": written})

    result = _export(repo.root, "langfuse", tmp_path)

    assert ([one.code for one in result.findings], result.files) == (["EXP005"], ())


def test_the_provider_echo_is_that_of_promptfoo(plain, tmp_path):
    echo = PLAIN.replace("provider: openai, id: MODEL", "provider: echo, id: any")
    plain.write({"prompts/hello.prompt.yaml": echo})

    _export(plain.root, "promptfoo", tmp_path)

    written = (tmp_path / "hello.promptfooconfig.yaml").read_text("utf-8")
    assert "\nproviders: [echo]\n" in written


@pytest.mark.parametrize(
    ("name", "lost"),
    [
        ("prompty", ["cache", "name"]),
        ("langfuse", ["cache", "name"]),
        ("github-models", ["cache", "name"]),
        ("mcp", ["cache", "name"]),
        ("promptfoo", ["cache"]),
        ("openai", []),
    ],
)
def test_keys_of_messages_that_a_format_does_not_have_are_reported(plain, tmp_path, name, lost):
    marked = PLAIN.replace("content: Be kind.", "cache: true, name: kind, content: Be kind.")
    plain.write({"prompts/hello.prompt.yaml": marked.replace("MODEL", "gpt-5")})

    found = [one for one in _export(plain.root, name, tmp_path).findings if one.code == "EXP113"]

    assert [one.message for one in found] == [
        f"`{key}` of a message is not exported" for key in lost
    ]
    assert {(one.place.line, one.severity.name) for one in found} <= {(6, "WARNING")}


def _export(root, name, to, *patterns, **options):
    with workspace(root) as opened:
        chosen = ExportOptions(format=name, patterns=patterns, to=to, **options)
        return export_prompts(opened, chosen)


_NO_CALLS = "promptfoo hands no calls of tools on"
_NO_USER = "promptfoo has no model that plays a user"
_JSON = "promptfoo hands an answer in JSON on in its own spelling"
TURNS = """\
  - name: a talk
    inputs: {name: Ben}
    turns:
      - {user: How are you?, output: [{type: contains, value: fine}]}
"""


@pytest.mark.parametrize("name", ["promptfoo-templates", "github-models", "openai"])
def test_a_case_with_turns_is_left_out_and_reported(plain, tmp_path, name):
    text = (plain.root / "prompts/hello.prompt.yaml").read_text()
    plain.write({"prompts/hello.prompt.yaml": text + TURNS})

    result = _export(plain.root, name, tmp_path / "out")

    (left_out,) = [each for each in result.findings if each.code == "EXP114"]
    assert left_out.message == "the case `a talk` is left out: this format has no turns"
    assert (left_out.place.line, left_out.place.column) == (15, 5)
    written = "".join(path.read_text() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert "Ben" not in written
    assert "Ann" in written


@pytest.mark.parametrize("name", ["langfuse", "prompty", "mcp"])
def test_a_format_that_uses_inputs_only_takes_a_case_with_turns(plain, tmp_path, name):
    text = (plain.root / "prompts/hello.prompt.yaml").read_text()
    plain.write({"prompts/hello.prompt.yaml": text + TURNS})

    chosen = {} if name == "mcp" else {"case": "a talk"}
    result = _export(plain.root, name, tmp_path / "out", **chosen)

    written = "".join(path.read_text() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert [each for each in result.findings if each.code == "EXP114"] == []
    assert "Hello" in written
    assert "How are you?" not in written


@pytest.mark.parametrize(
    ("turns", "more", "why", "at"),
    [
        ("- {user: Hi}\n      - {tool: {name: f, result: 1}}", "", _NO_CALLS, (17, 9)),
        ("- {user: {simulate: a, goal: b, max-turns: 2}}", "", _NO_USER, (16, 9)),
        ("- {user: Hi, output: [{type: is-json}]}", "output: {format: json}\n", _JSON, (16, 5)),
    ],
    ids=["tool", "simulated", "json"],
)
def test_a_turn_that_promptfoo_does_not_have_is_reported_at_its_place(
    turns, more, why, at, plain, tmp_path
):
    text = (plain.root / "prompts/hello.prompt.yaml").read_text()
    talk = f"  - name: a talk\n    inputs: {{name: Ben}}\n    turns:\n      {turns}\n"
    plain.write({"prompts/hello.prompt.yaml": more + text + talk})

    result = _export(plain.root, "promptfoo", tmp_path / "out")

    (left_out,) = [each for each in result.findings if each.code == "EXP114"]
    assert left_out.message == f"the case `a talk` is left out: {why}"
    assert (left_out.place.line, left_out.place.column) == at


def test_an_input_named_as_a_variable_of_promptfoo_is_reported(plain, tmp_path):
    text = (plain.root / "prompts/hello.prompt.yaml").read_text() + TURNS
    for old in ("[name]", "{name: {", "{{ name }}", "{name: Ann}", "{name: Ben}"):
        text = text.replace(old, old.replace("name", "_conversation"))
    plain.write({"prompts/hello.prompt.yaml": text})

    result = _export(plain.root, "promptfoo", tmp_path / "out")

    assert [each.message for each in result.findings if each.code == "EXP114"] == [
        "the case `a talk` is left out: promptfoo has a variable `_conversation`, too"
    ]


def test_a_chosen_case_with_turns_is_not_exported(plain, tmp_path):
    text = (plain.root / "prompts/hello.prompt.yaml").read_text()
    plain.write({"prompts/hello.prompt.yaml": text + TURNS})

    result = _export(plain.root, "openai", tmp_path, case="a talk")

    assert [each.code for each in result.findings if each.code == "EXP114"] == ["EXP114"]
    assert result.files == ()
