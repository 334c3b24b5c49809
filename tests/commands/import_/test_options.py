"""Options of an import: what is read, and how it is written."""

from __future__ import annotations

import json
from ast import literal_eval
from pathlib import Path

import pytest
import yaml

from promptops.commands.import_.importing import candidates
from promptops.commands.import_.planning import ImportOptions
from promptops.errors import UsageError
from promptops.formats.source_file import ReadOptions
from promptops.workspace.render import readable_prompt
from promptops.workspace.workspace import workspace
from tests.commands.import_.imported import codes, imported, rendered, states

CODE = '''\
SUPPORT_PROMPT = "You answer the support tickets of our customers: {ticket}"
class Sales:
    SYSTEM_PROMPT = """You sell routers to people who come by. Be {tone} to them."""
NOTES = "short"
'''
PARAGRAPH = "Answer in the language of the customer, and never in more than three sentences. " * 2


@pytest.fixture(autouse=True)
def _in_the_repository(repo, monkeypatch):
    monkeypatch.chdir(repo.root)


@pytest.mark.parametrize(
    ("select", "exclude", "found"),
    [
        (("prompts.py::*_PROMPT",), (), ["support-prompt", "sales-system-prompt"]),
        (("prompts.py::Sales.*",), (), ["sales-system-prompt"]),
        (("*.py::SUPPORT_PROMPT",), (), ["support-prompt"]),
        (("*.txt",), (), ["a"]),
        (("a.txt", "prompts.py::support*"), (), ["a", "support-prompt"]),
        ((), ("prompts.py::*",), ["a"]),
        ((), ("*.py",), ["a"]),
        (("other.py::SUPPORT_PROMPT",), (), []),
    ],
)
def test_paths_and_names_in_files_are_selected(repo, select, exclude, found):
    repo.write({"old/prompts.py": CODE, "old/a.txt": "Be kind.\n"})

    result = imported(repo.root, "old", include=select, exclude=exclude, dry_run=True)

    assert [prompt.id.rpartition("/")[2] for prompt in result.prompts] == found


@pytest.mark.parametrize(
    ("select", "found"),
    [
        ((), []),
        (("*.json",), []),
        (("prompts.json::row-3",), ["row-3"]),
        (("prompts.json::row-1*",), ["row-1", "row-10", "row-11"]),
        (("other.json::*",), []),
    ],
)
def test_rows_that_look_like_data_are_prompts_if_their_names_are_selected(repo, select, found):
    rows = [{"name": f"Row {number}", "text": PARAGRAPH} for number in range(12)]
    repo.write({"prompts.json": json.dumps(rows)})

    result = imported(repo.root, "prompts.json", include=select, dry_run=True)

    assert [prompt.id.rpartition("/")[2] for prompt in result.prompts] == found


@pytest.mark.parametrize(
    ("rows", "number"),
    [
        ([{"system": "Be kind.", "id": number} for number in range(11)], 11),
        ([{"messages": [{"role": "user", "content": "Hi."}]}] * 11, 11),
        ([{"name": f"n{number}", "prompt": PARAGRAPH} for number in range(10)], 10),
        ([{"name": "a", "prompt": PARAGRAPH, "output": "json"}] * 2, 2),
        ([{f"key{number}": PARAGRAPH} for number in range(11)], 11),
        ([PARAGRAPH] * 10, 10),
        ({"comment": PARAGRAPH, "_comment": "Not a prompt."}, 1),
    ],
)
def test_rows_of_prompts_are_not_data(repo, rows, number):
    repo.write({"prompts.json": json.dumps({"list": rows})})

    result = imported(repo.root, "prompts.json", dry_run=True)

    assert (len(result.prompts), "IMP315" in codes(result)) == (number, False)


@pytest.mark.parametrize(
    "source", [".claude", ".claude/commands", ".claude/commands/git", ".claude/commands/git/fix.md"]
)
def test_a_command_is_one_however_its_file_is_named(repo, source):
    repo.write({".claude/commands/git/fix.md": "Fix $1 of {part}.\n"})

    result = imported(repo.root, source)

    assert rendered(repo.root, result.prompts[0].path, arg1="A") == ["Fix A of {part}."]


