"""`promptops diff` from the outside: arguments, formats, exit codes."""

import json
import textwrap

import pytest
from click.testing import CliRunner

from promptops.analysis import exact_tokens
from promptops.cli.group import group
from tests.output_schemas import validate

PROMPT = """\
format: promptops/1
description: Answers one question.
owners: ["@acme/ai"]
inputs:
  required: [question]
  properties:
    question: {type: string, maxLength: 100}
messages:
  - role: system
    content: |
      {% include "partials/style.md.j2" %}
  - role: user
    content: "{{ question }}"
tests:
  - name: one
    inputs: {question: why}
    rendered:
      - {type: contains, value: why}
"""
STYLE = "Be brief.\nNever guess.\n"


def run(root, *arguments):
    """Exit code, stdout and stderr."""
    result = CliRunner().invoke(group, ["diff", "-C", str(root), *arguments], standalone_mode=False)
    code = result.return_value if result.exception is None else result.exception
    return code, result.stdout, result.stderr


@pytest.fixture
def history(repo):
    """Three prompts of which two include a partial; v1.2.0 is tagged; then the partial changes."""
    files = {f"prompts/{name}.prompt.yaml": PROMPT for name in ("ask", "reply")}
    plain = PROMPT.replace('{% include "partials/style.md.j2" %}', "Be kind.")
    repo.write({**files, "prompts/other.prompt.yaml": plain, "prompts/partials/style.md.j2": STYLE})
    repo.commit("one")
    repo.git("tag", "-a", "-m", "one", "v1.2.0")
    repo.write({"prompts/partials/style.md.j2": "Be short.\nNever guess.\n"})
    repo.commit("two")
    return repo


def test_a_changed_partial_lists_exactly_the_prompts_that_reach_it(history):
    code, out, err = run(history.root)

    assert (code, err) == (0, "v1.2.0..work tree, all committed\n")
    assert out == textwrap.dedent("""\
        ask  1.2.0 -> 1.3.0 (minor)
          through prompts/partials/style.md.j2
          CHG301 the system text differs in the only case  /messages

          case 'one' · system
            Be [-brief-]{+short+}.
            Never guess.
          8 tokens as before (estimated)
          the same in 1 more prompt:
            reply  1.2.0 -> 1.3.0 (minor)

        minor: 2 prompts changed of 3 compared from v1.2.0 to the work tree
        """)


def test_one_prompt_can_be_asked_for(history):
    code, out, _ = run(history.root, "v1.2.0", "ask", "--format", "json")

    value = json.loads(out)
    listed = [each["id"] for each in value["prompts"]]
    assert (code, listed, value["compared"], value["hidden"]) == (0, ["ask"], 1, 1)


def test_the_json_is_as_its_schema_says(history):
    history.write({"prompts/ask.prompt.yaml": PROMPT.replace("maxLength: 100", "maxLength: 2")})

    _, out, _ = run(history.root, "v1.2.0", "--worktree", "--format", "json")

    value = json.loads(out)
    validate("diff", value)
    assert (value["bump"], [each["code"] for each in value["prompts"][0]["changes"]]) == (
        "major",
        ["CHG112", "CHG304"],  # the partial changed, too
    )
    assert value["prompts"][0]["changes"][0]["witness"] == {
        "kind": "input",
        "value": {"question": "why"},
        "case": "one",
        "reason": "`question` must have at most 2 characters, not 3",
    }


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), 0),
        (("--fail-on", "breaking"), 1),
        (("--fail-on", "risk"), 0),
        (("--declare", "major"), 0),
        (("--declare", "minor"), 1),
        (("--declare", "2.0.0"), 0),
        (("--declare", "v1.3.0"), 1),
        (("--declare", "1.2.0"), 1),
    ],
    ids=str,
)
def test_a_policy_that_is_asked_for_decides_the_exit_code(history, arguments, expected):
    history.write({"prompts/ask.prompt.yaml": PROMPT.replace("maxLength: 100", "maxLength: 2")})
    history.commit("three")

    code, _, _ = run(history.root, *arguments)

    assert code == expected


def test_a_gate_that_says_no_says_why(history):
    _, _, err = run(history.root, "--declare", "1.2.1")

    assert err.splitlines() == [
        "v1.2.0..work tree, all committed",
        "CHG903: 1.2.1 is too small: the changes require 1.3.0 (minor)",
        "  ask: CHG301 the system text differs in the only case",
        "  reply: CHG301 the system text differs in the only case",
    ]


