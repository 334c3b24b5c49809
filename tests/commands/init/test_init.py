"""`promptops init`: what it writes, what it leaves alone, what it refuses."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from promptops.cli.group import group
from promptops.cli.main import run
from promptops.commands.init.ci_files import CiOptions
from promptops.commands.init.hooks import (
    new_pre_commit_file,
    pre_commit_runs_promptops,
    with_pre_commit_entry,
)
from promptops.commands.init.init import set_up
from promptops.commands.lint.lint import LintOptions, lint
from promptops.errors import GitError
from promptops.model.distribution import InstallOrigin
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace
from tests.output_schemas import validate

SCHEMAS = Path(__file__).parents[3] / "schemas"
WRITTEN = [
    "promptops.toml",
    ".promptops/prompt.schema.json",
    ".promptops/config.schema.json",
    "prompts/partials/house-style.md.j2",
    "prompts/example/summary.prompt.yaml",
    ".gitignore",
    ".vscode/settings.json",
    ".pre-commit-config.yaml",
]
EXAMPLE = "prompts/example/summary.prompt.yaml"
ENTRY = yaml.safe_load(new_pre_commit_file())["repos"][0]


ORIGIN = InstallOrigin(url="https://git.example.com/acme/promptops", commit="0123456789" * 4)


def begin(repo, *, hooks=False, platform=None, origin=ORIGIN, nightly=False):
    ci = CiOptions(platform=platform, origin=origin, nightly=nightly)
    return set_up(repo.root, hooks=hooks, ci=ci)


def actions(started):
    return [(step.action, step.path) for step in started.steps]


def contents(repo):
    files = (path for path in repo.root.rglob("*") if path.is_file())
    return {path: path.read_bytes() for path in files if ".git" not in path.parts}


def findings(repo, **wanted):
    with workspace(repo.root) as opened:
        report = lint(opened, SelectionOptions(**wanted), LintOptions(use_cache=False))
    return [(str(found.place), found.code, found.message) for found in report.findings]


def step(started, path):
    return next(each for each in started.steps if each.path == path)


def test_an_empty_repository_gets_everything(repo):
    started = begin(repo)

    assert actions(started) == [("wrote", path) for path in WRITTEN]
    assert started.next == "pre-commit install"
    assert sorted(path.relative_to(repo.root).as_posix() for path in contents(repo)) == sorted(
        WRITTEN
    )


def test_what_it_writes_lints_without_a_finding(repo):
    begin(repo)

    assert findings(repo) == []
    with workspace(repo.root) as opened:
        prompt = opened.catalog.loaded(EXAMPLE).prompt
    assert len(prompt.cases) == 2
    assert all(case.rendered for case in prompt.cases)


def test_what_it_writes_passes_the_gate(repo, capfd):
    begin(repo)

    code = run(["check", "-C", str(repo.root)])

    assert (code, capfd.readouterr().out.partition(":")[0]) == (0, "pass")


def test_a_second_run_changes_nothing(repo):
    begin(repo, platform="github")
    before = contents(repo)

    again = begin(repo, platform="github")

    assert {step.action for step in again.steps} == {"kept"}
    assert contents(repo) == before


def test_the_modeline_leads_to_the_schema_from_where_the_prompt_stands(repo):
    begin(repo)

    first = (repo.root / EXAMPLE).read_text("utf-8").splitlines()[0]

    said = first.removeprefix("# yaml-language-server: $schema=")
    found = (repo.root / EXAMPLE).parent / said
    assert json.loads(found.read_text("utf-8")) == json.loads(
        (SCHEMAS / "prompt.schema.json").read_text("utf-8")
    )
    settings = json.loads((repo.root / ".vscode/settings.json").read_text("utf-8"))
    assert list(settings["yaml.schemas"]) == [".promptops/prompt.schema.json"]


def test_from_a_folder_inside_the_root_is_set_up(repo):
    repo.write({"deep/inside/x.txt": "x"})

    set_up(repo.root / "deep" / "inside", hooks=False)

    assert (repo.root / "promptops.toml").is_file()


def test_nothing_that_is_there_is_overwritten(repo):
    own = {
        "promptops.toml": 'prompts = ["texts"]\n',
        ".vscode/settings.json": "{} // mine\n",
        ".github/workflows/promptops.yml": "name: mine\n",
        "texts/partials/house-style.md.j2": "Mine.\n",
    }
    repo.write(own)

    started = begin(repo, platform="github")

    assert {path: (repo.root / path).read_text("utf-8") for path in own} == own
    assert actions(started) == [
        ("kept", "promptops.toml"),
        ("wrote", ".promptops/prompt.schema.json"),
        ("wrote", ".promptops/config.schema.json"),
        ("kept", "texts/partials/house-style.md.j2"),
        ("wrote", ".gitignore"),
        ("kept", ".vscode/settings.json"),
        ("wrote", ".pre-commit-config.yaml"),
        ("kept", ".github/workflows/promptops.yml"),
    ]
    assert not (repo.root / "texts/example").exists()


def test_the_example_uses_the_roots_and_the_profile_that_are_configured(repo):
    profile = '[models."own one"]\nprovider = "openai"\nid = "gpt-5.4-2026-03-05"\n'
    repo.write({"promptops.toml": f'prompts = ["texts"]\n{profile}'})

    begin(repo)

    text = (repo.root / "texts/example/summary.prompt.yaml").read_text("utf-8")
    assert '  profile: "own one"\n' in text
    assert findings(repo) == []


def test_without_a_profile_the_example_names_a_model(repo):
    repo.write({"pyproject.toml": '[tool.promptops]\nprompts = ["."]\n'})

    started = begin(repo)

    assert step(started, "pyproject.toml").action == "kept"
    assert not (repo.root / "promptops.toml").exists()
    value = yaml.safe_load((repo.root / "example/summary.prompt.yaml").read_text("utf-8"))
    assert value["model"]["provider"] == "openai"


def test_a_catalog_that_has_prompts_gets_no_example(repo):
    prompt = "format: promptops/1\nmessages: [{role: user, content: Hello.}]\n"
    repo.write({"prompts/mine.prompt.yaml": prompt})

    started = begin(repo)

    assert step(started, "prompts").note == "it contains prompts already, so no example was written"
    assert not (repo.root / EXAMPLE).exists()


def test_a_schema_of_another_version_is_kept_and_said(repo):
    repo.write({".promptops/prompt.schema.json": "{}"})

    kept = step(begin(repo), ".promptops/prompt.schema.json")

    assert (kept.action, kept.note) == (
        "kept",
        "it differs from the one of this version of promptops; remove it to get that one",
    )


ITEM = "repo: local\n  hooks: [{id: x, name: x, entry: x, language: system}]"


@pytest.mark.parametrize(
    "text",
    [
        f"repos:\n- {ITEM}\n",
        f"repos:\n- {ITEM}",
        f"repos:\n- {ITEM}\n\n# the end\n",
        f"default_stages: [pre-commit]  # mine\nrepos:\n- {ITEM}\nfail_fast: true\n",
        "repos:\n    -   repo: https://example.com/x  # four\n        rev: v1\n        hooks:\n"
        "        -   id: x\n            args: [a,\n                b]\n",
        "repos:\r\n- repo: https://example.com/x\r\n  rev: v1\r\n  hooks:\r\n  - id: x\r\n",
        '---\nrepos:\n  - repo: https://example.com/x\n    rev: "v1"\n    hooks:\n      - id: x\n'
        "        description: two\n          lines\n# a comment behind\nci: {skip: [x]}\n",
    ],
)
def test_the_entry_is_added_behind_what_is_there(text):
    after = with_pre_commit_entry(text)

    before, value = yaml.safe_load(text), yaml.safe_load(after)
    assert value == {**before, "repos": [*before["repos"], ENTRY]}
    assert [line for line in text.splitlines() if line not in after.splitlines()] == []
    assert after.count("\r\n") == (after.count("\n") if "\r\n" in text else 0)
    assert (pre_commit_runs_promptops(text), pre_commit_runs_promptops(after)) == (False, True)


@pytest.mark.parametrize(
    "text",
    ["", "repos: []\n", "repos: [{repo: local, hooks: []}]\n", "repos:\n", "- x\n", "a: [\n", "x"],
)
def test_what_cannot_be_edited_safely_is_left_alone_and_shown(text, repo):
    repo.write({".pre-commit-config.yaml": text})

    kept = step(begin(repo), ".pre-commit-config.yaml")

    assert (kept.action, kept.note) == (
        "kept",
        "it can't be edited safely; add this below `repos`",
    )
    assert yaml.safe_load(kept.snippet) == [ENTRY]
    assert (repo.root / ".pre-commit-config.yaml").read_text("utf-8") == text


def test_a_file_that_is_a_link_is_left_alone(repo, tmp_path):
    (tmp_path / "elsewhere.yaml").write_text(f"repos:\n- {ITEM}\n")
    (repo.root / ".pre-commit-config.yaml").symlink_to(tmp_path / "elsewhere.yaml")

    kept = step(begin(repo), ".pre-commit-config.yaml")

    assert (kept.action, yaml.safe_load(kept.snippet)) == ("kept", [ENTRY])
    assert (tmp_path / "elsewhere.yaml").read_text() == f"repos:\n- {ITEM}\n"


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_file_that_cannot_be_read_is_said(content, repo):
    if content is None:
        (repo.root / ".pre-commit-config.yaml").mkdir()
    else:
        repo.write({".pre-commit-config.yaml": content})

    failed = step(begin(repo), ".pre-commit-config.yaml")

    notes = {None: "can't be read: is a directory", b"\xff\xfe": "not UTF-8"}
    assert (failed.action, failed.note) == ("failed", notes[content])


def test_an_entry_is_added_to_a_file_that_lacks_it_and_only_once(repo):
    repo.write({".pre-commit-config.yaml": f"repos:\n- {ITEM}\n"})

    first = step(begin(repo), ".pre-commit-config.yaml")
    text = (repo.root / ".pre-commit-config.yaml").read_text("utf-8")
    second = step(begin(repo), ".pre-commit-config.yaml")

    assert (first.action, second.action) == ("added", "kept")
    assert (repo.root / ".pre-commit-config.yaml").read_text("utf-8") == text


@pytest.mark.parametrize(
    "hook", ["{id: promptops}", "{id: x, entry: promptops lint --staged}", "{id: promptops, y: z}"]
)
def test_a_hook_of_ours_is_recognised(hook):
    assert pre_commit_runs_promptops(f"repos: [{{repo: x, hooks: [{hook}]}}]")


@pytest.mark.parametrize(
    "text", ["# promptops\nrepos: []", "repos: 3", "repos: [3]", "repos: [{}]"]
)
def test_a_word_in_a_comment_is_no_hook(text):
    assert not pre_commit_runs_promptops(text)


def test_the_plain_hook_is_installed_instead_of_the_entry(repo):
    started = begin(repo, hooks=True)

    paths = [".git/hooks/pre-commit", ".git/hooks/pre-merge-commit"]
    assert actions(started)[-2:] == [("wrote", path) for path in paths]
    assert [os.access(repo.root / path, os.X_OK) for path in paths] == [True, True]
    assert not (repo.root / ".pre-commit-config.yaml").exists()
    assert actions(begin(repo, hooks=True))[-2:] == [("kept", path) for path in paths]


def test_the_gate_before_a_push_is_installed_where_it_is_asked_for(repo, capfd):
    code = run(["init", "-C", str(repo.root), "--hooks", "--pre-push"])

    assert (code, "wrote  .git/hooks/pre-push\n" in capfd.readouterr().out) == (0, True)
    assert os.access(repo.root / ".git/hooks/pre-push", os.X_OK)
    assert run(["init", "-C", str(repo.root), "--pre-push"]) == 2


@pytest.mark.parametrize("folder", [".githooks", "../outside/hooks"])
def test_core_hooks_path_is_respected(folder, repo):
    where = folder if folder.startswith(".g") else str((repo.root / folder).resolve())
    repo.git("config", "core.hooksPath", where)

    last = begin(repo, hooks=True).steps[-1]

    assert (last.action, last.note) == ("wrote", f"core.hooksPath is {where}")
    assert os.access(repo.root / folder / "pre-commit", os.X_OK)


def test_beside_core_hooks_path_the_plain_hook_is_what_comes_next(repo):
    repo.git("config", "core.hooksPath", ".githooks")

    assert begin(repo).next == "promptops init --hooks"


def test_pre_commit_also_checks_merges(repo):
    begin(repo)
    config = yaml.safe_load((repo.root / ".pre-commit-config.yaml").read_text("utf-8"))

    assert config["default_install_hook_types"] == ["pre-commit", "pre-merge-commit"]


def test_an_entry_in_a_file_without_merges_names_both_types_of_hook(repo):
    repo.write({".pre-commit-config.yaml": f"repos:\n- {ITEM}\n"})

    assert begin(repo).next == (
        "pre-commit install --hook-type pre-commit --hook-type pre-merge-commit"
    )


def test_a_hook_that_is_there_needs_no_installing(repo):
    repo.write({".git/hooks/pre-commit": "# File generated by pre-commit\n"})

    assert begin(repo).next == "promptops lint"


def test_a_hook_of_somebody_else_is_left_alone(repo):
    repo.write({".git/hooks/pre-commit": "#!/bin/sh\nmake check\n"})

    kept, wrote = begin(repo, hooks=True).steps[-2:]

    assert (kept.action, kept.note, kept.snippet) == (
        "kept",
        "there is another hook; add this line to it",
        "promptops lint --staged || exit 1\n",
    )
    assert (wrote.action, wrote.path) == ("wrote", ".git/hooks/pre-merge-commit")
    assert (repo.root / ".git/hooks/pre-commit").read_text() == "#!/bin/sh\nmake check\n"


def test_the_executable_is_quoted_in_the_hook(repo, tmp_path, monkeypatch):
    folder = tmp_path / "it's here"
    folder.mkdir()
    (folder / "promptops").write_text("#!/bin/sh\n")
    monkeypatch.setattr(sys, "executable", str(folder / "python"))

    begin(repo, hooks=True)

    hook = (repo.root / ".git/hooks/pre-commit").read_text("utf-8")
    script = hook.partition("if command")[0] + 'printf %s "$installed"\n'
    done = subprocess.run(["sh"], input=script, capture_output=True, text=True, check=True)
    assert done.stdout == f"{folder}/promptops"


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda repo: repo.git("remote", "add", "origin", "git@github.com:a/b.git"), "github"),
        (lambda repo: repo.git("remote", "add", "origin", "https://gitlab.com/a/b"), "gitlab"),
        (lambda repo: repo.write({".github/CODEOWNERS": ""}), "github"),
        (lambda repo: repo.write({".gitlab-ci.yml": "x: {script: [x]}\n"}), "gitlab"),
        (lambda repo: None, None),
    ],
)
def test_the_workflow_is_for_the_platform_that_the_repository_shows(make, expected, repo):
    make(repo)

    paths = [path for _, path in actions(begin(repo))]

    files = {".github/workflows/promptops.yml": "github", ".gitlab-ci.yml": "gitlab"}
    assert next((files[path] for path in paths if path in files), None) == expected


def test_a_ci_file_of_gitlab_is_left_alone_and_the_job_is_shown(repo):
    repo.write({".gitlab-ci.yml": "x: {script: [x]}\n"})

    kept = begin(repo, platform="gitlab").steps[-1]

    assert (kept.action, kept.note) == ("kept", "it exists already; add these jobs")
    job = yaml.safe_load(kept.snippet)["promptops"]
    assert job["variables"] == {"GIT_DEPTH": "0"}
    assert job["rules"][0]["variables"] == {"PROMPTOPS_UNTRUSTED": "1"}


def test_the_nightly_workflow_gets_the_keys_and_clients_of_all_profiles_and_is_kept(repo):
    repo.write(
        {
            "promptops.toml": '[models.a]\nprovider = "Anthropic"\nid = "claude-9"\n'
            '[models.b]\nprovider = "openai"\nid = "b-1"\nbase_url = "https://b.example/v1"\n'
            'api_key_env = "B_KEY"\n'
        }
    )

    first = begin(repo, platform="github", nightly=True)
    again = begin(repo, platform="github", nightly=True)

    path = ".github/workflows/promptops-nightly.yml"
    assert [actions(each)[-1] for each in (first, again)] == [("wrote", path), ("kept", path)]
    assert [each.steps[-1].note for each in (first, again)] == [
        "store the API key as a secret of the environment `promptops-nightly` (Settings,"
        " Environments) on GitHub, and push the file to the default branch",
        "it exists already",
    ]
    workflow = yaml.safe_load((repo.root / path).read_text("utf-8"))
    (job,) = workflow["jobs"].values()
    assert list(workflow[True]) == ["schedule", "workflow_dispatch"]
    assert (workflow["permissions"], job["permissions"]) == (
        {},
        {"contents": "write", "issues": "write"},
    )
    assert (job["steps"][-1]["with"], job["steps"][-1]["env"]) == (
        {"extras": "anthropic,live"},
        {
            "ANTHROPIC_API_KEY": "${{ secrets.ANTHROPIC_API_KEY }}",
            "B_KEY": "${{ secrets.B_KEY }}",
        },
    )


def test_the_nightly_job_of_gitlab_is_in_its_file_or_is_shown(repo):
    begin(repo, platform="gitlab")
    missing = begin(repo, platform="gitlab", nightly=True).steps[-1]
    (repo.root / ".gitlab-ci.yml").unlink()
    begin(repo, platform="gitlab", nightly=True)
    kept = begin(repo, platform="gitlab", nightly=True).steps[-1]

    assert (missing.action, missing.note) == ("kept", "it exists already; add this job")
    assert list(yaml.safe_load(missing.snippet)) == ["promptops drift"]
    assert (kept.action, kept.note) == ("kept", "it exists already")
    jobs = yaml.safe_load((repo.root / ".gitlab-ci.yml").read_text("utf-8"))
    assert list(jobs) == ["promptops", "promptops release", "promptops drift"]


def test_a_nightly_workflow_for_an_unknown_platform_fails_with_the_option_to_name_it(repo):
    failed = begin(repo, nightly=True).steps[-1]

    note = "the CI platform is unknown (name it: promptops init --ci github --nightly)"
    assert (failed.action, failed.note) == ("failed", note)


def test_without_an_origin_no_workflow_is_written_and_the_option_is_named(repo):
    """Nothing that somebody else could own is installed in CI."""
    asked = begin(repo, platform="github", origin=None).steps[-1]
    repo.write({".github/CODEOWNERS": ""})
    found = begin(repo, origin=None).steps[-1]

    note = (
        "the source that CI should install promptops from is unknown"
        " (name it: promptops init --ci github --install-from URL@COMMIT)"
    )
    path = ".github/workflows/promptops.yml"
    assert [(each.action, each.path, each.note) for each in (asked, found)] == [
        ("failed", path, note),
        ("skipped", path, note),
    ]
    assert not (repo.root / path).exists()


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("https://git.example.com/acme/promptops", "no full commit id after `@`"),
        ("https://git.example.com/acme/promptops@v1.0.0", "no full commit id after `@`"),
        (f"git@git.example.com:acme/promptops@{ORIGIN.commit}", "not an `https://` address"),
        (f"http://git.example.com/acme@{ORIGIN.commit}", "not an `https://` address"),
        (f"https://me:word@git.example.com/acme@{ORIGIN.commit}", "not an `https://` address"),
        (f"https://git.example.com/a;id@{ORIGIN.commit}", "not an `https://` address"),
        (f"https://git.example.com/a\n@{ORIGIN.commit}", "not an `https://` address"),
        (f"https://git.example.com/-a@{ORIGIN.commit}", "not an `https://` address"),
        (f"https://git.example.com/a/../b@{ORIGIN.commit}", "not an `https://` address"),
    ],
)
def test_an_origin_that_is_no_pinned_address_is_refused(value, problem, repo, capfd):
    code = run(["init", "-C", str(repo.root), "--ci", "github", "--install-from", value])

    said = capfd.readouterr().err
    assert (code, said.startswith(f"error: --install-from: {problem}")) == (2, True), said
    assert list(contents(repo)) == []


def test_the_origin_of_the_command_line_is_in_the_workflow(repo, capfd):
    code = run(["init", "-C", str(repo.root), "--ci", "gitlab", "--install-from", f"git+{ORIGIN}"])

    assert code == 0
    text = (repo.root / ".gitlab-ci.yml").read_text("utf-8")
    assert text.count(f'pip install --quiet "git-promptops @ git+{ORIGIN}"') == 2


def test_outside_a_repository_the_way_out_is_said(tmp_path):
    with pytest.raises(GitError) as caught:
        set_up(tmp_path, hooks=False)

    assert caught.value.hint == "create one here: git init"
    assert list(tmp_path.iterdir()) == []


def test_a_bare_repository_has_no_place_for_files(repo, tmp_path):
    repo.git("init", "--quiet", "--bare", "--template=", str(tmp_path / "bare"))
    before = sorted(tmp_path.joinpath("bare").rglob("*"))

    with pytest.raises(GitError, match="this repository has no work tree"):
        set_up(tmp_path / "bare", hooks=False)

    assert sorted(tmp_path.joinpath("bare").rglob("*")) == before


def test_a_file_where_a_folder_must_be_hides_nothing_else(repo):
    repo.write({".vscode": "a file", ".promptops": "a file"})

    started = begin(repo)

    assert [(each.path, each.note) for each in started.steps if each.action == "failed"] == [
        (path, f"can't be created: {folder!r} is a file, not a folder (move the file away)")
        for folder, path in [
            (".promptops", ".promptops/prompt.schema.json"),
            (".promptops", ".promptops/config.schema.json"),
            (".vscode", ".vscode/settings.json"),
        ]
    ]
    assert (repo.root / EXAMPLE).is_file()


def test_a_file_where_the_prompts_must_be_is_said(repo):
    repo.write({"prompts": "a file"})

    failed = [each.path for each in begin(repo).steps if each.action == "failed"]

    assert failed == ["prompts/partials/house-style.md.j2", EXAMPLE]


WITHOUT_ROOTS_RIGHTS = """
import ctypes, os, sys
if os.geteuid() == 0:  # root may write everywhere, by a capability that can be given up
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, sets) == 0
    sets[0] &= ~2
    assert libc.capset(header, sets) == 0