@pytest.mark.parametrize(
    ("syntax", "inputs", "text"),
    [
        (None, {"arg1": "A"}, "Fix A of {part}."),
        ("single", {"arg1": "A", "part": "B"}, "Fix A of B."),
        ("none", {}, "Fix $1 of {part}."),
    ],
)
def test_braces_in_a_command_are_variables_if_their_syntax_is_given(repo, syntax, inputs, text):
    repo.write({"commands/fix.md": "Fix $1 of {part}.\n"})

    result = imported(repo.root, "commands", syntax=syntax)

    assert rendered(repo.root, result.prompts[0].path, **inputs) == [text]
    assert ("IMP218" in codes(result)) == (syntax is None)


def test_candidates_are_listed_with_their_places_and_variables(repo):
    repo.write({"old/prompts.py": CODE})

    found = candidates(None, ["old"], ImportOptions(reading=ReadOptions()))

    assert [
        (one.place.path, one.place.line, one.name, one.length, one.variables)
        for one in found.candidates
    ] == [
        ("old/prompts.py", 1, "support-prompt", 61, ("ticket",)),
        ("old/prompts.py", 3, "sales-system-prompt", 62, ("tone",)),
    ]
    assert not (repo.root / "prompts").exists()


@pytest.mark.parametrize(
    ("name", "title"), [("kind_answer", None), ("Kind answers", "Kind answers"), ("kind", "kind")]
)
def test_a_name_that_only_repeats_the_id_is_not_a_title(repo, name, title):
    repo.write({"old/kind-answer.md": f"---\nname: {name}\n---\nBe kind.\n"})

    result = imported(repo.root, "old")

    written = yaml.safe_load(Path(result.prompts[0].path).read_text("utf-8"))
    assert written.get("title") == title


def test_an_id_is_of_one_prompt(repo):
    repo.write({"old/a.txt": "Be kind.\n", "old/b.txt": "Be brief.\n"})

    one = imported(repo.root, "old/a.txt", identity="desk/kind")
    with pytest.raises(UsageError, match="--id names one prompt, and there are 2"):
        imported(repo.root, "old", identity="desk/kind")

    assert states(one) == ["written desk/kind"]


def test_profiles_replace_models_and_complete_prompts_without_one(repo):
    repo.write(
        {
            "promptops.toml": '[models.fast]\nprovider = "openai"\nid = "m"\n',
            "old/a.prompty": "---\nname: a\nmodel:\n  api: chat\n  configuration:\n"
            "    type: openai\n    name: m\n---\nsystem:\nBe kind.\n",
            "old/b.prompty": "---\nname: b\nmodel:\n  api: chat\n  configuration:\n"
            "    type: azure_openai\n    azure_deployment: gpt-4.1\n  parameters:\n"
            "    temperature: 0.5\n---\nsystem:\nBe kind.\n",
            "old/c.txt": "Be brief.\n",
        }
    )

    result = imported(repo.root, "old", profiles=True)

    assert states(result) == ["written a", "written b", "written c"]
    assert [(f.message, f.hint) for f in result.findings if f.code == "IMP320"] == [
        (
            "promptops can't call the profile `gpt-4-1`: there is no provider `azure`",
            "set `base_url` in its profile to a server with an OpenAI-compatible API",
        )
    ]
    assert result.profiles == {"gpt-4-1": {"provider": "azure", "id": "gpt-4.1"}}
    texts = [Path(f"prompts/{name}.prompt.yaml").read_text() for name in "abc"]
    assert [yaml.safe_load(text)["model"] for text in texts] == [
        {"profile": "fast"},
        {"profile": "gpt-4-1", "params": {"temperature": 0.5}},
        {"profile": "fast"},
    ]


def test_a_sample_with_the_name_of_an_image_is_left_out_and_the_prompt_is_written(repo):
    repo.write(
        {
            "old/a.prompty": "---\nname: a\nmodel:\n  api: chat\n  configuration:\n"
            "    type: openai\n    name: gpt-4o\nsample:\n  photo: receipt.jpg\n---\n"
            "user:\n![x]({{photo}})\nLook.\n",
        }
    )

    result = imported(repo.root, "old")

    assert states(result) == ["written a"]
    assert [one.message for one in result.findings if one.code == "IMP113"] == [
        "the case `sample` is left out: `photo` is neither base64, a `data:` URL nor an address"
    ]


