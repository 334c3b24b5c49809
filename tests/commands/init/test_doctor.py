"""`promptops doctor`: what stands in the way, and never the value of a key."""

import json
import os
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import promptops
from promptops.cli.main import run
from promptops.commands.init.doctor import TESTED_PYTHONS, diagnose, git_diagnosis
from promptops.commands.init.init import set_up
from promptops.runtime.loading.cache import BundleCache, key_name
from promptops.workspace.diagnosis import Diagnosis
from tests.output_schemas import validate

ROOT = Path(__file__).parents[3]
SCHEMAS = ROOT / "schemas"
KEY = "value-of-a-key-nobody-may-see"


@pytest.fixture
def healthy(prepared, tmp_path, monkeypatch):
    """A repository with hook and configuration, a key, and our command first on PATH."""
    repo = prepared(with_hook).copied_to(tmp_path / "repo")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    put_on_path(monkeypatch, tmp_path / "bin", "from promptops.cli.main import main")
    return repo


def with_hook(repo):
    set_up(repo.root, hooks=True)
    repo.commit("one")


def put_on_path(monkeypatch, folder, script):
    folder.mkdir()
    (folder / "promptops").write_text(f"#!{sys.executable}\n{script}\n")
    (folder / "promptops").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(sys, "executable", str(folder / "python"))


def check(repo, name):
    return next(each for each in diagnose(repo.root) if each.name == name)


def problems(directory):
    return [(each.name, each.message) for each in diagnose(directory) if each.state == "problem"]


def test_nothing_stands_in_the_way_of_a_healthy_repository(healthy):
    assert problems(healthy.root) == []
    assert check(healthy, "configuration") == Diagnosis("configuration", "ok", "promptops.toml")
    assert check(healthy, "history") == Diagnosis("history", "ok", "complete")
    assert check(healthy, "key of fast") == Diagnosis("key of fast", "ok", "OPENAI_API_KEY is set")


def test_a_key_that_is_not_set_is_named(healthy, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "")

    found = check(healthy, "key of fast")

    assert (found.state, found.message) == ("note", "OPENAI_API_KEY is not set")
    assert problems(healthy.root) == []


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_value_of_a_key_is_never_shown(form, healthy, capfd):
    run(["doctor", "-C", str(healthy.root), "--format", form])

    out, err = capfd.readouterr()
    assert ("OPENAI_API_KEY" in out, KEY in out + err) == (True, False)


def test_a_profile_without_a_key_needs_none(healthy):
    profile = '[models.local]\nprovider = "openai"\nid = "x"\nbase_url = "http://127.0.0.1:1/v1"\n'
    healthy.write({"promptops.toml": profile})

    assert [each.name for each in diagnose(healthy.root) if each.name.startswith("key")] == []


@pytest.mark.parametrize(
    ("provider", "variable"),
    [
        ("anthropic", "ANTHROPIC_API_KEY"),
        ("gemini", "GEMINI_API_KEY"),
        ("openai", "OPENAI_API_KEY"),
    ],
)
def test_the_variable_of_a_provider_s_own_key_is_checked(provider, variable, healthy, monkeypatch):
    monkeypatch.delenv(variable, raising=False)
    healthy.write({"promptops.toml": f'[models.own]\nprovider = "{provider}"\nid = "x"\n'})

    assert check(healthy, "key of own") == Diagnosis(
        "key of own",
        "note",
        f"{variable} is not set",
        f"export {variable}=…; needed only to call the model",
    )


@pytest.mark.parametrize(
    ("provider", "module", "package", "requirement"),
    [
        ("anthropic", "anthropic", "anthropic", "anthropic>=2.14"),
        ("gemini", "google.genai", "google-genai", "google-genai>=3.6"),
        ("openai", "openai", "openai", "openai>=3"),
    ],
)
def test_a_client_that_is_not_installed_is_named(
    provider, module, package, requirement, healthy, monkeypatch
):
    monkeypatch.setitem(sys.modules, module, None)
    healthy.write({"promptops.toml": f'[models.own]\nprovider = "{provider}"\nid = "x"\n'})

    assert check(healthy, "client of own") == Diagnosis(
        "client of own",
        "note",
        f"the package `{package}` is not installed",
        f"pip install '{requirement}'; needed only to call the model",
    )


