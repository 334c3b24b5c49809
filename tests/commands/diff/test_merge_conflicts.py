"""Merges that are not resolved: in the index, and as markers in the files."""

from __future__ import annotations

import subprocess

import pytest

from promptops.cli.main import run

ASK = """\
format: promptops/1
description: Asks.
inputs:
  required: [q]
  properties:
    q: {$ref: q.schema.json}
tools:
  - {ref: t.tool.json}
messages:
  - role: user
    content: |
      {% include "style.md.j2" %}
      {{ q }}
  - role: user
    content: {file: body.md}
tests:
  - {file: ask.cases.jsonl}
  - {file: ask.cases.csv}
  - {file: more.cases.yaml}
"""
TWO = """\
format: promptops/1
description: Asks.
messages:
  - role: user
    content: |
      Be WORD.
tests:
  - {name: one, rendered: [{type: contains, value: Be}]}
"""
CONTAINS = '"rendered": [{"type": "contains", "value": "Be"}]'
FILES = {
    "prompts/two.prompt.yaml": TWO,
    "prompts/style.md.j2": "Be WORD.\n",
    "prompts/body.md": "Be WORD.\n",
    "schemas/q.schema.json": '{"type": "string", "maxLength": 9, "description": "WORD"}\n',
    "schemas/t.tool.json": '{"name": "t", "description": "WORD", "parameters": {}}\n',
    "prompts/ask.cases.jsonl": f'{{"name": "WORD", "inputs": {{"q": "a"}}, {CONTAINS}}}\n',
    "prompts/ask.cases.csv": (
        'name,inputs.q,rendered\nc-WORD,a,"[{""type"": ""contains"", ""value"": ""Be""}]"\n'
    ),
    "prompts/more.cases.yaml": f"- {{name: y-WORD, inputs: {{q: a}}, {CONTAINS}}}\n",
    "channels.yaml": "x-note: WORD\n",
}
MARKER = "error: a conflict marker of an unresolved merge"
RESOLVE = "resolve the conflict, then `git add` the file"


@pytest.fixture
def started(repo, capsys):
    """Run a command in the repository: exit code, and its output without colours."""

    def start(*arguments):
        code = run([arguments[0], "-C", str(repo.root), *arguments[1:]])
        said = capsys.readouterr()
        return code, said.out + said.err

    return start


@pytest.fixture
def merging(repo):
    """A merge with a conflict in every file of a prompt."""

    def write(word):
        repo.write({path: text.replace("WORD", word) for path, text in FILES.items()})

    repo.write({"prompts/ask.prompt.yaml": ASK})
    write("kind")
    repo.commit("a base")
    repo.git("switch", "--quiet", "--create", "change")
    write("brief")
    repo.commit("ours")
    repo.git("switch", "--quiet", "main")
    write("long")
    repo.commit("theirs")
    merged = subprocess.run(
        ["git", "merge", "change"], cwd=repo.root, capture_output=True, check=False
    )
    assert merged.returncode == 1
    return repo


def test_a_file_that_is_not_merged_is_reported_where_it_is_needed(merging, started):
    code, said = started("lint", "--format", "concise", "--fail-on", "warning")

    rule = "[SCH011 conflict-marker]"
    error = "has an unresolved merge conflict"
    at = "prompts/ask.prompt.yaml"
    assert code == 1
    assert said.splitlines() == [
        f"channels.yaml:1:1: error: an unresolved merge conflict  {rule}",
        f"{at}:6:15: error: `q.schema.json` {error}  {rule}",
        f"{at}:8:11: error: `t.tool.json` {error}  {rule}",
        f"{at}:12:18: error: `style.md.j2` {error}  {rule}",
        f"{at}:15:21: error: `body.md` {error}  {rule}",
        f"{at}:17:12: error: `ask.cases.jsonl` {error}  {rule}",
        f"{at}:18:12: error: `ask.cases.csv` {error}  {rule}",
        f"{at}:19:12: error: `more.cases.yaml` {error}  {rule}",
        f"prompts/two.prompt.yaml:1:1: error: a prompt file with an unresolved merge conflict"
        f"  {rule}",
    ]


@pytest.mark.parametrize("style", ["merge", "diff3"])
def test_markers_that_are_added_are_one_error_for_each_file_at_their_line(merging, started, style):
    merging.git("checkout", f"--conflict={style}", "--", ".")
    merging.git("add", "--all")

    code, said = started("lint", "--staged", "--format", "concise", "--fail-on", "warning")

    rule = "[SCH011 conflict-marker]"
    assert code == 1
    assert said.splitlines() == [
        f"channels.yaml:1:1: {MARKER}  {rule}",
        f"prompts/ask.cases.csv:2:1: {MARKER}  {rule}",
        f"prompts/ask.cases.jsonl:1:1: {MARKER}  {rule}",
        f"prompts/body.md:1:1: {MARKER}  {rule}",
        f"prompts/more.cases.yaml:1:1: {MARKER}  {rule}",
        f"prompts/style.md.j2:1:1: {MARKER}  {rule}",
        f"prompts/two.prompt.yaml:6:1: {MARKER}  {rule}",
        f"schemas/q.schema.json:1:1: {MARKER}  {rule}",
        f"schemas/t.tool.json:1:1: {MARKER}  {rule}",
    ]