from promptops.cli.main import run
sys.exit(run(["init"]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="rights are given up as Linux has it")
def test_a_read_only_repository_is_said(repo):
    repo.root.chmod(0o555)
    try:
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT_ROOTS_RIGHTS],
            cwd=repo.root,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        repo.root.chmod(0o755)

    lines = done.stdout.splitlines()
    assert done.returncode == 3
    assert {line.split()[0] for line in lines[:-1]} == {"failed"}
    assert "can't be created: permission denied" in lines[0]


def test_a_link_that_leads_out_is_not_followed(repo, tmp_path):
    (tmp_path / "outside").mkdir()
    (repo.root / ".vscode").symlink_to(tmp_path / "outside")

    failed = [(each.path, each.note) for each in begin(repo).steps if each.action == "failed"]

    assert failed == [(".vscode/settings.json", "a symbolic link points outside the repository")]
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_broken_configuration_is_said_at_its_place(repo):
    repo.write({"promptops.toml": "prompts = [\n"})

    started = begin(repo)

    failed = [each for each in started.steps if each.action == "failed"]
    assert {each.path.partition(":")[0] for each in failed} == {"promptops.toml"}
    assert (repo.root / "promptops.toml").read_text("utf-8") == "prompts = [\n"
    assert (repo.root / ".pre-commit-config.yaml").is_file()


