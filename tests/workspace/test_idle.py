"""The hook exits early, before heavy imports, if no file that promptops reads is staged."""

import subprocess
import sys

import pytest

from promptops.workspace.hook_fast_exit import staged_files


def nothing_staged():
    found = staged_files()
    found.close()
    return not found.relevant


@pytest.mark.parametrize(
    ("configuration", "path", "idle"),
    [
        ("", "notes.txt", True),
        ("", "prompts.txt", True),
        ("", "prompts/ask.prompt.yaml", False),
        ("", "prompts/partials/a.md.j2", False),
        ("", "schemas/a.json", False),
        ("", "channels.yaml", False),
        ("", "promptops.toml", False),
        ("", "pyproject.toml", False),
        ('prompts = ["llm"]', "llm/ask.prompt.yaml", False),
        ('prompts = ["llm/"]', "llm/ask.prompt.yaml", False),
        ('prompts = ["llm"]', "prompts/ask.prompt.yaml", True),
        ('prompts = ["."]', "notes.txt", False),
        ("prompts = [", "notes.txt", False),
    ],
)
def test_only_what_the_tool_looks_at_counts(repo, monkeypatch, configuration, path, idle):
    repo.write({"promptops.toml": configuration})
    repo.commit("one")
    repo.write({path: "changed\n"})
    repo.git("add", path)
    monkeypatch.chdir(repo.root)

    assert nothing_staged() is idle


def test_a_deletion_counts(repo, monkeypatch):
    repo.write({"prompts/partials/a.md.j2": "text\n"})
    repo.commit("one")
    repo.git("rm", "--quiet", "prompts/partials/a.md.j2")
    monkeypatch.chdir(repo.root)

    assert nothing_staged() is False


def test_before_the_first_commit_and_from_a_folder_below(repo, monkeypatch):
    repo.write({"prompts/ask.prompt.yaml": "text\n", "docs/a.txt": "text\n"})
    repo.git("add", "docs")
    monkeypatch.chdir(repo.root / "docs")

    assert nothing_staged() is True
    repo.git("add", ".")
    assert nothing_staged() is False


def test_a_configuration_that_may_stand_in_pyproject_is_left_to_the_command(repo, monkeypatch):
    repo.write({"pyproject.toml": '[tool.promptops]\nprompts = ["llm"]\n', "a.txt": "a\n"})
    repo.commit("one")
    repo.write({"a.txt": "b\n"})
    repo.git("add", ".")
    monkeypatch.chdir(repo.root)

    assert nothing_staged() is False


def test_outside_a_repository_the_command_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert nothing_staged() is False


def test_nothing_heavy_is_imported(repo):
    repo.write({"a.txt": "a\n"})
    repo.git("add", ".")
    script = (
        "import sys; from promptops.cli.main import run; code = run(['lint', '--staged']);"
        "heavy = {'click', 'jinja2', 'yaml', 'jsonschema_rs', 'git', 'subprocess', 'json'};"
        "print(code, sorted(heavy & sys.modules.keys()))"
    )

    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {script}"],
        cwd=repo.root,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "0 []\n"
