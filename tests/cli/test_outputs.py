"""What the commands that look print, whole, for people and for programs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema_rs
import pytest

from promptops.terminal.output import OutputOptions

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
    "show.txt": ("show", TRIAGE),
    "show.json": ("show", TRIAGE, "--format", "json"),
    "show.variant.txt": ("show", "support/triage.de"),
    "render.txt": ("render", TRIAGE),
    "render.case.txt": ("render", TRIAGE, "-c", "two"),
    "render.annotated.txt": ("render", TRIAGE, "-c", "two issues are known", "--annotate"),
    "render.annotated.json": ("render", TRIAGE, "--annotate", "--format", "json"),
    "render.json": ("render", "triage", "--format", "json"),
    "render.openai.json": ("render", TRIAGE, "--format", "openai"),
    "render.anthropic.json": ("render", TRIAGE, "--format", "anthropic", *AS_CLAUDE),
    "render.gemini.json": ("render", TRIAGE, "--format", "gemini", *AS_GEMINI),
    "render.inputs.txt": ("render", TRIAGE, "-i", "ticket=1", "-i", "known=[]"),
    "rule.txt": ("rule", "VAR001"),
    "rule.md": ("rule", "var001", "--format", "markdown"),
    "rule.custom.txt": ("rule", "X001"),
    "rule.sec001.txt": ("rule", "SEC001"),
    "lint.txt": ("lint", "--select", "TST003,REP"),
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
        ("show", ("show", TRIAGE)),
        ("show", ("show", "support/triage.de")),
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
    described = json.loads((SCHEMAS / f"{schema}.schema.json").read_text())

    said = say(*arguments, "--format", "json", "-C", str(small.root))

    assert said.err == ""
    wrong = list(jsonschema_rs.validator_for(described).iter_errors(json.loads(said.out)))
    assert [error.message for error in wrong] == []


def test_each_schema_describes_each_of_its_keys():
    lacking = []
    for file in sorted(SCHEMAS.glob("*.schema.json")):
        stack = [("", json.loads(file.read_text()))]
        while stack:
            at, value = stack.pop()
            if isinstance(value, dict):
                for name, each in (value.get("properties") or {}).items():
                    known = isinstance(each, dict) and {"description", "$ref"} & each.keys()
                    if file.name[: file.name.index(".")] in ("show", "rule") and not known:
                        lacking.append(f"{file.name}{at}/{name}")
                stack += [(f"{at}/{key}", each) for key, each in value.items()]

    assert lacking == []


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


def test_the_format_of_another_provider_is_refused(small, say):
    said = say("render", TRIAGE, "--format", "gemini", "-C", str(small.root))

    assert (said.code, said.out, said.err) == (
        2,
        "",
        "support/triage: error: `gemini()` does not create requests for the provider `openai`\n"
        "  tip: call `request.openai()` or `request.responses()`\n",
    )
