"""The change that introduces promptops brings its own settings; no other change does."""

import json
import os

import pytest

from promptops.cli.main import run

ASK = "prompts/ask.prompt.yaml"
PROMPT = """\
format: promptops/1
description: Answers.
messages:
  - {role: user, content: Say please.}
tests:
  - name: one
    rendered:
      - {type: contains, value: please}
"""
UNTESTED = PROMPT[: PROMPT.index("tests:")]
MISSPELT = UNTESTED.replace("Say please.", '"Say please, {{ naem }}."')
APP = {"app/main.py": "print('hello')\n"}
FAIL_ON_WARNINGS = '[lint]\nfail-on = "warning"\n'
IGNORED = '[lint]\nignore = ["VAR001"]\n'
PYPROJECT = f"[project]\nname = 'app'\n[tool.promptops]\n{IGNORED.replace('[lint]', '')}"
LOOSE = {"promptops.toml": IGNORED, ASK: MISSPELT}
SETTINGS = "note: first adoption: this change brings its own settings"
BASELINE = "note: first adoption: this change brings its own baseline"


@pytest.fixture
def fork_point(repo):
    """Commit what a base has, then begin a branch with a change; gives what changes it."""

    def made(base, head, gone=()):
        repo.write(base)
        repo.commit("base")
        repo.git("switch", "--quiet", "--create", "change")
        for path in gone:
            repo.git("rm", "--quiet", path)
        repo.write(head)
        repo.commit("change")

    return made


@pytest.fixture
def write_baseline(repo, capsysbinary):
    """Accept all findings of the files on disk, as the rules are by default."""

    def accept(config=""):
        repo.write({"promptops.toml": ""})
        assert run(["lint", "-C", str(repo.root), "--write-baseline"]) == 0
        repo.write({"promptops.toml": config})
        capsysbinary.readouterr()

    return accept


def judged(checked, *arguments):
    """The exit code, the notes, and the risks of the gate."""
    code, lines = checked("--since", "main", *arguments)
    return (
        code,
        [line for line in lines if line.startswith("note: ")],
        [line for line in lines if line.startswith("risk: ")],
    )


@pytest.mark.parametrize(
    ("base", "head", "code"),
    [
        (APP, LOOSE, 0),
        (APP, {"promptops.toml": FAIL_ON_WARNINGS, ASK: UNTESTED}, 1),
        (APP, {"pyproject.toml": "[tool.promptops.lint]\nfail-on = 'warning'\n", ASK: PROMPT}, 0),
        ({"pyproject.toml": "[project]\nname = 'app'\n"}, {"promptops.toml": "", ASK: PROMPT}, 0),
        (
            {"service/promptops.toml": FAIL_ON_WARNINGS, f"service/{ASK}": UNTESTED},
            {"promptops.toml": 'prompts = ["service/prompts"]\n'},
            0,
        ),
        (
            {"prompts/notes.md": "Of people.\n"},
            {"promptops.toml": 'prompts = ["ai"]\n', "ai/ask.prompt.yaml": PROMPT},
            0,
        ),
    ],
    ids=["loose", "strict", "pyproject", "other-pyproject", "subfolder", "another-root"],
)
def test_settings_of_a_first_adoption_apply_to_itself_and_are_no_risks(
    fork_point, checked, base, head, code
):
    fork_point(base, head)

    assert judged(checked) == (code, [SETTINGS], [])


def test_baseline_and_models_of_a_first_adoption_apply(repo, fork_point, checked, write_baseline):
    fork_point(APP, {ASK: UNTESTED})
    write_baseline()
    repo.write(
        {
            "promptops.toml": (
                f'{FAIL_ON_WARNINGS}[check]\nfail-on = ["breaking", "risk"]\n[models.fast]\n'
                'provider = "openai"\nid = "gpt-5.4-mini-2026-03-17"\n'
                'base_url = "https://llm.example.com/v1"\n'
            )
        }
    )
    repo.commit("a baseline")

    assert judged(checked) == (0, [SETTINGS], [])
    assert judged(checked, "--at", "worktree") == (0, [SETTINGS], [])


def test_a_first_adoption_of_a_fork_brings_its_own_settings_too(fork_point, checked, monkeypatch):
    monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")
    fork_point(APP, {"promptops.toml": FAIL_ON_WARNINGS, ASK: UNTESTED})

    assert judged(checked) == (1, [SETTINGS], [])


ROOT_RISK = "risk: `prompts` changes; those of the base are checked too (promptops.toml:1)"
MERGED = "risk: `lint.ignore` changes; it takes effect once it is merged "


