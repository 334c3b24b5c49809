"""The commands that the CI files of `init` run, run."""

import json
import subprocess

import pytest
import yaml

TRIAGE = "prompts/support/triage.prompt.yaml"
WORKFLOWS = {"github": ".github/workflows/promptops.yml", "gitlab": ".gitlab-ci.yml"}


def commands(repository, platform):
    value = yaml.safe_load((repository.root / WORKFLOWS[platform]).read_text("utf-8"))
    if platform == "gitlab":
        lines = value["promptops"]["script"]
    else:
        lines = [step["run"] for step in value["jobs"]["check"]["steps"] if "run" in step]
    assert lines[0] == 'pip install "git-promptops"'
    return lines[1:]


@pytest.fixture(params=WORKFLOWS)
def results(request, catalog, run, tmp_path, monkeypatch):
    """From a change of the catalog to exit code and output of each command."""
    assert run(catalog, "promptops", "init", "--ci", request.param)[0] == 0
    base = catalog.commit("two")
    for name in ("BASE", "CI_MERGE_REQUEST_DIFF_BASE_SHA"):
        monkeypatch.setenv(name, base)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))

    def change(old, new):
        text = (catalog.root / TRIAGE).read_text("utf-8")
        catalog.write({TRIAGE: text.replace(old, new, 1)})
        catalog.commit("three")
        found = []
        for line in commands(catalog, request.param):
            done = subprocess.run(
                ["sh", "-c", line], cwd=catalog.root, capture_output=True, text=True, check=False
            )
            found.append((done.returncode, done.stdout + done.stderr))
        return found

    change.platform = request.param
    return change


def test_a_clean_change_passes(results):
    assert [code for code, _ in results("You sort", "You order")] == [0, 0]


def test_a_wrong_change_is_shown_at_its_line_and_refused(results, catalog, tmp_path):
    found = results("{{ ticket }}", "{{ tikcet }}")

    assert [code for code, _ in found] == [0, 1]
    assert f"{TRIAGE}:19:10: error: `tikcet` is not an input" in found[1][1]
    if results.platform == "github":
        assert f"::error file={TRIAGE},line=19,col=10" in found[0][1].replace(",endLine=19", "")
        assert "tikcet" in (tmp_path / "summary.md").read_text("utf-8")
    else:
        quality = json.loads((catalog.root / "code-quality.json").read_text("utf-8"))
        assert [(each["check_name"], each["location"]["path"]) for each in quality][-1] == (
            "VAR001",
            TRIAGE,
        )