def test_a_risk_stops_where_asked(history):
    as_risk = '[diff]\nobligations = "risk"\n'
    history.write({"prompts/partials/style.md.j2": "Be short.\n", "promptops.toml": as_risk})
    history.commit("three")

    code, out, _ = run(history.root, "--fail-on", "risk")

    assert code == 1
    assert out.startswith(
        'risk: ask and 1 more: an obligation was removed: "Never guess."  [CHG311]\n'
    )


def test_a_bump_that_is_none_is_wrong_usage(history):
    code, _, _ = run(history.root, "--declare", "huge")

    assert (code.message, code.exit_code) == ("'huge' is neither a bump nor a version", 2)


def test_a_prompt_that_is_broken_is_told_and_the_others_are_compared(history):
    history.write({"prompts/ask.prompt.yaml": "format: promptops/1\n"})

    code, out, _ = run(history.root, "v1.2.0", "--worktree")

    assert code == 3
    assert [line for line in out.splitlines() if line.startswith(("ask", "reply"))] == [
        "ask  1.2.0 -> 2.0.0 (major, unreadable)",
        "reply  1.2.0 -> 1.3.0 (minor)",
    ]


def test_nothing_that_changed_is_said_as_that(history):
    history.write({"notes.txt": "none of our business\n"})

    code, out, _ = run(history.root, "HEAD", "--worktree")

    assert (code, out) == (
        0,
        "no version bump: no changes for callers, the model or consumers "
        "(3 prompts compared from HEAD to the work tree)\n",
    )


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, ""),
        ({"notes.txt": "none of our business"}, ""),
        (
            {"prompts/new.prompt.yaml": PROMPT},
            "uncommitted changes are not compared: promptops diff --worktree\n",
        ),
    ],
    ids=["nothing", "other", "prompt"],
)
def test_where_nothing_changed_what_is_not_committed_is_pointed_at(history, files, said):
    history.write(files)

    code, _, err = run(history.root, "HEAD")

    assert (code, err) == (0, said)


def test_a_new_prompt_that_is_broken_is_told(history):
    history.write({"prompts/new.prompt.yaml": "format: promptops/1\n"})

    code, out, _ = run(history.root, "HEAD", "--worktree")

    assert (code, out.splitlines()[0]) == (3, "new  2.0.0 (major, unreadable)")


def test_several_formats_at_once(history, tmp_path):
    page, comment = tmp_path / "page.html", tmp_path / "comment.md"

    code, out, _ = run(history.root, "--format", f"html={page}", "--format", f"markdown={comment}")

    assert (code, out) == (0, "")
    assert page.read_text().startswith("<!doctype html>")
    assert comment.read_text().startswith("<!-- promptops diff -->\n")


def test_what_stands_behind_two_dashes_is_a_prompt(history):
    history.git("branch", "ask")

    doubtful, _, _ = run(history.root, "ask")
    code, out, _ = run(history.root, "v1.2.0", "--", "ask")

    assert (doubtful.message, doubtful.exit_code) == ("`ask` is both a revision and a prompt", 2)
    assert (code, out.splitlines()[0]) == (0, "ask  1.2.0 -> 1.3.0 (minor)")


def test_a_profile_that_changed_changes_the_prompts_that_name_it(repo):
    def config(model):
        return f'[models.fast]\nprovider = "openai"\nid = "{model}"\n'

    named = PROMPT.replace("inputs:", "model: {profile: fast}\ninputs:", 1)
    repo.write(
        {
            "promptops.toml": config("gpt-4.1-2025-04-14"),
            "prompts/ask.prompt.yaml": named,
            "prompts/reply.prompt.yaml": PROMPT,
            "prompts/partials/style.md.j2": STYLE,
        }
    )
    repo.commit("one")
    repo.write({"promptops.toml": config("gpt-4.1-mini-2025-04-14")})

    _, out, _ = run(repo.root, "--worktree", "--format", "json")

    value = json.loads(out)
    assert [
        (prompt["id"], [(each["code"], each["via"]) for each in prompt["changes"]])
        for prompt in value["prompts"]
    ] == [("ask", [("CHG401", ["promptops.toml"])])]
    assert (value["risk_codes"], value["compared"]) == (["CHG401"], 2)