def test_strict_refuses_a_prompt_with_a_warning_and_writes_the_others(repo):
    repo.write(
        {
            "old/a.prompty": "---\nname: a\nmodel:\n  api: chat\n  configuration:\n"
            "    type: openai\n    name: m\n    api_key: x\n---\nsystem:\nBe kind.\n",
            "old/b.txt": "Be brief.\n",
        }
    )

    result = imported(repo.root, "old", strict=True)

    assert (states(result), result.failed) == (["refused a", "written b"], True)


def test_a_dry_run_reports_the_same_and_writes_nothing(repo):
    repo.write({"old/a.j2": '{% include "b.j2" %} Hi {{ name }}.\n', "old/b.j2": "Be kind.\n"})

    dry = imported(repo.root, "old", dry_run=True)
    assert not (repo.root / "prompts").exists()
    wet = imported(repo.root, "old")

    assert (states(dry), states(wet)) == (["would-write a"], ["written a"])
    assert dry.findings == wet.findings


def test_paragraphs_of_three_files_are_reported_once(repo):
    repo.write({f"old/{name}.txt": f"{name}\n\n{PARAGRAPH}\n" for name in "abc"})

    result = imported(repo.root, "old")

    assert [
        (found.message, found.place.path) for found in result.findings if found.code == "IMP314"
    ] == [
        (
            "the paragraph `Answer in the language of the customer, …` is also in `b`, `c`",
            "old/a.txt",
        )
    ]


def test_blank_lines_of_tags_are_kept_unless_they_are_tidied(repo):
    repo.write({"a.j2": "One\n{% if more %}\nTwo\n{% endif %}\nThree\n"})

    exact = imported(repo.root, "a.j2")
    tidy = imported(repo.root, "a.j2", to="prompts/tidy", tidy=True)

    assert ("IMP212" in codes(exact), "IMP212" in codes(tidy)) == (False, True)
    assert rendered(repo.root, "prompts/a.prompt.yaml", more=True) == ["One\n\nTwo\n\nThree"]
    assert rendered(repo.root, "prompts/tidy/a.prompt.yaml", more=True) == ["One\nTwo\nThree"]


def test_printed_inputs_are_required_unless_they_are_optional(repo):
    repo.write({"a.txt": "Hi {{name}}, you.\n"})

    imported(repo.root, "a.txt")
    imported(repo.root, "a.txt", to="prompts/lenient", optional=True)

    assert rendered(repo.root, "prompts/lenient/a.prompt.yaml") == ["Hi , you."]
    assert "required: [name]" in Path("prompts/a.prompt.yaml").read_text()


def test_a_sample_defines_types_and_what_a_section_repeats(repo):
    repo.write({"a.txt": "{{#items}}- {{name}}\n{{/items}}{{#vip}}Thanks {{n}}{{/vip}}\n"})
    sample = {"items": [{"name": "x"}], "vip": True, "n": 2}

    result = imported(
        repo.root, "a.txt", format="text", syntax="mustache", sample=sample, to="prompts/b"
    )

    assert (states(result), "IMP232" in codes(result)) == (["written b/a"], False)
    found = rendered(
        repo.root, "prompts/b/a.prompt.yaml", items=[{"name": "x"}, {"name": "y"}], vip=True, n=3
    )
    assert found == ["- x\n- y\nThanks 3"]


def test_long_messages_go_to_files_beside_the_prompt(repo):
    repo.write({"a.system.txt": "line\n" * 14, "a.user.txt": "Hi {{x}}.\n"})

    result = imported(repo.root, "a.system.txt", bodies=12)

    assert result.prompts[0].files == ("prompts/a.prompt.yaml", "prompts/a.system.md.j2")
    assert Path("prompts/a.system.md.j2").read_text() == "line\n" * 14


def test_an_image_is_not_copied_and_reported(repo):
    repo.write(
        {
            "a.prompty": "---\nname: a\nmodel:\n  api: chat\n  configuration: {type: openai}\n---\n"
            "user:\nLook:\n![a cat](cat.png)\n",
            "prompts/cat.png": b"\x89PNG\r\n\x1a\n",
        }
    )

    result = imported(repo.root, "a.prompty")

    assert [found.message for found in result.findings if found.code == "IMP304"] == [
        "the file `cat.png` is not copied"
    ]


