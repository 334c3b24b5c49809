"""`python` assertions as `promptops test` runs them: code of the tree that is judged, or none."""

import json

import pytest

from promptops.cli.main import run

CONFIG = '[models.echo]\nprovider = "echo"\nid = "echo-1"\nprice = {input = 0.0, output = 0.0}\n'
PROMPT = """\
format: promptops/1
description: Answers.
owners: ["@a"]
model: {profile: echo}
messages:
  - {role: user, content: Say please.}
tests:
  - name: one
    output:
      - {type: python, value: "NAMED"}
"""
POLITE = "def polite(output, facts):\n    return 'please' in facts['text'], 'by hand'\n"


@pytest.fixture
def again(repo, capsysbinary):
    """Run `promptops test`: its exit code, and of the one case the status and the reason."""

    def start(*arguments):
        code = run(["test", "-C", str(repo.root), "--format", "json", *arguments])
        (case,) = json.loads(capsysbinary.readouterr().out)["cases"]
        (said,) = case["assertions"]
        return code, case["status"], said["reason"]

    return start


@pytest.fixture
def tested(repo, again):
    """The same of a prompt with a function named in some way, and of what else there is."""

    def start(named, files):
        prompt = PROMPT.replace("NAMED", named)
        repo.write({"promptops.toml": CONFIG, "prompts/team/ask.prompt.yaml": prompt, **files})
        return again("--record")

    return start


def held(named):
    return 0, "passed", f"expected `{named}` to hold in the answer, got true: `by hand`"


@pytest.mark.parametrize(
    ("named", "path"),
    [
        ("./checks.py:polite", "prompts/team/checks.py"),
        ("shared/checks.py:polite", "prompts/shared/checks.py"),
    ],
)
def test_a_function_beside_the_prompt_or_below_its_root_is_called(tested, named, path):
    assert tested(named, {path: POLITE}) == held(named)


def test_a_case_file_means_what_is_beside_itself(tested):
    cases = json.dumps(
        {"name": "one", "output": [{"type": "python", "value": "./checks.py:polite"}]}
    )
    prompt = PROMPT[: PROMPT.index("  - name")] + "  - {file: more/ask.cases.jsonl}\n"
    files = {
        "prompts/team/ask.prompt.yaml": prompt,
        "prompts/more/ask.cases.jsonl": f"{cases}\n",
        "prompts/more/checks.py": POLITE,
    }

    assert tested("", files) == held("./checks.py:polite")


def test_the_code_is_that_of_the_revision_that_is_judged(tested, again, repo):
    named = "./checks.py:polite"
    tested(named, {"prompts/team/checks.py": POLITE})
    repo.commit("one")
    repo.write({"prompts/team/checks.py": POLITE.replace("please", "never")})

    committed, on_disk = again("--at", "HEAD"), again()

    assert committed == held(named)
    assert on_disk[:2] == (1, "failed")


def test_code_that_is_not_staged_is_not_run(tested, again, repo):
    tested("./checks.py:polite", {"prompts/team/checks.py": POLITE})
    repo.git("add", "promptops.toml", "prompts/team/ask.*")

    assert again("--at", "index") == (1, "error", "there is no file ./checks.py in this revision")


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("../checks.py:polite", "`../checks.py` is a path with `..`"),
        ("./../../checks.py:polite", "`./../../checks.py` is a path with `..`"),
        ("/checks.py:polite", "`/checks.py` is an absolute path"),
        ("./linked.py:polite", "`./linked.py` is a symlink"),
        ("checks.py:polite", "there is no file checks.py in this revision"),
    ],
)
def test_what_is_outside_or_a_link_is_not_run(tested, repo, named, said):
    repo.write({"checks.py": POLITE})
    (repo.root / "prompts/team").mkdir(parents=True)
    (repo.root / "prompts/team/linked.py").symlink_to(repo.root / "checks.py")

    code, status, reason = tested(named, {})

    assert (code, status) == (1, "error")
    assert reason.startswith(said)


@pytest.mark.parametrize("opposite", ["", "not-"])
def test_for_a_stranger_s_change_no_code_runs_and_nothing_passes(
    tested, again, repo, monkeypatch, opposite
):
    named = "./checks.py:polite"
    tested(named, {"prompts/team/checks.py": POLITE})
    prompt = PROMPT.replace("type: python", f"type: {opposite}python").replace("NAMED", named)
    log = repo.root / "log"
    repo.write({"prompts/team/ask.prompt.yaml": prompt, "prompts/team/checks.py": leaving(log)})
    monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")

    found = again()

    reason = (
        "`python` assertions do not run here: PROMPTOPS_UNTRUSTED is set, "
        "so code from the repository is not run"
    )
    assert (found, log.exists()) == ((1, "error", reason), False)


def test_a_file_is_run_once_however_many_prompts_share_it(tested, repo):
    tested("shared/checks.py:polite", {"prompts/shared/checks.py": POLITE})
    text = (repo.root / "prompts/team/ask.prompt.yaml").read_text()
    log = repo.root / "log"
    repo.write({"prompts/team/b.prompt.yaml": text, "prompts/shared/checks.py": leaving(log)})

    code = run(["test", "-C", str(repo.root), "--record", "--quiet"])

    assert (code, log.read_text()) == (0, "run\n")


def leaving(log):
    """Code that writes a line for each time it is run."""
    return f"with open({str(log)!r}, 'a') as file:\n    file.write('run\\n')\n\n{POLITE}"