def test_a_key_or_a_client_that_several_profiles_need_is_named_once(healthy, monkeypatch):
    monkeypatch.setitem(sys.modules, "openai", None)
    monkeypatch.delenv("OPENAI_API_KEY")
    names = ("openai", "OpenAI", "openai", "openai")
    profiles = [f'[models.m{i}]\nprovider = "{name}"\nid = "x"\n' for i, name in enumerate(names)]
    local = '[models.local]\nprovider = "vllm"\nid = "x"\nbase_url = "http://127.0.0.1:1/v1"\n'
    healthy.write({"promptops.toml": "".join([*profiles, local])})

    found = [each for each in diagnose(healthy.root) if each.name.startswith(("key", "client"))]

    assert [(each.name, each.message, each.hint) for each in found] == [
        (
            "key of m0, m1, m2 and 1 more",
            "OPENAI_API_KEY is not set",
            "export OPENAI_API_KEY=…; needed only to call the model",
        ),
        (
            "client of m0, m1, m2 and 2 more",
            "the package `openai` is not installed",
            "pip install 'openai>=3'; needed only to call the model",
        ),
    ]


@pytest.mark.parametrize(
    ("said", "state", "message"),
    [
        ("git version 2.30.9", "problem", "2.30.9 is too old"),
        ("git version 1.8.3.1", "problem", "1.8.3.1 is too old"),
        (
            "git version 2.31.0",
            "note",
            "2.31.0 fetches missing objects of a partial clone, even in a hook",
        ),
        ("git version 2.44.0", "ok", "2.44.0"),
        ("git version 2.50.1 (Apple Git-155)", "ok", "2.50.1"),
        ("git version 2.45.1.windows.1", "ok", "2.45.1.windows.1"),
        ("git version 3.0.0-rc1", "ok", "3.0.0-rc1"),
        ("hello", "problem", "git's version can't be read: 'hello'"),
    ],
)
def test_git_is_judged_by_its_version(said, state, message):
    found = git_diagnosis(said)

    assert (found.state, found.message) == (state, message)


def test_without_git_that_is_the_problem(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert [each for each in problems(tmp_path) if each[0] in ("git", "repository")] == [
        ("git", "git is not installed"),
        ("repository", "git is not installed"),
    ]


def test_no_hook_is_a_problem_with_its_way_out(healthy):
    (healthy.root / ".git/hooks/pre-commit").unlink()

    found = check(healthy, "hook")

    assert (found.state, found.hint) == ("problem", "promptops init --hooks")
    assert found.message.startswith("no hook at ")


def test_with_an_entry_for_pre_commit_the_way_out_is_to_install_it(healthy):
    (healthy.root / ".git/hooks/pre-commit").unlink()
    set_up(healthy.root, hooks=False)

    assert check(healthy, "hook").hint == "pre-commit install"


def test_pre_commit_does_not_install_beside_core_hooks_path(healthy):
    set_up(healthy.root, hooks=False)
    healthy.git("config", "core.hooksPath", ".githooks")

    found = check(healthy, "hook")

    where = healthy.root.resolve() / ".githooks/pre-commit"
    assert (found.message, found.hint) == (
        f"no hook at {where} (core.hooksPath): commits are not checked",
        "promptops init --hooks",
    )


@pytest.mark.parametrize(
    ("hook", "state", "hint"),
    [
        ("#!/bin/sh\nmake\n", "problem", "add this line to it: promptops lint --staged || exit 1"),
        ("#!/bin/sh\npromptops lint --staged || exit 1\n", "ok", ""),
        ("#!/usr/bin/env bash\n# File generated by pre-commit\n", "problem", "promptops init"),
        (b"\xff\xfe", "problem", "add this line to it: promptops lint --staged || exit 1"),
    ],
)
def test_the_hook_is_judged_by_whose_it_is(hook, state, hint, healthy):
    healthy.write({".git/hooks/pre-commit": hook})

    found = check(healthy, "hook")

    assert (found.state, found.hint) == (state, hint)


def test_a_hook_of_pre_commit_with_our_entry_is_ours(healthy):
    healthy.write({".git/hooks/pre-commit": "# File generated by pre-commit\n"})
    (healthy.root / ".git/hooks/pre-merge-commit").unlink()
    set_up(healthy.root, hooks=False)

    assert check(healthy, "hook").state == "ok"


def test_a_hook_that_git_cannot_run_is_a_problem(healthy):
    hook = healthy.root / ".git/hooks/pre-commit"
    hook.chmod(0o644)

    found = check(healthy, "hook")

    assert (found.state, found.hint) == ("problem", f"chmod +x '{hook.resolve()}'")


def test_a_folder_in_place_of_the_hook_is_not_ours(healthy):
    hook = healthy.root / ".git/hooks/pre-commit"
    hook.unlink()
    hook.mkdir()

    assert check(healthy, "hook").state == "problem"


@pytest.mark.parametrize("brings", ["top_level.txt", "RECORD"])
def test_another_distribution_that_took_the_import_name_is_named(
    brings, healthy, tmp_path, monkeypatch
):
    content = {"top_level.txt": "promptops\n", "RECORD": "a.py,,\npromptops/__init__.py,,\n"}
    folder = tmp_path / "site" / "promptops_tools-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: promptops-tools\nVersion: 1\n")
    (folder / brings).write_text(content[brings])
    monkeypatch.syspath_prepend(str(tmp_path / "site"))

    found = check(healthy, "import name")

    assert (found.state, found.message) == (
        "problem",
        "promptops-tools also installs a package `promptops`",
    )


