"""An error in the configuration does not hide the errors in prompts that do not depend on it."""

from __future__ import annotations

import json

import pytest

from promptops.cli.main import run

ASK = "prompts/ask.prompt.yaml"
PROMPT = """\
format: promptops/1
description: Asks.
model: {profile: fast}
inputs:
  properties:
    name: {$ref: name.json, default: Ada}
messages:
  - {role: user, content: "Hello {{ nmae }}."}
  - {role: user, content: ""}
tests:
  - {name: one, rendered: [{type: contains, value: Hello}]}
"""
NAME = '{"type": "string", "maxLength": 9}\n'
FAST = '[models.fast]\nprovider = "echo"\nid = "echo-1"\n'
FOUND = f"""\
{ASK}:8:37: error: `nmae` is not an input  [VAR001 undefined-variable]
    8 |   - {{role: user, content: "Hello {{{{ nmae }}}}."}}
      |                                     ^^^^ did you mean `name`?
found 1 error
"""


@pytest.fixture
def started(repo, capsys):
    """Run a command in the repository: exit code, stdout, and the first line of stderr."""

    def start(*arguments):
        code = run([*arguments, "-C", str(repo.root)])
        said = capsys.readouterr()
        return code, said.out, said.err.splitlines()[0]

    return start


CONFIGURATIONS = {
    "an unknown key": (f"{FAST}[test]\nconcurency = 4\n", "5:1: error: unknown key `concurency`"),
    "an unknown rule": (f'{FAST}[lint]\nignore = ["VRA"]\n', "5:11: error: there is no rule `VRA`"),
    "a profile without a provider": (
        '[models.fast]\nid = "echo-1"\n',
        "2:1: error: `provider` is missing",
    ),
    "no TOML": (f"{FAST}[test\n", "4:1: error: not TOML: `[` is never closed"),
    "roots of another type": (
        f'schemas = "schemas"\n{FAST}',
        "1:1: error: expected a list, got the string `schemas`",
    ),
}


@pytest.mark.parametrize(("config", "error"), CONFIGURATIONS.values(), ids=CONFIGURATIONS.keys())
@pytest.mark.parametrize("command", [["lint"], ["lint", "--staged"], ["check"]], ids=" ".join)
def test_an_error_in_a_prompt_is_shown_beside_that_of_the_configuration(
    repo, started, command, config, error
):
    repo.write({"promptops.toml": config, ASK: PROMPT, "schemas/name.json": NAME})
    repo.git("add", "--all")

    code, out, err = started(*command)

    assert (code, out) == (3, FOUND)
    assert err.startswith(f"promptops.toml:{error}")


def test_no_error_is_invented_where_the_roots_are_not_known(repo, started):
    config = f'schemas = ["elsewhere"]\n{FAST}[test\n'
    prompt = PROMPT.replace("nmae", "name").replace('  - {role: user, content: ""}\n', "")
    repo.write({"promptops.toml": config, ASK: prompt, "elsewhere/name.json": NAME})

    assert started("lint")[:2] == (3, "")


def test_programs_get_one_value_and_quiet_runs_nothing(repo, started):
    repo.write({"promptops.toml": "[test]\nconcurency = 4\n", ASK: PROMPT})

    code, out, _ = started("lint", "--format", "json")

    assert (code, json.loads(out)["exit_code"]) == (3, 3)
    assert started("lint", "--quiet")[:2] == (3, "")
