"""The gate: one verdict over lint and every case, judged by the policy of the base."""

import json

import pytest

from promptops.cli.main import run
from tests.output_schemas import validate

PROMPT = """\
format: promptops/1
description: Greets one person.
inputs:
  required: [name]
  properties:
    name: {type: string, maxLength: 100, description: Of the person.}
messages:
  - role: user
    content: "Greet {{ name }} in one sentence."
tests:
  - name: Ada
    inputs: {name: Ada}
    rendered:
      - {type: contains, value: Greet Ada}
"""


@pytest.fixture
def checked(repo, capsysbinary):
    """Run `check` in the repository: exit code and what it printed."""

    def start(*arguments: str) -> tuple[int, str]:
        code = run(["check", "-C", str(repo.root), *arguments])
        return code, capsysbinary.readouterr().out.decode()

    return start


def test_a_clean_catalog_passes_with_one_line(repo, checked):
    repo.write({"prompts/greet.prompt.yaml": PROMPT})

    result = checked()

    assert result == (0, "pass: 1 prompt, no findings, 1 case, 1 assertion\n")


def test_an_assertion_that_does_not_hold_fails_at_its_place(repo, checked):
    repo.write({"prompts/greet.prompt.yaml": PROMPT.replace("Greet Ada}", "Greet Bob}")})

    code, output = checked()

    assert (code, output.splitlines()) == (
        1,
        [
            "prompts/greet.prompt.yaml:14:9: failed: `contains` does not hold  [greet: Ada]",
            "  expected `Greet Bob` in the request, got `Greet Ada in one sentence.`",
            "fail: 1 prompt, no findings, 1 failed of 1 case",
        ],
    )


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "      - {type: contains, value: Greet Ada}\n",
            "      - {type: contains, path: /nowhere, value: Ada}\n",
            "prompts/greet.prompt.yaml:14:32: error: ",
        ),
        (
            "    rendered:\n      - {type: contains, value: Greet Ada}\n",
            "",
            "prompts/greet.prompt.yaml:11:5: error: it has no assertions",
        ),
        (
            "    inputs: {name: Ada}\n",
            "    inputs: {name: 5}\n",
            "prompts/greet.prompt.yaml:12:20: error: `name` must be a string",
        ),
        (
            "      - {type: contains, value: Greet Ada}\n",
            "      - {type: contains, value: Greet Ada}\n"
            "    output:\n      - {type: contains, value: ''}\n",
            "prompts/greet.prompt.yaml:16:33: error: ",
        ),
    ],
    ids=["a path to nowhere", "no assertion", "inputs that don't fit", "an empty argument"],
)
def test_what_can_not_fail_has_not_passed(repo, checked, old, new, line):
    repo.write({"prompts/greet.prompt.yaml": PROMPT.replace(old, new)})

    code, output = checked()

    assert code == 1
    assert [each for each in output.splitlines() if each.startswith(line)], output


def test_json_holds_the_three_parts_and_fits_its_schema(repo, checked):
    repo.write({"prompts/greet.prompt.yaml": PROMPT})

    code, output = checked("--format", "json")

    value = json.loads(output)
    validate("check", value)
    assert (code, value["verdict"], value["test"]["count"]) == (
        0,
        "pass",
        {
            "passed": 1,
            "failed": 0,
            "errors": 0,
            "stale": 0,
            "warnings": 0,
            "drafts": 0,
        },
    )


def test_nothing_changed_is_said_and_passes(repo, checked):
    repo.write({"prompts/greet.prompt.yaml": PROMPT})
    repo.commit("one")

    result = checked("--since", "HEAD")

    assert result == (0, "pass: nothing to check, no file that prompts depend on changed\n")


def test_no_prompt_at_all_is_said(repo, checked):
    repo.write({"notes.txt": "nothing\n"})

    result = checked()

    assert result == (
        0,
        "pass: nothing to check, there are no prompts (`promptops init` creates one)\n",
    )