def test_the_command_says_what_it_did_and_what_comes_next(repo):
    result = CliRunner().invoke(group, ["init", "-C", str(repo.root)])

    lines = [f"wrote  {path}" for path in WRITTEN]
    assert (result.exit_code, result.stdout) == (
        0,
        "\n".join([*lines, "next: pre-commit install\n"]),
    )


def test_the_json_is_what_its_schema_says(repo, capfd):
    code = run(["init", "-C", str(repo.root), "--format", "json"])

    value = json.loads(capfd.readouterr().out)
    validate("init", value)
    assert (code, value["next"]) == (0, "pre-commit install")


def test_what_failed_is_bad_input_and_comes_first(repo, capfd):
    repo.write({".vscode": "a file"})

    code = run(["init", "-C", str(repo.root)])

    last = capfd.readouterr().out.splitlines()[-1]
    assert (code, last) == (3, "next, when that is fixed: promptops init")


@pytest.mark.parametrize(
    ("typed", "again"),
    [
        (["--ci", "gitlab", "--install-from", str(ORIGIN)], f"--ci gitlab --install-from {ORIGIN}"),
        (["--ci", "github", "--hooks"], "--hooks --ci github --install-from URL@COMMIT"),
        (["--hooks", "--pre-push"], "--hooks --pre-push"),
        (["--hooks", "--git-diff"], "--hooks --git-diff"),
    ],
)
def test_the_next_command_after_a_failure_has_the_options_of_this_one(typed, again, repo, capfd):
    repo.write({".vscode": "a file"})

    code = run(["init", "-C", str(repo.root), *typed])

    last = capfd.readouterr().out.splitlines()[-1]
    assert (code, last) == (3, f"next, when that is fixed: promptops init {again}")