def test_a_program_of_somebody_else_is_a_problem(healthy, tmp_path, monkeypatch):
    put_on_path(monkeypatch, tmp_path / "other", "print('hello')")

    assert problems(healthy.root) == [
        ("command", f"{tmp_path}/other/promptops is another program with that name")
    ]


def test_a_copy_in_another_environment_is_a_note(healthy, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "elsewhere" / "python"))

    assert check(healthy, "command").state == "note"


def test_a_command_that_is_not_on_path_is_a_problem(healthy, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")

    assert problems(healthy.root) == [("command", "`promptops` is not on PATH, so hooks can't run")]


def test_an_unknown_default_branch_is_noted_with_the_command_that_sets_it(healthy):
    known = [each.name for each in diagnose(healthy.root)]
    healthy.git("remote", "add", "origin", "https://example.com/prompts.git")
    for name in ("main", "trunk"):
        healthy.git("update-ref", f"refs/remotes/origin/{name}", "HEAD")

    found = check(healthy, "default branch")

    assert "default branch" not in known
    assert found == Diagnosis(
        "default branch",
        "note",
        "unknown, so no branch approves an address of a model",
        "git remote set-head origin -a",
    )


def test_a_shallow_clone_is_a_problem(healthy, tmp_path):
    healthy.commit("two")
    clone = tmp_path / "clone"
    healthy.git("clone", "--quiet", "--depth=1", f"file://{healthy.root}", str(clone))

    found = next(each for each in diagnose(clone) if each.name == "history")

    fetch = "git fetch --unshallow --tags origin '+refs/heads/*:refs/remotes/origin/*'"
    assert found == Diagnosis("history", "problem", "the clone is shallow", fetch)


def test_a_broken_configuration_is_said_at_its_place(healthy):
    healthy.write({"promptops.toml": "[lint]\nselct = []\n"})

    assert problems(healthy.root) == [("configuration", "promptops.toml:2:1: unknown key `selct`")]


def test_without_configuration_the_defaults_hold(healthy):
    (healthy.root / "promptops.toml").unlink()

    assert check(healthy, "configuration").state == "note"


def test_a_schema_of_another_version_is_a_note(healthy):
    healthy.write({".promptops/prompt.schema.json": "{}"})

    assert check(healthy, "editor").state == "note"


def test_outside_a_repository_that_is_said(tmp_path):
    found = next(each for each in diagnose(tmp_path) if each.name == "repository")

    assert (found.state, found.hint) == ("problem", "create one here: git init")


def test_of_a_bare_repository_the_configuration_of_head_is_judged(healthy, tmp_path):
    healthy.write({"promptops.toml": "[lint]\nselct = []\n"})
    healthy.commit("two")
    healthy.git("clone", "--quiet", "--bare", str(healthy.root), str(tmp_path / "bare"))

    assert problems(tmp_path / "bare") == [
        ("configuration", "promptops.toml:2:1: unknown key `selct`")
    ]


def test_a_python_that_is_not_tested_is_a_problem(healthy, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 20, 1))

    found = check(healthy, "python")

    assert (found.state, found.hint) == ("problem", "use Python 3.11 to 3.14")


def test_the_pythons_of_doctor_are_those_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [each.rpartition(" ")[2] for each in project["classifiers"] if ":: 3." in each]
    (lowest, first), (highest, last) = TESTED_PYTHONS

    assert named == [f"{lowest}.{minor}" for minor in range(first, last + 1)]
    assert project["requires-python"] == f">={lowest}.{first},<{highest}.{last + 1}"


def test_the_exit_code_says_whether_something_stands_in_the_way(healthy, tmp_path, capfd):
    assert run(["doctor", "-C", str(healthy.root)]) == 0
    (healthy.root / ".git/hooks/pre-commit").unlink()
    assert run(["doctor", "-C", str(healthy.root)]) == 1