def test_the_gate_refuses_markers(merging, started):
    merging.git("add", "--all")
    merging.commit("markers and all")

    code, said = started("check", "--since", "HEAD~1")

    assert code == 1
    assert f"prompts/style.md.j2:1:1: {MARKER}" in said


@pytest.mark.parametrize("path", ["promptops.toml", "pyproject.toml"])
def test_markers_in_the_configuration_are_the_error(repo, started, path):
    header = "[lint]" if path == "promptops.toml" else "[tool.promptops.lint]"
    conflict = '<<<<<<< HEAD\nignore = ["SEC"]\n=======\nignore = ["STY"]\n>>>>>>> main\n'
    repo.write({path: f"{header}\n{conflict}"})

    code, said = started("lint")

    assert (code, said.splitlines()[0]) == (3, f"{path}:2:1: {MARKER}")


def test_a_pyproject_that_is_not_merged_is_not_taken_for_none(repo, started):
    for word, branch in (("SEC", "main"), ("STY", "change"), ("TST", "main")):
        present = branch in repo.git("branch", "--list", branch)
        if word != "SEC":
            repo.git("switch", "--quiet", *(() if present else ("--create",)), branch)
        repo.write({"pyproject.toml": f'[tool.promptops.lint]\nignore = ["{word}"]\n'})
        repo.commit(word)
    subprocess.run(["git", "merge", "change"], cwd=repo.root, capture_output=True, check=False)

    code, said = started("lint")

    assert (code, said) == (
        3,
        "pyproject.toml: error: the configuration is an unresolved merge conflict\n"
        f"  tip: {RESOLVE}\n",
    )


@pytest.mark.parametrize("part", ["", ".part03"])
def test_markers_in_recordings_are_an_error(repo, started, part):
    conflict = "<<<<<<< HEAD\n=======\n>>>>>>> main\n"
    two = TWO.replace("WORD", "kind")
    repo.write({"prompts/two.prompt.yaml": two, f"prompts/two.recordings{part}.jsonl": conflict})

    code, said = started("lint", "--format", "concise")

    assert (code, said) == (
        1,
        f"prompts/two.recordings{part}.jsonl:1:1: {MARKER}  [SCH011 conflict-marker]\n",
    )


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Title\n=======\ntext\n", []),
        ("git writes this:\n<<<<<<< HEAD\nand stops\n", [2]),
        ("and ends with\n>>>>>>> topic/a\n", [2]),
        ("Title\n=======\n\n<<<<<<< HEAD\ntext\n", [4]),
        ("<<<<<<< HEAD\r\ntext\r\n", [1]),
        (">>>>>>>>>>> a deep quote\n>>>>>>> \n", []),
        ("<<<<<<<\ntext\n<<<<<<< \n", []),
        ("<<<<<<<HEAD\n>>>>>>>x\na <<<<<<< HEAD\n", []),
        (" <<<<<<< HEAD\n\t>>>>>>> main\n", []),
        ("> <<<<<<< HEAD\n> a\n> =======\n> b\n> >>>>>>> main\n", []),
        ("    <<<<<<< HEAD\n    =======\n    >>>>>>> main\n", []),
        ("<<<<<<<<<<\n<<<\n", []),
        ("a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> main\n", [2]),
        ("a\n<<<<<<< HEAD\nb\n>>>>>>> main\n", [2]),
        ("a\nb\n=======\nc\n>>>>>>> main\n", [3]),
        ("<<<<<<< HEAD\nb\n=======\nc\n", [1]),
        ("<<<<<<< a\n=======\n>>>>>>> b\n\n<<<<<<< a\n||||||| c\n=======\n>>>>>>> b\n", [1, 5]),
        ("<<<<<<<<< a\r\n=========\r\n>>>>>>>>> b\r\n", [1]),
    ],
)
def test_a_conflict_is_one_named_marker_or_two_that_begin_a_line(repo, started, text, lines):
    two = TWO.replace("Be WORD.", "{% include 'part.md' %}").replace("value: Be", "value: '<'")
    repo.write({"prompts/two.prompt.yaml": two, "prompts/part.md": text})

    _, said = started("lint", "--format", "concise", "--rule", "SCH011")

    places = [f"prompts/part.md:{line}:1: {MARKER}  [SCH011 conflict-marker]\n" for line in lines]
    assert said == "".join(places)


def test_the_tests_of_a_variant_name_the_conflict_of_its_base(merging, started):
    merging.write(
        {"prompts/three.prompt.yaml": "format: promptops/1\nextends: ./two.prompt.yaml\n"}
    )

    _, said = started("test")

    place = "prompts/three.prompt.yaml:2:10"
    named = f"{place}: error: `./two.prompt.yaml` has an unresolved merge conflict  [three]"
    assert named in said.splitlines()