@pytest.mark.parametrize(
    ("base", "head", "gone", "risks"),
    [
        ({"promptops.toml": ""}, LOOSE, (), [f"{MERGED}(promptops.toml:2)"]),
        ({"promptops.toml": "", ASK: UNTESTED}, LOOSE, (), [f"{MERGED}(promptops.toml:2)"]),
        (
            {"pyproject.toml": "[tool.promptops]\n"},
            {"pyproject.toml": "", **LOOSE},
            (),
            [f"{MERGED}(promptops.toml:2)"],
        ),
        (
            {"promptops.toml": "", ASK: UNTESTED},
            {"pyproject.toml": PYPROJECT.replace("\nignore", "lint.ignore"), ASK: MISSPELT},
            ("promptops.toml",),
            [f"{MERGED}(pyproject.toml:4)"],
        ),
        (
            {"promptops.toml": "", ASK: UNTESTED},
            {"service/promptops.toml": IGNORED, ASK: MISSPELT},
            ("promptops.toml",),
            [],
        ),
        (
            {"promptops.toml": "", ASK: UNTESTED},
            {"promptops.toml": 'prompts = ["prompts", "ai"]\n', "ai/b.prompt.yaml": MISSPELT},
            (),
            [ROOT_RISK],
        ),
    ],
    ids=["config-only", "managed", "pyproject", "renamed", "moved-down", "second-root"],
)
def test_a_base_with_a_configuration_judges_by_it(fork_point, checked, base, head, gone, risks):
    fork_point(base, head, gone)

    assert judged(checked) == (1, [], risks)


def test_the_baseline_of_the_first_prompts_applies_under_the_settings_of_the_base(
    repo, fork_point, checked, write_baseline
):
    fork_point({"promptops.toml": FAIL_ON_WARNINGS}, {ASK: UNTESTED})
    assert judged(checked) == (1, [], [])
    write_baseline(FAIL_ON_WARNINGS)
    repo.commit("a baseline")

    assert judged(checked) == (0, [BASELINE], [])


def test_a_base_with_prompts_lacks_only_a_configuration(repo, fork_point, checked, write_baseline):
    fork_point({ASK: UNTESTED}, LOOSE)
    applies = "to this change, because the base has no configuration"
    loosened = f"risk: `lint.ignore` changes; it applies {applies} (promptops.toml:2)"
    assert judged(checked) == (0, [SETTINGS], [loosened])
    write_baseline(f'{IGNORED}fail-on = "warning"\n')
    repo.commit("a baseline")

    assert judged(checked) == (
        1,
        [SETTINGS],
        [
            "risk: `lint.ignore` and `lint.fail-on` change; "
            f"they apply {applies} (promptops.toml:2)",
            "risk: the baseline changes which findings count; it takes effect once it is merged "
            "(promptops-baseline.json:1)",
        ],
    )


@pytest.mark.parametrize("base", [{ASK: UNTESTED}, {"promptops.toml": FAIL_ON_WARNINGS}])
def test_a_fork_brings_nothing_if_the_base_has_prompts_or_a_configuration(
    repo, fork_point, checked, write_baseline, monkeypatch, base
):
    fork_point(base, {ASK: MISSPELT})
    write_baseline(IGNORED)
    repo.commit("a baseline")
    monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")

    code, notes, risks = judged(checked)

    assert (code, notes) == (1, [])
    assert all(risk.endswith(("merged (promptops.toml:2)", "json:1)")) for risk in risks)


@pytest.mark.parametrize(
    ("since", "config"), [("main", FAIL_ON_WARNINGS), ("HEAD~1", ""), ("main", "prompts = 3\n")]
)
def test_a_branch_older_than_the_adoption_brings_no_settings_of_its_own(
    repo, fork_point, checked, since, config
):
    fork_point(APP, LOOSE)
    repo.git("switch", "--quiet", "main")
    repo.write({"promptops.toml": config, "prompts/other.prompt.yaml": PROMPT})
    repo.commit("adopted")
    repo.git("switch", "--quiet", "change")

    code, lines = checked("--since", since)

    assert (code, [line for line in lines if "first adoption" in line]) == (1, [])
    assert f"{MERGED}(promptops.toml:2)" in lines


