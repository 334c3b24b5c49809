"""`promptops completion`: the script, and what it completes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from promptops.cli.main import run

ROOT = Path(__file__).parents[2]
PROGRAM = (
    f"import sys; sys.path.insert(0, {str(ROOT)!r}); from promptops.cli.main import main; main()"
)


def completed(words, index, directory):
    environment = {
        "_PROMPTOPS_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(index),
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=directory,
        env=os.environ | environment,
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    return [line.removeprefix("plain,") for line in done.stdout.split()]


@pytest.mark.parametrize(
    ("shell", "said"),
    [
        ("bash", "complete -o nosort -F _promptops_completion promptops"),
        ("zsh", "#compdef promptops"),
        ("fish", "complete --no-files --command promptops"),
    ],
)
def test_the_script_of_a_shell_registers_the_command(shell, said, capfd):
    code = run(["completion", shell])

    out, err = capfd.readouterr()
    assert (code, said in out, err) == (0, True, "")


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_bash_takes_the_script(capfd):
    run(["completion", "bash"])
    script = capfd.readouterr().out

    done = subprocess.run(
        ["bash", "--norc", "-c", f"{script}\ncomplete -p promptops"],
        capture_output=True,
        check=False,
        encoding="utf-8",
    )

    assert (done.returncode, done.stdout) == (
        0,
        "complete -o nosort -F _promptops_completion promptops\n",
    )


def test_an_unknown_shell_is_wrong_usage(capfd):
    assert run(["completion", "tcsh"]) == 2


def test_commands_complete(tmp_path):
    assert completed("promptops doc", 1, tmp_path) == ["doctor"]


def test_ids_complete(repo):
    for name in ("support/triage", "support/refund", "data/sql"):
        repo.write({f"prompts/{name}.prompt.yaml": "not even: [YAML\n"})

    assert completed("promptops new support/", 2, repo.root) == [
        "support/refund",
        "support/triage",
    ]


@pytest.mark.parametrize("command", ["render", "lint", "test", "check", "list", "blame", "run"])
def test_the_names_of_prompts_complete_by_id_or_else_as_files(repo, command):
    repo.write({"prompts/support/triage.prompt.yaml": "not even: [YAML\n"})

    assert completed(f"promptops {command} support/", 2, repo.root) == ["support/triage"]
    assert completed(f"promptops {command} prompts/su", 2, repo.root) == ["file,prompts/su"]


def test_cases_complete_for_a_prompt_that_is_named_by_its_path(repo):
    repo.write(
        {
            "prompts/ask.prompt.yaml": (
                "format: promptops/1\nmessages:\n  - {role: user, content: Hello}\n"
                "tests:\n  - {name: greeting}\n"
            )
        }
    )

    words = "promptops render prompts/ask.prompt.yaml --case gr"
    assert completed(words, 4, repo.root) == ["greeting"]


def test_model_profiles_complete(repo):
    profiles = "".join(
        f'[models.{name}]\nprovider = "echo"\nid = "e"\n' for name in ("fast", "fastest", "strong")
    )
    repo.write({"promptops.toml": profiles})

    assert completed("promptops run ask --model fa", 4, repo.root) == ["fast", "fastest"]


def test_outside_a_repository_no_id_completes(tmp_path):
    assert completed("promptops new s", 2, tmp_path) == []


def test_ids_and_commands_complete_in_the_directory_before_the_command(repo):
    repo.write({"prompts/support/triage.prompt.yaml": "not even: [YAML\n"})
    above, name = repo.root.parent, repo.root.name

    assert completed(f"promptops -C {name} render su", 4, above) == ["support/triage"]
    assert completed(f"promptops -C {name} doc", 3, above) == ["doctor"]
    assert completed("promptops -C nowhere render su", 4, above) == []
    assert completed(f"promptops -C {name[:2]}", 2, above) == [f"dir,{name[:2]}"]