def test_a_change_is_judged_by_the_policy_of_its_base(repo, checked):
    misspelt = PROMPT.replace("{{ name }}", "{{ nmae }}")
    repo.write({"prompts/greet.prompt.yaml": PROMPT, "promptops.toml": ""})
    repo.commit("one")
    repo.git("switch", "--quiet", "--create", "change")
    waved = '[lint]\nignore = ["VAR", "TST"]\n'
    repo.write({"prompts/greet.prompt.yaml": misspelt, "promptops.toml": waved})
    repo.commit("two")

    code, output = checked("--since", "main")

    lines = output.splitlines()
    assert code == 1
    assert (
        lines[0]
        == "risk: `lint.ignore` changes; it takes effect once it is merged (promptops.toml:2)"
    )
    assert lines[1] == (
        "prompts/greet.prompt.yaml:9:24: error: `nmae` is not an input  [VAR001 undefined-variable]"
    )


def test_markdown_can_not_be_broken_by_what_a_stranger_wrote(repo, checked):
    hostile = PROMPT.replace("- name: Ada", '- name: "<img src=x> `x`"').replace(
        "Greet Ada}", "'<script>'}"
    )
    repo.write({"prompts/greet.prompt.yaml": hostile})

    _, output = checked("--format", "markdown")

    assert "<img" not in output
    assert "<script" not in output


def test_without_a_revision_the_base_is_where_the_branch_left_the_default_one(repo, checked):
    repo.write({"prompts/greet.prompt.yaml": PROMPT, "prompts/other.prompt.yaml": PROMPT})
    repo.commit("one")
    repo.git("update-ref", "refs/remotes/origin/main", "HEAD")
    repo.git("switch", "--quiet", "--create", "change")
    repo.write({"prompts/greet.prompt.yaml": PROMPT.replace("one person", "one guest")})
    repo.commit("two")

    code, output = checked("--since", "--at", "worktree")

    base = repo.git("rev-parse", "--short=12", "HEAD~1")
    assert (code, output.splitlines()) == (
        0,
        [
            "change: greet: patch: `description` differs",
            f"  promptops diff {base} --worktree shows the details",
            "pass: 1 prompt, no findings, 1 case, 1 assertion · required version bump: patch",
        ],
    )


def test_without_a_base_to_find_it_says_what_to_type(repo, capsysbinary):
    repo.write({"prompts/greet.prompt.yaml": PROMPT})
    repo.commit("one")

    code = run(["check", "-C", str(repo.root), "--since"])

    assert code == 4
    assert b"tip: set what to compare with: --since REV" in capsysbinary.readouterr().err


def test_a_revision_that_is_looked_at_is_judged_by_where_it_left_the_base(repo, checked):
    repo.write({"prompts/greet.prompt.yaml": PROMPT, "promptops.toml": ""})
    repo.commit("one")
    repo.git("switch", "--quiet", "--create", "change")
    waved = '[lint]\nignore = ["VAR"]\n'
    misspelt = PROMPT.replace("{{ name }}", "{{ nmae }}")
    repo.write({"prompts/greet.prompt.yaml": misspelt, "promptops.toml": waved})
    repo.commit("two")
    repo.git("switch", "--quiet", "main")

    code, output = checked("--since", "main", "--at", "change")

    assert code == 1
    assert "VAR001" in output


def test_a_change_can_not_bring_a_baseline_of_its_own_findings(repo, checked):
    repo.write({"prompts/greet.prompt.yaml": PROMPT})
    repo.commit("one")
    repo.git("switch", "--quiet", "--create", "change")
    repo.write({"prompts/greet.prompt.yaml": PROMPT.replace("{{ name }}", "{{ nmae }}")})
    assert run(["lint", "-C", str(repo.root), "--write-baseline"]) == 0
    repo.commit("two")

    code, output = checked("--since", "main")

    lines = output.splitlines()
    assert code == 1
    assert lines[0] == (
        "risk: the baseline changes which findings count; it takes effect once it is merged"
        " (promptops-baseline.json:1)"
    )
    assert lines[1] == (
        "prompts/greet.prompt.yaml:9:24: error: `nmae` is not an input  [VAR001 undefined-variable]"
    )


