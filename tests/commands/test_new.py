"""`promptops new`: a prompt file that is clean, never over another."""

import json
from pathlib import Path

import pytest

from promptops.cli.main import run
from promptops.commands.lint.lint import LintOptions, lint
from promptops.commands.new import CreatedPrompt, create_prompt
from promptops.errors import GitError, InputError, UsageError
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace
from tests.output_schemas import validate

SCHEMAS = Path(__file__).parents[2] / "schemas"
COPY = ".promptops/prompt.schema.json"
TRIAGE = "prompts/support/triage.prompt.yaml"


def findings(repo):
    with workspace(repo.root) as opened:
        report = lint(opened, SelectionOptions(), LintOptions(use_cache=False))
    return [(found.code, found.message) for found in report.findings]


def modeline(repo, path):
    first = (repo.root / path).read_text("utf-8").splitlines()[0]
    return first.removeprefix("# yaml-language-server: $schema=")


def test_a_new_prompt_lints_without_a_finding(repo):
    created = create_prompt(repo.root, "support/triage")

    assert created == CreatedPrompt(id="support/triage", path=TRIAGE, schema_copy=COPY, missing=())
    assert findings(repo) == []


@pytest.mark.parametrize("identity", ["a", "support/triage", "a/b/c/d.de", "x-1_2/3.v2"])
def test_the_modeline_leads_to_the_schema(identity, repo):
    path = create_prompt(repo.root, identity).path

    found = (repo.root / path).parent / modeline(repo, path)
    assert found.resolve() == repo.root.resolve() / COPY
    assert found.read_bytes() == (SCHEMAS / "prompt.schema.json").read_bytes()


def test_a_schema_that_is_there_is_used(repo):
    repo.write({"schemas/prompt.schema.json": "{}"})

    created = create_prompt(repo.root, "support/triage")

    assert (created.schema_copy, modeline(repo, created.path)) == (
        None,
        "../../schemas/prompt.schema.json",
    )
    assert not (repo.root / COPY).exists()


def test_root_and_profile_are_those_of_the_configuration(repo):
    profile = '[models.own]\nprovider = "openai"\nid = "gpt-5.4-2026-03-05"\n'
    repo.write({"promptops.toml": f'prompts = ["texts"]\n{profile}'})

    created = create_prompt(repo.root, "ask")

    assert created.path == "texts/ask.prompt.yaml"
    assert "  profile: own\n" in (repo.root / created.path).read_text("utf-8")
    assert findings(repo) == []


def test_the_repository_itself_can_be_the_root(repo):
    repo.write({"promptops.toml": 'prompts = ["."]\n'})

    assert create_prompt(repo.root, "support/triage").path == "support/triage.prompt.yaml"


def test_required_metadata_that_is_known_is_written_and_the_rest_is_said(repo):
    required = '[lint]\nrequired-metadata = ["title", "owners", "tags", "description", "risk"]\n'
    repo.write({"promptops.toml": required})
    repo.git("config", "user.name", 'Ada "A" Author')

    created = create_prompt(repo.root, "support/first-reply")

    with workspace(repo.root) as opened:
        prompt = opened.catalog.loaded(created.path).prompt
    assert (prompt.title, prompt.owners, prompt.tags) == (
        "First reply",
        ('Ada "A" Author',),
        ("support",),
    )
    assert created.missing == ("risk",)
    assert findings(repo) == [("SCH007", "`risk` is missing")]


def test_without_a_name_in_git_the_owner_is_left_to_a_person(repo, monkeypatch):
    repo.write({"promptops.toml": '[lint]\nrequired-metadata = ["owners"]\n'})

    assert create_prompt(repo.root, "ask").missing == ("owners",)