def test_a_shallow_clone_that_lacks_the_base_says_how_to_fetch_it(history, tmp_path):
    clone = tmp_path / "clone"
    history.git("clone", "--quiet", "--depth", "1", f"file://{history.root}", str(clone))

    found, _, _ = run(clone, "v1.2.0..HEAD")

    assert (found.exit_code, found.hint) == (
        4,
        "this clone is shallow, fetch the rest: "
        "git fetch --unshallow --tags origin '+refs/heads/*:refs/remotes/origin/*'",
    )


def test_the_merge_is_what_both_branches_make_together(history):
    history.git("checkout", "-q", "-b", "topic", "HEAD~1")
    history.write(
        {"prompts/other.prompt.yaml": PROMPT.replace("{{ question }}", "Q: {{ question }}")}
    )
    history.commit("topic")

    _, merged, _ = run(history.root, "--merge", "main", "--format", "json")
    _, direct, _ = run(history.root, "main", "--format", "json")

    assert [each["id"] for each in json.loads(merged)["prompts"]] == ["other"]
    assert [each["id"] for each in json.loads(direct)["prompts"]] == ["ask", "other", "reply"]


def test_a_name_that_a_prompt_had_names_it(history):
    history.write(
        {"prompts/ask.prompt.yaml": PROMPT.replace("inputs:", "aliases: [was]\ninputs:", 1)}
    )

    code, out, _ = run(history.root, "v1.2.0", "was", "--worktree")

    assert (code, out.splitlines()[0]) == (0, "ask  1.2.0 -> 1.3.0 (minor)")


def test_what_a_policy_stops_on_is_told_with_its_fingerprint(history):
    history.write({"prompts/ask.prompt.yaml": PROMPT.replace("maxLength: 100", "maxLength: 2")})

    arguments = ("HEAD", "--worktree", "--fail-on", "breaking", "--format", "json")
    code, out, err = run(history.root, *arguments)

    fingerprint = json.loads(out)["prompts"][0]["changes"][0]["fingerprint"]
    assert (code, err) == (
        1,
        "stops on ask: CHG112 `maxLength` of `question` is stricter  "
        f"[fingerprint {fingerprint}]\n"
        "to accept an intended break, add its fingerprint to [[diff.waivers]]\n",
    )


def test_a_configuration_that_was_broken_can_be_mended(history):
    history.write({"promptops.toml": "prompts = 5\n"})
    history.commit("three")
    history.write({"promptops.toml": 'prompts = ["prompts"]\n'})

    code, out, err = run(history.root, "HEAD", "--worktree")

    assert (code, out.splitlines()[-1].partition(":")[0]) == (0, "no version bump")
    assert err == (
        "HEAD:promptops.toml:1:1: expected a list, got the number 5; "
        "the configuration of the work tree is used instead\n"
    )


def test_a_renamed_prompt_is_no_new_one_under_its_new_id(history):
    text = PROMPT.replace("maxLength: 100", "maxLength: 2")
    text = text.replace("inputs:", "aliases: [ask]\ninputs:", 1)
    (history.root / "prompts/ask.prompt.yaml").unlink()
    history.write({"prompts/say.prompt.yaml": text})

    code, out, _ = run(history.root, "v1.2.0", "say", "--worktree", "--fail-on", "breaking")

    assert (code, out.splitlines()[0]) == (1, "ask -> say  1.2.0 -> 2.0.0 (major)")


def test_the_next_diff_reports_the_same_exact_counts_without_the_tokenizer(repo, monkeypatch):
    splintr = pytest.importorskip("splintr", reason="the extra `tokens` is not installed")
    model = "model: {provider: openai, id: gpt-5.4-mini-2026-03-17}\n"
    prompt = PROMPT.replace("inputs:\n", f"{model}inputs:\n", 1)
    repo.write({"prompts/ask.prompt.yaml": prompt, "prompts/partials/style.md.j2": STYLE})
    repo.commit("one")
    repo.write({"prompts/partials/style.md.j2": "Be shortish.\nNever guess.\n"})
    repo.commit("two")
    exact_tokens._loaded.cache_clear()
    code, first, err = run(repo.root, "HEAD~1..HEAD")
    assert (code, err) == (0, "")
    assert "o200k_base" in first

    exact_tokens._loaded.cache_clear()
    monkeypatch.setattr(splintr, "Tokenizer", None)  # whoever uses it now fails

    assert run(repo.root, "HEAD~1..HEAD") == (0, first, "")
    exact_tokens._loaded.cache_clear()