def test_no_entry_for_pre_commit_is_written_beside_the_plain_hooks(repo):
    begin(repo, hooks=True)

    started = begin(repo, platform="github")

    path = ".pre-commit-config.yaml"
    entry = step(started, path)
    assert (entry.action, entry.note) == ("skipped", "git hooks of promptops are installed")
    assert (started.next, (repo.root / path).exists()) == ("promptops lint", False)


@pytest.mark.parametrize(("branch", "written"), [("trunk", "trunk"), ("a'b", "main")])
def test_releases_are_made_from_the_branch_that_is_checked_out(repo, branch, written):
    repo.git("symbolic-ref", "HEAD", f"refs/heads/{branch}")

    set_up(repo.root, hooks=False)

    config = tomllib.loads((repo.root / "promptops.toml").read_text())
    assert config["release"]["branches"] == [written]


def test_releases_are_made_from_the_default_branch_while_another_one_is_checked_out(repo):
    repo.commit("an application")
    repo.git("switch", "--quiet", "--create", "adopt")

    set_up(repo.root, hooks=False)

    config = tomllib.loads((repo.root / "promptops.toml").read_text())
    assert config["release"]["branches"] == ["main"]


@pytest.mark.parametrize(
    ("before", "action", "after"),
    [
        (b"", "added", b"promptops-report.*\n"),
        (b"*.log\n", "added", b"*.log\npromptops-report.*\n"),
        (b"*.log", "added", b"*.log\npromptops-report.*\n"),
        (b"*.log\r\n", "added", b"*.log\r\npromptops-report.*\r\n"),
        (b"/promptops-report.html\n", "kept", b"/promptops-report.html\n"),
        (b"\xff\n", "kept", b"\xff\n"),
    ],
)
def test_reports_are_added_to_gitignore_once(repo, before, action, after):
    repo.write({".gitignore": before})

    started = begin(repo)

    assert step(started, ".gitignore").action == action
    assert (repo.root / ".gitignore").read_bytes() == after


def test_git_ignores_reports_of_the_gate_from_then_on(repo):
    begin(repo)

    run(["check", "-C", str(repo.root), "--format", "html=promptops-report.html"])

    assert (repo.root / "promptops-report.html").exists()
    assert "promptops-report.html" not in repo.git("status", "--porcelain")