def test_only_sources_that_became_prompts_completely_are_to_be_removed(repo):
    repo.write(
        {
            "all/a.txt": "Be kind.\n",
            "some/a.txt": "Be kinder.\n",
            "some/README.md": "About.\n",
            "code/prompts.py": CODE,
            "hidden/a.txt": "Be the kindest.\n",
            "hidden/.notes": "Not a prompt.\n",
            "untracked/a.txt": "Be kindest.\n",
        }
    )
    repo.git("add", "all", "some", "code", "hidden")

    found = {
        name: imported(repo.root, name, to=f"prompts/{name}").removable
        for name in ("all", "some", "code", "hidden", "untracked")
    }

    nothing = dict.fromkeys(("some", "code", "hidden", "untracked"), ())
    assert found == {"all": ("all",), **nothing}


def test_a_source_of_which_files_were_not_selected_is_not_to_be_removed(repo):
    repo.write({"old/a.txt": "Be kind.\n", "old/b.txt": "Be kinder.\n"})
    repo.git("add", "old")

    assert imported(repo.root, "old", include=("a*",)).removable == ()


@pytest.mark.parametrize(
    ("template", "kinds"),
    [
        ("{% if a is none %}No text.{% else %}{{ a }}{% endif %}", ["string", "number", "null"]),
        ("{% if a == none %}No text.{% else %}{{ a }}{% endif %}", ["string", "number", "null"]),
        ("{% if a is mapping %}{{ a | json }}{% else %}{{ a }}{% endif %}", None),
        ("{% if a is boolean %}Yes or no.{% endif %}{{ a }}", ["string", "number", "boolean"]),
    ],
)
def test_an_input_admits_what_its_template_asks_for(repo, monkeypatch, template, kinds):
    repo.write({"old/a.j2": template})
    monkeypatch.chdir(repo.root)

    imported(repo.root, "old")

    with workspace(repo.root) as opened:
        prompt = readable_prompt(opened, "prompts/a.prompt.yaml")
    assert prompt.inputs["properties"]["a"].get("type") == kinds


PYTHON = "def f(a{}): return ask(system=f'Answer in one short sentence. {{{}}}')\n"
TYPESCRIPT = "function f(a{}) {{ ask({{ system: `Answer in one short sentence. ${{{}}}` }}) }}\n"


@pytest.mark.parametrize(
    ("path", "code", "left_out", "of_null", "of_empty"),
    [
        ("f.py", ("=None", '"no" if a is None else a'), "no", "no", ""),
        ("f.py", ("=None", 'f"+{a}" if a is not None else "no"'), "no", "no", "+"),
        ("f.py", ("", '"no" if a == None else a'), "no", "no", ""),
        ("f.py", ("=None", '"no" if None == a else a'), "no", "no", ""),
        ("f.py", ('="b"', '"no" if a is None else a'), "b", "no", ""),
        ("f.py", ('=""', '"no" if a is None else a'), "", "no", ""),
        ("f.py", ("=None", 'a if a else "no"'), "no", None, "no"),
        ("f.ts", ("?: string", "a !== undefined ? `+${a}` : 'no'"), "no", "no", "+"),
        ("f.ts", ("?: string", "a == undefined ? 'no' : a"), "no", "no", ""),
        ("f.ts", (": string | null = null", "a === null ? 'no' : a"), "no", "no", ""),
        ("f.ts", ("?: string | null", "a != null ? `+${a}` : 'no'"), "no", "no", "+"),
        ("f.ts", (" = 'b'", "a === null ? 'no' : a"), "b", "no", ""),
        ("f.ts", (" = ''", "a === null ? 'no' : a"), "", "no", ""),
        ("f.ts", ("?: string", "a ? `+${a}` : 'no'"), "no", None, "no"),
    ],
)
def test_an_input_of_code_that_is_left_out_renders_what_the_code_sends(
    repo, monkeypatch, path, code, left_out, of_null, of_empty
):
    monkeypatch.chdir(repo.root)
    repo.write({path: (PYTHON if path == "f.py" else TYPESCRIPT).format(*code)})

    imported(repo.root, path)

    (written,) = Path("prompts/f").iterdir()
    nulls = [] if of_null is None else [{"a": None}]
    texts = [rendered(repo.root, str(written), **one) for one in ({}, {"a": ""}, *nulls)]
    wanted = [left_out, of_empty, *([] if of_null is None else [of_null])]
    assert texts == [[f"Answer in one short sentence. {one}"] for one in wanted]


