"""The hook `promptops-fix`, as pre-commit runs it."""

import sys

import pytest
import yaml

TRIAGE = "prompts/support/triage.prompt.yaml"
UNQUOTED = "format: promptops/1\ntitle: 12:30:45\n"
QUOTED = 'format: promptops/1\ntitle: "12:30:45"\n'
HOOK = {
    "id": "promptops-fix",
    "name": "fix",
    "entry": "promptops lint --fix --staged",
    "language": "system",
    "pass_filenames": False,
    "always_run": True,
}


@pytest.fixture
def mended(catalog, run, tmp_path, monkeypatch):
    """The catalog with the hook in place and a change staged that can be mended."""
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "pre-commit"))
    config = {"repos": [{"repo": "local", "hooks": [HOOK]}]}
    catalog.write({".pre-commit-config.yaml": yaml.safe_dump(config)})
    assert run(catalog, sys.executable, "-m", "pre_commit", "install")[0] == 0
    text = (catalog.root / TRIAGE).read_text("utf-8")
    catalog.write({TRIAGE: text.replace("format: promptops/1\n", UNQUOTED)})
    catalog.git("add", "--all")
    return catalog


def test_a_commit_is_held_until_what_was_mended_is_staged(mended, run):
    first, _ = run(mended, "git", "commit", "-m", "two")
    text = (mended.root / TRIAGE).read_text("utf-8")
    mended.git("add", TRIAGE)
    second, _ = run(mended, "git", "commit", "-m", "two")

    assert (first, text.startswith(QUOTED), second) == (1, True, 0)
    assert mended.git("show", f"HEAD:{TRIAGE}").startswith(QUOTED)


def test_a_half_staged_file_is_not_mended(mended, run):
    text = (mended.root / TRIAGE).read_text("utf-8")
    mended.write({TRIAGE: text.replace("You sort", "You order")})
    half = (mended.root / TRIAGE).read_bytes()

    code, said = run(mended, "promptops", "lint", "--fix", "--staged")

    assert (code, said.splitlines()[0]) == (
        4,
        f"{TRIAGE}: error: partly staged: its unstaged changes would be fixed too",
    )
    assert (mended.root / TRIAGE).read_bytes() == half
