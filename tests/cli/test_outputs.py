"""What the commands that look print, whole, for people and for programs."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from promptops.terminal.output import OutputOptions
from tests.output_schemas import validate

SCHEMAS = Path(__file__).parents[2] / "schemas"
TRIAGE = "support/triage"

AS_CLAUDE = (
    "--config",
    "models.fast={provider='anthropic',id='claude-opus-5',params={max_output_tokens=60}}",
)
AS_GEMINI = ("--config", "models.fast={provider='google',id='gemini-3.5-flash'}")
GOLDEN = {
    "list.txt": ("list",),
    "list.json": ("list", "--format", "json"),
    "list.selected.txt": ("list", "support/*", "--select", "status:draft"),
    "resolved.txt": ("render", "--resolved", TRIAGE),
    "resolved.json": ("render", "--resolved", TRIAGE, "--format", "json"),
    "resolved.variant.txt": ("render", "--resolved", "support/triage.de"),
    "render.txt": ("render", TRIAGE),
    "render.case.txt": ("render", TRIAGE, "-c", "two"),
    "render.annotated.txt": ("render", TRIAGE, "-c", "two issues are known", "--annotate"),
    "render.json": ("render", TRIAGE, "--annotate", "--format", "json"),
    "render.openai.json": ("render", TRIAGE, "--format", "openai"),
    "render.anthropic.json": ("render", TRIAGE, "--format", "anthropic", *AS_CLAUDE),
    "render.gemini.json": ("render", TRIAGE, "--format", "gemini", *AS_GEMINI),
    "render.inputs.txt": ("render", TRIAGE, "-i", "ticket=1", "-i", "known=[]"),
    "rule.txt": ("rule", "VAR001"),
    "rule.md": ("rule", "var001", "--format", "markdown"),
    "rule.json": ("rule", "VAR001", "--format", "json"),
    "rule.custom.txt": ("rule", "X001"),
    "rule.sec001.txt": ("rule", "SEC001"),
    "lint.txt": ("lint", "--rule", "TST003,REP"),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_command_prints_what_it_printed(small, say, name, golden):
    arguments = GOLDEN[name]
    if name == "render.inputs.txt":
        arguments = (*arguments[:3], 'ticket="a text"', *arguments[4:])

    said = say(*arguments, "-C", str(small.root))

    assert (said.code, said.err) == (0, "")
    golden(name, said.out)


@pytest.mark.parametrize(
    ("schema", "arguments"),
    [
        ("list", ("list",)),
        ("resolved", ("render", "--resolved", TRIAGE)),
        ("resolved", ("render", "--resolved", "support/triage.de")),
        ("render", ("render", TRIAGE)),
        ("render", ("render", TRIAGE, "--annotate")),
        ("rule", ("rule",)),
        ("rule", ("rule", "X001")),
        ("lint", ("lint", "--exit-zero")),
        ("check", ("check",)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_json_fits_its_schema(small, say, schema, arguments):
    said = say(*arguments, "--format", "json", "-C", str(small.root))

    assert said.err == ""
    validate(schema, json.loads(said.out))


UNQUOTED = (
    "format: promptops/1\ndescription: Answers.\ntags: [no]\n"
    "messages:\n  - {role: user, content: Hello.}\n"
)


@pytest.mark.parametrize(
    ("arguments", "following"),
    [
        (("lint", TRIAGE), None),
        (("lint", "ask"), "promptops lint ask --fix"),
        (("check",), "promptops lint --fix"),
        (("check", "support/*"), None),
        (("check", TRIAGE, "--since", "HEAD~1"), "promptops diff BASE..HEAD"),
        (("test", TRIAGE), None),
        (("new", "desk/reply"), "promptops render desk/reply"),
        (("mv", "ask", "desk/ask", "--dry-run"), None),
        (
            ("mv", "ask", "desk/ask"),
            "git add --all -- prompts/ask.prompt.yaml prompts/desk/ask.prompt.yaml",
        ),
        (("cases", "ask"), "promptops test"),
        (("cases", "ask", "--show"), None),
        (("release", "--dry-run"), "promptops release --yes"),
        (("import", "old", "--dry-run"), "promptops import old"),
        (("import", "old"), "promptops cases prompts/say.prompt.yaml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_the_json_has_the_next_command_that_the_text_has(
    small, say, monkeypatch, tmp_path, arguments, following
):
    small.write({"prompts/ask.prompt.yaml": UNQUOTED, "old/say.txt": "Say hello to {name}."})
    small.write({"prompts/partials/tone.md.j2": "Be kind and brief: {{ product | upper }}.\n"})
    small.commit("a prompt, an old one, and another tone")
    again = shutil.copytree(small.root, tmp_path / "again")
    monkeypatch.chdir(small.root)

    said = say(*arguments, "--format", "json")
    monkeypatch.chdir(again)
    text = say(*arguments).out

    base = small.git("rev-parse", "--short=12", "HEAD~1")
    assert json.loads(said.out)["next"] == (following and following.replace("BASE", base))
    steps = [line for line in text.splitlines() if line.startswith("next: ")]
    assert not steps or (following or "no step") in steps[0]


def test_the_prompts_of_a_commit_are_listed_under_its_id(small, say):
    small.write({"prompts/new.prompt.yaml": "format: promptops/1\n"})

    said = say("list", "--at", "HEAD", "--format", "json", "-C", str(small.root))

    value = json.loads(said.out)
    assert value["revision"] == small.git("rev-parse", "HEAD")
    assert [prompt["id"] for prompt in value["prompts"]] == [TRIAGE, "support/triage.de"]


@pytest.mark.slow
def test_a_rule_of_every_code_is_explained_in_every_form(small, say):
    listed = say("rule", "-C", str(small.root)).out
    codes = [line.split()[0] for line in listed.splitlines()]

    for code in codes:
        text = say("rule", code, "-C", str(small.root)).out
        assert text.startswith(f"{code} ")
        assert "Bad:\n" in text or code == "X001"
        markdown = say("rule", code, "--format", "markdown", "-C", str(small.root)).out
        assert re.search(rf"\A# {code} ", markdown)
        assert "```yaml\n" in markdown or code == "X001"

    assert len(codes) > 40


def test_a_file_gets_no_colours(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    formats = (("text", "-"), ("text", "out.txt"))
    output = OutputOptions(tmp_path, formats, quiet=False, color=True)

    output.write_each(lambda name, style: style("error", f"{name}\n"))

    assert capsysbinary.readouterr().out == b"\x1b[31m\x1b[1mtext\n\x1b[0m"
    assert (tmp_path / "out.txt").read_text() == "text\n"


def test_quiet_suppresses_what_people_read_and_nothing_else(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    for name in ("text", "full", "concise", "json"):
        output = OutputOptions(tmp_path, ((name, "-"),), quiet=True, color=False)
        output.write_each(lambda name, _: f"{name}\n")

    assert capsysbinary.readouterr().out == b"json\n"


@pytest.mark.parametrize(
    ("formats", "quiet", "text", "line"),
    [
        (["json=a.json"], False, "one: long\nfail: 1 case\n", "a.json: fail: 1 case\n"),
        (["json=a.json", "html=b.html"], False, "fail\n", "a.json, b.html: fail\n"),
        (["json=a.json"], False, "", "a.json: nothing to report\n"),
        (["json=a.json"], False, "no verdict\n", "wrote a.json\n"),
        (["json=a.json"], False, "fail\nfail 2\n", "a.json: fail 2\n"),
        (["json=a.json"], True, "fail\n", ""),
        (["json=a.json", "text=-"], False, "fail\n", ""),
        (["json=-"], False, "fail\n", ""),
    ],
)
def test_if_all_formats_go_to_files_one_line_has_the_verdict_and_the_files(
    tmp_path, capsys, formats, quiet, text, line
):
    pairs = tuple(tuple(each.split("=")) for each in formats)
    output = OutputOptions(tmp_path, pairs, quiet=quiet, color=False)

    def write(_name, style):
        lines = (style("summary", x) if x.startswith("fail") else x for x in text.splitlines())
        return "".join(f"{each}\n" for each in lines)

    output.write_each(write)

    assert capsys.readouterr().err == line


IN_FILES = {
    ("lint", "--rule", "SCH001"): "f: nothing to report",
    ("check",): "f: ",
    ("test",): "f: ",
    ("diff", "HEAD"): "f: no version bump: no changes for callers, the model or consumers",
    ("list",): "wrote f",
    ("render", "--resolved", TRIAGE): "wrote f",
}


@pytest.mark.parametrize("arguments", IN_FILES, ids=" ".join)
def test_a_command_that_writes_only_a_file_prints_its_verdict(small, say, tmp_path, arguments):
    said = say(*arguments, "--format", f"json={tmp_path / 'f'}", "-C", str(small.root))

    assert said.out == ""
    assert said.err.replace(f"{tmp_path}/", "").startswith(IN_FILES[arguments])
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("quiet", [("-q",), ("--format", "json=f"), ("-q", "--format", "json=f")])
@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (
            ("release", "--yes"),
            1,
            "error: releases are made from `main`, and this is `other`\n  tip: git switch main\n",
        ),
        (
            ("init",),
            3,
            "failed .vscode/settings.json: can't be created: '.vscode' is a file, not a folder "
            "(move the file away)\n",
        ),
        (
            ("diff", "--root"),
            3,
            "support/broken  (major, unreadable)\n  CHG501 breaking: it can't be parsed",
        ),
        (("promote", "v9.9.9", "production"), 2, "error: there is no release 'v9.9.9'\n"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_quiet_never_hides_an_error(small, say, quiet, arguments, code, error):
    small.write({".vscode": "a file", "prompts/support/broken.prompt.yaml": "format: ["})
    small.commit("broken")
    small.git("switch", "--quiet", "--create", "other")

    said = say(*arguments, "-C", str(small.root), *quiet)

    assert (said.code, said.out) == (code, "")
    assert error in said.err


def test_quiet_does_not_hide_why_a_push_is_refused(small, say):
    head = small.git("rev-parse", "HEAD")

    said = say("receive", "-q", "-C", str(small.root), "refs/tags/v1.0.0", "0" * 40, head)

    assert (said.code, said.err) == (
        1,
        "error: the release tag 'v1.0.0' is not annotated\n"
        "  tip: a release is an annotated tag: git tag -a\n",
    )


def test_quiet_hides_a_verdict_that_the_exit_code_has(small, say):
    small.write({"prompts/broken.prompt.yaml": "format: ["})

    found = [say(name, "-q", "-C", str(small.root)) for name in ("lint", "check", "test")]

    assert [(each.code, each.out, each.err) for each in found] == [(1, "", "")] * 3


def test_the_format_of_another_provider_is_refused(small, say):
    said = say("render", TRIAGE, "--format", "gemini", "-C", str(small.root))

    assert (said.code, said.out, said.err) == (
        2,
        "",
        "support/triage: error: `gemini()` does not create requests for the provider `openai`\n"
        "  tip: call `request.openai()` or `request.responses()`\n",
    )