@pytest.mark.parametrize(
    ("parameter", "value", "texts"),
    [
        ("a: string[]", "a ? 'y' : 'n'", {"[]": "y", "['x']": "y", "null": "n", "left out": "n"}),
        ("a?: Array<string>", "!a ? 'n' : 'y'", {"[]": "y", "null": "n", "left out": "n"}),
        ("o: { a: Row[] }", "o.a ? 'y' : 'n'", {"{'a': []}": "y", "{}": "n"}),
        ("a", "a ? `${a.join(', ')}` : 'n'", {"[]": "", "['x', 'y']": "x, y", "left out": "n"}),
        ("a: string[]", "a.length ? 'y' : 'n'", {"[]": "n", "['x']": "y", "left out": "n"}),
        ("a: string[]", "a.length > 0 ? 'y' : 'n'", {"[]": "n", "['x']": "y", "left out": "n"}),
        ("a: string", "a ? `${a.length}` : 'n'", {"''": "n", "'xy'": "2", "left out": "n"}),
        ("a", "a ? `${a.b}` : 'n'", {"{'b': 1}": "1", "null": "n", "left out": "n"}),
        ("a: number", "a ? 'y' : 'n'", {"0": "n", "1": "y", "left out": "n"}),
        (
            "a?: { b?: T[] }",
            "a ? '+' : '-'}${a?.b ? 'y' : 'n'",
            {"{'b': []}": "+y", "{}": "+n", "null": "-n", "left out": "-n"},
        ),
        (
            "a?: T",
            "a ? '+' : '-'}${a?.b == null ? 'n' : 'y'",
            {"{'b': 1}": "+y", "{}": "+n", "left out": "-n"},
        ),
        ("a", "a ? 'y' : 'n'", {"0": "n", "''": "n", "false": "n", "'x'": "y", "true": "y"}),
    ],
)
def test_a_value_that_typescript_tests_by_itself_is_true_where_it_is_in_javascript(
    repo, monkeypatch, parameter, value, texts
):
    monkeypatch.chdir(repo.root)
    code = f"ask({{ system: `Answer in one short sentence. ${{{value}}}` }})"
    repo.write({"f.ts": f"function f({parameter}) {{ {code} }}\n"})

    result = imported(repo.root, "f.ts")

    name = parameter[0]
    values = {"null": None, "true": True, "false": False}
    inputs = [
        {} if one == "left out" else {name: values[one] if one in values else literal_eval(one)}
        for one in texts
    ]
    found = [rendered(repo.root, result.prompts[0].path, **one) for one in inputs]
    assert found == [[f"Answer in one short sentence. {one}"] for one in texts.values()]


def test_a_value_of_typescript_that_may_be_a_list_or_a_text_makes_a_draft(repo, monkeypatch):
    monkeypatch.chdir(repo.root)
    value = "a ? `With ${a.length} of them.` : 'Without them.'"
    repo.write({"f.js": f"ask({{ system: `Answer in one short sentence. ${{{value}}}` }})\n"})

    result = imported(repo.root, "f.js")

    assert [one.is_draft for one in result.prompts] == [True]
    assert "IMP103" in codes(result)


def test_a_template_of_jinja_in_which_an_input_is_left_out_is_not_compared_with_null(
    repo, monkeypatch
):
    monkeypatch.chdir(repo.root)
    text = "Answer in one short sentence{% if a is none %}, none{% else %} {{ a }}{% endif %}."
    repo.write({"a.j2": text, "b.py": f"PROMPT = Template('{text}')\n"})

    imported(repo.root, "a.j2")
    imported(repo.root, "b.py")

    found = [rendered(repo.root, f"prompts/{path}.prompt.yaml") for path in ("a", "b/prompt")]
    assert found == [["Answer in one short sentence ."]] * 2


def test_a_prompt_whose_request_differs_is_a_draft(repo, monkeypatch):
    repo.write({"app.py": "ask_prompt = f'Answer in {size:>9} words, and be kind to everyone.'\n"})
    monkeypatch.chdir(repo.root)

    result = imported(repo.root, "app.py")

    assert [prompt.is_draft for prompt in result.prompts] == [True]
    text = (repo.root / result.prompts[0].path).read_text("utf-8")
    assert "\nstatus: draft\n" in text
