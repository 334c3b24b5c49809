"""The skill for coding agents, followed: every command in it, in an application with prompts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from promptops.cli.group import all_commands, group
from promptops.workspace.new_files import template

SKILL = template("skill.md")
APP = {
    "desk/texts.py": (
        'SUMMARY_PROMPT = "Summarise the following text in at most three sentences:\\n{text}"\n'
        'TRIAGE_PROMPT = """You triage support tickets for {product}.\n'
        "Answer with one word: hardware, software or billing.\n"
        'Ticket: {ticket}"""\n'
    ),
    "desk/search.py": (
        "def query_prompt(question, language='English'):\n"
        '    return f"Rewrite the question as a short query in {language}: {question}"\n'
    ),
    "AGENTS.md": "# Agents\n\nRun the tests before each commit.\n",
}
WORDS = {
    "BASE": "master",
    "CODE": "VAR001",
    "COMMAND": "lint",
    "'FILE::NAME'": "'texts.py::summary-prompt'",
    "ID": "example/summary",
    "NAME": "'experts keep their terms'",
    "NEW": "search/query",
    "OLD": "search/query-prompt",
    "SRC": "desk",
}
"""What the words in capitals stand for."""

NOT_RUN = {
    "promptops test ID --record": "it calls a model",
}
UNKNOWN = {name for name in ("cases",) if name not in dict(all_commands(group))}
"""Commands that this version does not have yet."""

_FENCE = re.compile(r"(?ms)^ *```(\w+)\n(.*?)^ *```$")
_INLINE = re.compile(r"`(promptops [a-z][^`]*)`")


def section(title: str) -> str:
    """The text below a heading of the second level."""
    return SKILL.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def typed(text: str) -> list[str]:
    """The commands in blocks and in sentences, in their order."""
    found = [
        (match.start(), line.strip())
        for match in _FENCE.finditer(text)
        if match[1] == "sh"
        for line in match[2].splitlines()
    ]
    prose = _FENCE.sub(lambda match: " " * len(match[0]), text)
    found += [(match.start(), match[1]) for match in _INLINE.finditer(prose)]
    return [command for _, command in sorted(found, key=lambda each: each[0])]


def filled(command: str) -> str:
    for word, value in WORDS.items():
        command = re.sub(rf"(?<![\w:]){re.escape(word)}(?![\w:])", value, command)
    return command.replace("promptops new example/summary", "promptops new desk/greeting")


@pytest.fixture
def shell(repo, command):
    """Runs a command in the application, and asserts that it does what its user wants."""
    repo.git("branch", "--move", "master")
    repo.write(APP)
    repo.commit("The desk")
    repo.git("switch", "--quiet", "--create", "prompts")
    installed = str(Path(sys.executable).parent)

    def run(line: str) -> str:
        # `doctor` reports a program of the tests; the others run in forks of one process.
        programs = installed if line == "promptops doctor" else str(Path(command).parent)
        path = os.pathsep.join([programs, os.environ["PATH"]])
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=repo.root,
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    return run


@pytest.mark.slow
def test_each_command_of_the_skill_does_what_an_agent_follows_it_for(shell, repo):
    shell("promptops init --agents && git add -A && git commit -qm 'The skill'")
    sections = ("Move prompts from code to files", "Change a prompt", "Never", "More")
    followed = [each for name in sections for each in typed(section(name))]

    for each in dict.fromkeys(followed):
        if each == "promptops release --dry-run":
            shell("git switch -q master && git merge -q prompts")
        if each not in NOT_RUN and each.split()[1] not in UNKNOWN:
            shell(filled(each))

    assert "pass:" in shell("promptops check")
    prompts = {"example/summary", "texts/summary-prompt", "texts/triage-prompt"}
    assert prompts | {"search/query"} <= set(shell("promptops list").split())
    shell(f"{sys.executable} -c '{PARITY}'")


PARITY = """
import promptops
from desk.texts import TRIAGE_PROMPT as OLD
prompt = promptops.load("v0.1.0")["texts/triage-prompt"]
values = {"product": "hub", "ticket": "It blinks."}
assert OLD.format(**values) == prompt.render(**values).messages[0]["content"]
"""


def test_every_command_and_option_of_the_skill_exists():
    known = dict(all_commands(group))
    wrong = []
    for command in (each for each in typed(SKILL) if each.startswith("promptops ")):
        _, name, *arguments = command.split()
        if name in UNKNOWN or name == "COMMAND":
            continue
        names = {option for param in known[name].params for option in param.opts} | {"--help"}
        wrong += [command for word in arguments if word[:2] == "--" and word not in names]

    assert wrong == []
    assert set(NOT_RUN) <= set(typed(SKILL))