@pytest.mark.parametrize(
    ("identity", "hint"),
    [
        ("Support/Triage", "write 'support/triage'"),
        ("support triage", "write 'support-triage'"),
        ("-x", "write 'x'"),
        ("/etc/passwd", "write 'etc/passwd'"),
        ("../x", "write 'x'"),
        ("a/../../b", "write 'a/b'"),
        ("a//b", "write 'a/b'"),
        ("a/", "write 'a'"),
        ("a/.git", "write 'a/git'"),
        ("größe", "write 'groe'"),
        ("", "such as support/triage"),
        ("äöü\n\x1b[31m", None),
        ("ask.prompt.yaml", "write 'ask'"),
        ("ask.prompt.yml", "write 'ask'"),
    ],
)
def test_an_id_that_cannot_be_one_is_refused(identity, hint, repo):
    with pytest.raises(UsageError) as caught:
        create_prompt(repo.root, identity)

    if hint is not None:
        assert caught.value.hint == hint
    assert "\n" not in caught.value.message
    assert [path for path in repo.root.iterdir() if path.name != ".git"] == []


@pytest.mark.parametrize(
    ("identity", "message"),
    [
        ("support/triage", "the prompt 'support/triage' exists already"),
        ("support", "'support' is a folder of other ids, such as 'support/triage'"),
        ("support/triage/x", "'support/triage' is a prompt, so it can't also be a folder"),
    ],
)
def test_an_id_that_is_taken_is_refused(identity, message, repo):
    create_prompt(repo.root, "support/triage")
    before = (repo.root / TRIAGE).read_bytes()

    with pytest.raises(UsageError) as caught:
        create_prompt(repo.root, identity)

    assert caught.value.message == message
    assert (repo.root / TRIAGE).read_bytes() == before


def test_the_other_ending_is_taken_too(repo):
    repo.write({"prompts/ask.prompt.yml": "format: promptops/1\n"})

    with pytest.raises(UsageError, match="exists already"):
        create_prompt(repo.root, "ask")


def test_an_ignored_file_is_not_overwritten(repo):
    repo.write({".gitignore": "prompts/\n", "prompts/ask.prompt.yaml": "mine"})

    with pytest.raises(InputError, match="a file exists there already"):
        create_prompt(repo.root, "ask")

    assert (repo.root / "prompts/ask.prompt.yaml").read_text("utf-8") == "mine"


def test_a_file_where_a_folder_must_be_is_said(repo):
    repo.write({"prompts/support": "a file"})

    with pytest.raises(InputError) as caught:
        create_prompt(repo.root, "support/triage")

    assert (caught.value.message, caught.value.where) == (
        "can't be created: 'prompts/support' is a file, not a folder",
        TRIAGE,
    )


def test_a_link_that_leads_out_is_not_followed(repo, tmp_path):
    (tmp_path / "outside").mkdir()
    (repo.root / "prompts").symlink_to(tmp_path / "outside")

    with pytest.raises(InputError, match="the root `prompts` is a symbolic link"):
        create_prompt(repo.root, "support/triage")

    assert list((tmp_path / "outside").iterdir()) == []


def test_a_name_too_long_for_the_file_system_is_said(repo):
    with pytest.raises(InputError, match="can't be created: file name too long"):
        create_prompt(repo.root, "a" * 300)


def test_outside_a_repository_and_in_a_bare_one_there_is_no_place(repo, tmp_path):
    repo.git("init", "--quiet", "--bare", "--template=", str(tmp_path / "bare"))

    for where in (tmp_path, tmp_path / "bare"):
        with pytest.raises(GitError):
            create_prompt(where, "ask")


def test_the_command_says_what_it_made_and_what_comes_next(repo, capfd):
    code = run(["new", "-C", str(repo.root), "support/triage"])

    assert (code, capfd.readouterr().out) == (
        0,
        f"wrote {COPY}\nwrote {TRIAGE}\nnext: promptops render support/triage\n",
    )


def test_what_comes_next_renders(repo, capfd):
    run(["new", "-q", "-C", str(repo.root), "ask"])

    assert run(["render", "-C", str(repo.root), "ask"]) == 0
    assert "How do I pair the hub" in capfd.readouterr().out


def test_the_json_is_what_its_schema_says(repo, capfd):
    run(["new", "-C", str(repo.root), "ask", "--format", "json"])

    value = json.loads(capfd.readouterr().out)
    validate("new", value)
    assert value == {
        "schema": 1,
        "id": "ask",
        "path": "prompts/ask.prompt.yaml",
        "schema_copy": COPY,
        "missing": [],
        "next": "promptops render ask",
    }
