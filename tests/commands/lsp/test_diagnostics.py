"""Findings as an editor shows them."""

from __future__ import annotations

import pytest
from lsprotocol import types

from promptops.commands.lsp.checking import diagnostics, error_diagnostics, error_paths
from promptops.commands.lsp.documents import Encoding
from tests.commands.lsp.opened_files import UTF_16, UTF_32, opened
from tests.conftest import GitRepository

PATH = "prompts/ask.prompt.yaml"
PARTIAL = "prompts/partials/tone.md.j2"
PROMPT = """\
format: promptops/1
description: d.
owners: ["@a/b"]
inputs:
  required: [ticket]
  properties:
    ticket: {type: string, maxLength: 100}
    spare: {type: string, maxLength: 100, default: none}
messages:
  - role: user
    content: |
      😀 {{ tikcet }} {{ ticket }}.
      {% include "partials/tone.md.j2" %}
tests:
  - name: one
    inputs: {ticket: t}
    rendered: [{type: contains, value: t}]
"""


def at(line: int, start: int, end: int) -> types.Range:
    return types.Range(
        start=types.Position(line=line, character=start),
        end=types.Position(line=line, character=end),
    )


@pytest.mark.parametrize(("encoding", "shift"), [(UTF_32, 0), (UTF_16, 1)])
def test_a_finding_is_shown_with_all_that_is_known(
    repo: GitRepository, encoding: Encoding, shift: int
) -> None:
    repo.write({PATH: PROMPT, PARTIAL: "Be {{ tone }}.\n"})
    file = opened(repo.root, PATH, encoding=encoding)
    partial = opened(file.live, PARTIAL, encoding=encoding)

    found = [each for each in diagnostics(file) if each.code in ("VAR001", "VAR002")]

    assert found == [
        types.Diagnostic(
            range=at(7, 4, 9),
            message="`spare` is not used in any message\nuse it in a message, or remove it",
            severity=types.DiagnosticSeverity.Warning,
            code="VAR002",
            source="promptops",
            tags=[types.DiagnosticTag.Unnecessary],
        ),
        types.Diagnostic(
            range=at(11, 11 + shift, 17 + shift),
            message="`tikcet` is not an input\ndid you mean `ticket`?",
            severity=types.DiagnosticSeverity.Error,
            code="VAR001",
            source="promptops",
        ),
    ]
    assert diagnostics(partial) == [
        types.Diagnostic(
            range=at(0, 6, 10),
            message="`tone` is not an input\ndeclare it under `inputs`",
            severity=types.DiagnosticSeverity.Error,
            code="VAR001",
            source="promptops",
            related_information=[
                types.DiagnosticRelatedInformation(
                    location=types.Location(uri=file.uri, range=at(12, 17, 38)),
                    message="included from here",
                )
            ],
        )
    ]


@pytest.mark.parametrize(
    ("path", "text", "code"),
    [
        ("channels.yaml", "channels: 3\n", "REP007"),
        (
            "prompts/ask.cases.yaml",
            "- {name: two, inputs: {tikcet: t}, rendered: [{type: contains, value: t}]}\n",
            "TST002",
        ),
        ("promptops.toml", '[[models]]\nname = "a"\n', None),
    ],
)
def test_other_files_of_a_catalog_are_checked(
    repo: GitRepository, path: str, text: str, code: str | None
) -> None:
    prompt = PROMPT.replace("tests:\n", "tests:\n  - file: ask.cases.yaml\n")
    repo.write({PATH: prompt, "prompts/ask.cases.yaml": "[]\n", PARTIAL: "Hello.\n"})
    file = opened(repo.root, path, text)
    for _ in file.live.catalog_checks():
        pass

    assert [each.code for each in diagnostics(file)] == [code]


def test_errors_of_the_configuration_have_a_place(repo: GitRepository) -> None:
    repo.write({PATH: PROMPT, PARTIAL: "Hello.\n", "promptops.toml": "[lint]\nignroe = []\n"})
    file = opened(repo.root, "promptops.toml")

    assert error_paths(file.live) == {"promptops.toml"}
    assert error_diagnostics(file) == diagnostics(file)
    assert [(each.range, each.message) for each in error_diagnostics(file)] == [
        (at(1, 0, 6), "unknown key `ignroe`\ndid you mean `ignore`?")
    ]

    file = opened(file.live, "promptops.toml", 'prompts = ["prmpts"]\n')

    assert [(each.range, each.message) for each in diagnostics(file)] == [
        (
            at(0, 0, 0),
            "there are no files below `prmpts`, which `prompts` names as a folder of prompts\n"
            "fix the name, or leave it out; files that git ignores are not read",
        )
    ]


def test_a_prompt_file_outside_of_the_roots_is_explained(repo: GitRepository) -> None:
    repo.write({PATH: PROMPT, PARTIAL: "Hello.\n", "other/ask.prompt.yaml": PROMPT})
    live = opened(repo.root, PATH).live

    (found,) = diagnostics(opened(live, "other/ask.prompt.yaml"))

    assert (
        found.message == "this file is not checked: it is outside of the prompt roots (`prompts`)"
    )
    assert diagnostics(opened(live, "README.md")) == []


def test_of_thousands_of_findings_the_first_are_shown(repo: GitRepository) -> None:
    names = "".join(f"{{{{ a{number} }}}}\n      " for number in range(700))
    repo.write({PATH: PROMPT.replace("{% include", f"{names}{{# include").replace("%}", "#}")})

    found = diagnostics(opened(repo.root, PATH))

    assert len(found) == 501
    assert found[-1].message.endswith("more findings: run `promptops lint`")