def test_the_json_is_what_its_schema_says(healthy, capfd):
    run(["doctor", "-C", str(healthy.root), "--format", "json"])

    value = json.loads(capfd.readouterr().out)
    validate("doctor", value)
    assert (value["schema"], value["ok"]) == (1, True)
    assert {"name": "history", "state": "ok", "message": "complete", "hint": None} in value[
        "checks"
    ]


def test_a_cache_that_others_can_change_is_noted(healthy, tmp_path, monkeypatch):
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    monkeypatch.setenv("PROMPTOPS_CACHE", str(folder))

    way_out = f"chmod go-w {folder}, or set PROMPTOPS_CACHE to a folder that does not exist yet"
    message = f"{folder} is not used: other users can write to it"
    assert check(healthy, "cache") == Diagnosis("cache", "note", message, way_out)
    assert problems(healthy.root) == []


def test_a_channel_that_is_reset_can_begin_anew(tmp_path, monkeypatch, capfd):
    site = tmp_path / "site"
    monkeypatch.setenv("PROMPTOPS_CACHE", str(tmp_path / "cache"))
    cache = BundleCache(tmp_path / "cache")
    for channel in ("production", "staging"):
        cache.keep_serial(2**63 - 1, str(site), channel)
        cache.keep_pointer({"bundle": "1", "of": key_name(str(site), channel)}, channel)
    site.mkdir()
    (site / "index.json").write_text("{}")
    (site / "bundles").mkdir()
    arguments = ["doctor", "--reset-channel", "production", "--source", str(site)]

    codes = [run(arguments), run(arguments)]

    out, _ = capfd.readouterr()
    assert (codes, out) == (
        [0, 0],
        "ok       channel production  forgot serial 9223372036854775807 and 1 remembered answers "
        f"of {site}\n"
        "                             tip: restart the programs that load it\n"
        f"note     channel production  nothing is remembered about it at {site}\n"
        "                             tip: name the source that the program passes: "
        "--source SOURCE\n",
    )
    assert (cache.serial(str(site), "production"), cache.serial(str(site), "staging")) == (
        0,
        2**63 - 1,
    )
    assert (cache.pointer("production"), cache.pointer("staging") is None) == (None, False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--reset-channel", "v1.2"], "'v1.2' can't be the name of a channel"),
        (["--source", "x"], "`--source` needs `--reset-channel`"),
    ],
)
def test_a_reset_that_means_nothing_is_wrong_usage(arguments, message, tmp_path, capfd):
    assert run(["doctor", *arguments, "-C", str(tmp_path)]) == 2
    assert message in capfd.readouterr().err


DOCTOR = "from promptops.cli.main import main; main()"


def doctor(repo, **environment):
    """What `promptops doctor` prints about bytecode."""
    done = subprocess.run(
        [sys.executable, "-c", DOCTOR, "doctor", "--format", "json"],
        cwd=repo.root,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )
    return [each for each in json.loads(done.stdout)["checks"] if each["name"] == "bytecode"]


def test_missing_bytecode_is_reported_with_its_cause_and_the_command(repo, tmp_path):
    folder = str(tmp_path / "bytecode")

    (found,) = doctor(repo, PYTHONDONTWRITEBYTECODE="1", PYTHONPYCACHEPREFIX=folder)

    assert (found["state"], found["message"]) == (
        "note",
        "Python compiles promptops at every start, since PYTHONDONTWRITEBYTECODE is set: "
        "hooks take 40% longer",
    )
    command, _, other = found["hint"].partition("; ")
    assert other == "with uv: uv pip install --compile-bytecode"
    assert command.startswith("python -m compileall -q '")
    folders = shlex.split(command)[4:]
    assert str(Path(promptops.__file__).parent) in folders or any(
        name.endswith("site-packages") for name in folders
    )


@pytest.mark.slow
def test_what_the_command_compiles_is_no_longer_reported(repo, tmp_path):
    folder = str(tmp_path / "bytecode")
    environment = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": folder}
    where = (
        "import promptops, jinja2, yaml\n"
        "for package in (promptops, jinja2, yaml): print(package.__path__[0])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", where], cwd=repo.root, capture_output=True, text=True, check=True
    )
    packages = printed.stdout.splitlines()
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", *packages],
        env={**os.environ, **environment},
        check=True,
    )

    assert doctor(repo, **environment) == []


@pytest.mark.slow
def test_bytecode_that_python_writes_itself_is_nothing_to_report(repo, tmp_path):
    assert doctor(repo, PYTHONPYCACHEPREFIX=str(tmp_path), PYTHONDONTWRITEBYTECODE="") == []