@pytest.mark.parametrize("named", ["", '[lint]\nbaseline = "promptops-baseline.json"\n'])
def test_the_baseline_of_the_base_counts(repo, checked, named):
    accepted = PROMPT.replace("one sentence.", "one sentence. <|im_start|>")
    repo.write({"prompts/greet.prompt.yaml": accepted, "promptops.toml": ""})
    assert checked()[0] == 1
    assert run(["lint", "-C", str(repo.root), "--write-baseline"]) == 0
    repo.write({"promptops.toml": named})
    repo.commit("one")
    repo.git("switch", "--quiet", "--create", "change")
    (repo.root / "promptops-baseline.json").unlink()
    repo.write({"prompts/greet.prompt.yaml": accepted.replace("one person", "one guest")})
    repo.commit("two")

    code, output = checked("--since", "main")

    lines = output.splitlines()
    assert (code, lines[0], lines[-1]) == (
        0,
        "risk: the baseline changes which findings count; it takes effect once it is merged"
        " (promptops-baseline.json:1)",
        "pass · 1 risk: 1 prompt, no findings, 1 case, 1 assertion · required version bump: patch",
    )


def test_a_change_can_not_look_away_from_the_prompts_it_breaks(repo, checked):
    repo.write({"prompts/greet.prompt.yaml": PROMPT, "promptops.toml": ""})
    repo.commit("one")
    repo.git("switch", "--quiet", "--create", "change")
    repo.write(
        {
            "prompts/greet.prompt.yaml": PROMPT.replace("{{ name }}", "{{ nmae }}"),
            "promptops.toml": 'prompts = ["elsewhere"]\n',
        }
    )
    repo.commit("two")

    code, output = checked("--since", "main")

    lines = output.splitlines()
    assert code == 1
    assert lines[0] == (
        "risk: `prompts` changes; those of the base are checked too (promptops.toml:1)"
    )
    assert "VAR001" in lines[1]


def test_what_changed_since_the_base_is_told_with_the_version_it_requires(repo, checked):
    repo.write({"prompts/greet.prompt.yaml": PROMPT})
    repo.commit("one")
    repo.write({"prompts/greet.prompt.yaml": PROMPT.replace("in one sentence", "kindly")})

    code, output = checked("--since", "HEAD", "--at", "worktree")

    head = repo.git("rev-parse", "--short=12", "HEAD")
    assert (code, output.splitlines()) == (
        0,
        [
            "change: greet: minor: the user text differs in the only case",
            f"  promptops diff {head} --worktree shows the details",
            "pass: 1 prompt, no findings, 1 case, 1 assertion · required version bump: minor",
        ],
    )


def test_the_comment_shows_what_the_model_sees_now(repo, checked):
    repo.write({"prompts/greet.prompt.yaml": PROMPT})
    repo.commit("one")
    repo.write({"prompts/greet.prompt.yaml": PROMPT.replace("in one sentence", "kindly")})

    code, output = checked("--since", "HEAD", "--at", "worktree", "--format", "markdown")

    assert code == 0
    assert "| <code>greet</code> | **minor** |" in output
    assert "-Greet Ada in one sentence." in output
    assert "+Greet Ada kindly." in output


def test_json_holds_the_diff_and_fits_its_schema(repo, checked):
    repo.write({"prompts/greet.prompt.yaml": PROMPT})
    repo.commit("one")
    repo.write({"prompts/greet.prompt.yaml": PROMPT.replace("in one sentence", "kindly")})

    _, output = checked("--since", "HEAD", "--at", "worktree", "--format", "json")

    value = json.loads(output)
    validate("check", value)
    assert (value["diff"]["bump"], [each["id"] for each in value["diff"]["prompts"]]) == (
        "minor",
        ["greet"],
    )


def test_where_the_base_has_no_prompts_all_of_them_are_new(repo, checked):
    repo.commit("nothing yet")
    repo.write({"prompts/greet.prompt.yaml": PROMPT})

    code, output = checked("--since", "HEAD", "--at", "worktree")

    assert code == 0
    assert "change: greet: minor, added: the prompt was added\n" in output