def test_a_usual_name_is_enough_to_bring_no_settings_if_git_knows_no_default_branch(
    repo, fork_point, checked, tmp_path
):
    fork_point(APP, LOOSE)
    repo.git("switch", "--quiet", "main")
    repo.write({"promptops.toml": ""})
    repo.commit("adopted")
    repo.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    repo.git("remote", "add", "origin", str(tmp_path / "bare"))
    repo.git("fetch", "--quiet", "origin")
    repo.git("switch", "--quiet", "change")
    repo.git("branch", "--quiet", "--delete", "--force", "main")

    code, lines = checked("--since", "HEAD~1")

    assert (code, lines[0]) == (1, f"{MERGED}(promptops.toml:2)")


@pytest.mark.parametrize("other", ["develop", "main"])
def test_a_fork_brings_nothing_if_neither_git_nor_the_base_names_a_branch(
    repo, fork_point, checked, monkeypatch, other
):
    fork_point(APP, LOOSE)
    repo.git("switch", "--quiet", "main")
    repo.git("branch", "--quiet", "--move", "develop")
    if other != "develop":
        repo.git("branch", "--quiet", other)  # a usual name, but an old branch
    old = repo.git("rev-parse", "HEAD")
    repo.write({"promptops.toml": FAIL_ON_WARNINGS})
    repo.commit("adopted")
    repo.git("switch", "--quiet", "change")
    repo.git("merge", "--quiet", "--strategy=ours", "--no-edit", "develop")
    repo.git("remote", "add", "origin", str(repo.root))
    repo.git("fetch", "--quiet", "origin")
    monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")

    found = {since: checked("--since", since) for since in (old, "develop~1")}

    assert {since: (code, lines[0]) for since, (code, lines) in found.items()} == dict.fromkeys(
        found, (1, f"{MERGED}(promptops.toml:2)")
    )


@pytest.mark.parametrize("since", ["develop", "refs/heads/develop", "origin/develop"])
def test_a_fork_brings_its_own_settings_if_the_base_is_named_as_a_branch(
    repo, fork_point, checked, monkeypatch, since
):
    fork_point(APP, LOOSE)
    repo.git("branch", "--quiet", "--move", "main", "develop")
    repo.git("remote", "add", "origin", str(repo.root))
    repo.git("fetch", "--quiet", "origin")
    monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")

    code, lines = checked("--since", since)

    assert (code, lines[0]) == (0, SETTINGS)


def test_after_the_merge_the_default_branch_is_judged_as_the_change_was(repo, fork_point, checked):
    fork_point(APP, {"promptops.toml": FAIL_ON_WARNINGS, ASK: PROMPT})
    repo.git("switch", "--quiet", "main")
    repo.git("merge", "--quiet", "--ff-only", "change")

    code, lines = checked("--since", "HEAD~1")

    assert (code, lines[0]) == (0, SETTINGS)


def test_a_misspelt_root_of_a_first_adoption_passes_nothing(repo, fork_point, capsys):
    fork_point(APP, {"promptops.toml": 'prompts = ["promts"]\n', ASK: PROMPT})

    code = run(["check", "-C", str(repo.root), "--since", "main"])

    assert (code, capsys.readouterr().err.splitlines()[0]) == (
        3,
        "promptops.toml: error: there are no files below `promts`, which `prompts` names as a "
        "folder of prompts",
    )


def test_a_change_without_promptops_is_no_adoption(fork_point, checked):
    fork_point(APP, {"app/main.py": "print('hi')\n"})

    assert judged(checked) == (0, [], [])


def test_every_report_begins_with_the_first_adoption(fork_point, checked):
    fork_point(APP, {"promptops.toml": "", ASK: PROMPT})
    sentence = "first adoption: this change brings its own settings"

    found = {
        name: checked("--since", "main", "--format", name)[1]
        for name in ("text", "markdown", "json", "html", "github")
    }

    assert found["text"][0] == SETTINGS
    assert found["markdown"][1:4] == [
        "### promptops: pass · required version bump: **minor**",
        "",
        f"- note: {sentence}",
    ]
    assert json.loads("\n".join(found["json"]))["notes"] == [sentence]
    assert f'<p class="note">{sentence}</p>' in found["html"]
    assert found["github"][0] == f"::notice title=note::{sentence}"


def test_the_model_of_a_first_adoption_is_still_not_called(repo, fork_point, capsys, monkeypatch):
    address = '[models.fast]\nprovider = "openai"\nid = "x"\nbase_url = "https://evil.example/v1"\n'
    fork_point(APP, {"promptops.toml": address, ASK: f"{PROMPT}model: {{profile: fast}}\n"})
    monkeypatch.setitem(os.environ, "OPENAI_API_KEY", "sk-none")

    code = run(["run", "-C", str(repo.root), "ask"])

    assert code == 2
    assert "the default branch, `main`, has no such endpoint" in capsys.readouterr().err
