"""What reviewers of the gate proved wrong, so that it stays mended."""

import json
from xml.etree import ElementTree

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
INCLUDING = PROMPT.replace(
    "{role: user, content: Say please.}",
    "role: user\n    content: |\n      Say please.\n      {% include 'part.md.j2' %}",
)
PYTHON = PROMPT + '    output:\n      - {type: python, value: "./judge.py:fits"}\n'


@pytest.fixture
def checked(repo, capsysbinary):
    """Run `check` in the repository: exit code and the lines it printed."""

    def start(*arguments):
        code = run(["check", "-C", str(repo.root), *arguments])
        return code, capsysbinary.readouterr().out.decode().splitlines()

    return start


@pytest.fixture
def base(repo):
    """What main has; then a branch begins."""

    def made(files):
        repo.write(files)
        repo.commit("one")
        repo.git("switch", "--quiet", "--create", "change")

    return made


ECHO = '[models.echo]\nprovider = "echo"\nid = "echo-1"\n'


@pytest.mark.parametrize("where", ["inline", "a file of cases"])
def test_code_that_judges_is_a_change_of_the_prompts_that_call_it(repo, base, checked, where):
    asked = PYTHON.replace("description: Answers.", "description: Answers.\nmodel: {profile: echo}")
    files = {ASK: asked, "prompts/judge.py": "def fits(output, facts):\n    return True\n"}
    if where == "a file of cases":
        cases = {
            "name": "one",
            "output": [{"type": "python", "value": "./judge.py:fits"}],
        }
        files[ASK] = asked[: asked.index("tests:")] + "tests:\n  - {file: ./ask.cases.jsonl}\n"
        files["prompts/ask.cases.jsonl"] = json.dumps(cases) + "\n"
    repo.write({"promptops.toml": ECHO, **files})
    assert run(["test", "-C", str(repo.root), "--record", "-q"]) == 0
    base({})
    repo.write({"prompts/judge.py": "def fits(output, facts):\n    return False\n"})

    code, lines = checked("--since", "main", "--worktree", "--why")

    assert (code, lines[0]) == (1, "risk: code changes that may judge answers (prompts/judge.py:1)")
    assert any("`python` does not hold" in line for line in lines)


def test_the_roots_of_the_base_do_not_mend_what_the_change_broke(repo, base, checked):
    base({"promptops.toml": "", ASK: INCLUDING, "prompts/part.md.j2": "Be kind.\n"})
    (repo.root / "lib").mkdir()
    repo.git("mv", ASK, "lib/ask.prompt.yaml")
    repo.write({"promptops.toml": 'prompts = ["lib"]\n'})

    code, lines = checked("--since", "main", "--worktree")

    assert code == 1
    assert any("there is no template `part.md.j2`" in line for line in lines)


def test_a_change_does_not_make_its_own_model_cheap(repo, base, checked):
    model = '[models.fast]\nprovider = "openai"\nid = "acme-1-2026-01-01"\nprice = {{input = {}}}\n'
    budget = PROMPT + "budget: {cost_usd: 0.001}\nmodel: {profile: fast}\n"
    base({"promptops.toml": model.format("10.0"), ASK: budget})
    long = budget.replace("Say please.", f"Say please. {'word ' * 400}")
    repo.write({"promptops.toml": model.format("0.01"), ASK: long})

    code, lines = checked("--since", "main", "--worktree")

    assert code == 1
    assert any("TOK001" in line for line in lines)


def test_a_root_that_is_a_link_is_refused_as_diff_does(repo, base, capsys):
    base({ASK: PROMPT})
    repo.git("rm", "-r", "--quiet", "prompts")
    (repo.root / "prompts").symlink_to("/etc")
    repo.commit("a link")

    code = run(["check", "-C", str(repo.root), "--since", "main"])

    assert code == 3
    assert "prompts: error: the root `prompts` is a symbolic link" in capsys.readouterr().err


def test_only_what_was_asked_for_is_judged_and_versioned(repo, base, checked):
    strict = '[check]\nfail-on = ["breaking"]\n'
    base({"promptops.toml": strict, ASK: PROMPT, "prompts/b/two.prompt.yaml": PROMPT})
    repo.git("tag", "-a", "v1.4.2", "-m", "v1.4.2")
    repo.git("rm", "--quiet", "prompts/b/two.prompt.yaml")
    repo.write({ASK: PROMPT.replace("Say please.", "Kindly say please.")})

    code, lines = checked("ask", "--since", "main", "--worktree")

    assert (code, lines[-1]) == (
        0,
        "pass · 1 risk: 1 prompt, no findings, 1 case, 1 assertion"
        " · requires a minor version, 1.5.0 after 1.4.2",
    )


def test_a_budget_that_is_raised_is_a_risk(repo, base, checked):
    base({ASK: PROMPT + "budget: {input_tokens: 50, output_tokens: 9}\n"})
    repo.write({ASK: PROMPT + "budget: {input_tokens: 500}\n"})

    _, lines = checked("--since", "main", "--worktree")

    assert lines[:2] == [
        "risk: ask: the budget of `input_tokens` is raised from 50 to 500"
        " (prompts/ask.prompt.yaml:9)",
        "risk: ask: the budget of `output_tokens` is raised from 9 to none"
        " (prompts/ask.prompt.yaml:9)",
    ]


def test_what_is_told_as_a_risk_is_refused_where_risks_are(repo, base, checked):
    base({"promptops.toml": '[check]\nfail-on = ["risk"]\ncoverage = 1\n', ASK: PROMPT})
    repo.write({"promptops.toml": ""})

    code, lines = checked("--since", "main", "--worktree", "--format", "json")

    value = json.loads("\n".join(lines))
    gate = {row["name"]: (row["passed"], row["said"]) for row in value["gate"]}
    assert (code, value["verdict"], gate["release"]) == (
        1,
        "fail",
        (
            False,
            "requires no version bump; 1 risk refused by `check.fail-on`",
        ),
    )


def test_a_budget_that_only_warns_fails_nothing_in_junit_either(repo, checked):
    repo.write({ASK: PROMPT + "budget: {input_tokens: 1}\n"})

    code, lines = checked("--config", 'lint.severity.TOK001="warning"', "--format", "junit")

    suites = ElementTree.fromstring("\n".join(lines))
    assert (code, suites.get("failures"), suites.get("errors")) == (0, "0", "0")


@pytest.mark.parametrize("name", ["gitlab", "sarif"])
def test_too_little_coverage_is_in_formats_that_know_only_findings(repo, checked, name):
    branched = PROMPT.replace(
        "{role: user, content: Say please.}",
        "role: user\n    content: |\n      {% if 1 > 2 %}\n      Say thanks.\n      {% endif %}\n"
        "      Say please.",
    )
    optional = "inputs:\n  properties:\n    kind: {type: boolean, default: false}\n"
    branched = branched.replace("1 > 2", "kind").replace("messages:", f"{optional}messages:")
    repo.write({ASK: branched})

    code, lines = checked("--config", "check.coverage=90", "--format", name)

    assert code == 1
    assert "50% of branches covered, under 90%" in "\n".join(lines)


def test_sarif_knows_nothing_of_rules_that_only_the_change_has(repo, base, checked):
    base({"promptops.toml": "", ASK: PROMPT})
    rule = (
        '[[lint.rules]]\ncode = "X001"\nname = "x"\nkind = "existence"\ntokens = ["(("]\n'
        'message = "a stranger\'s"\n'
    )
    repo.write({"promptops.toml": rule, ASK: PROMPT.replace("Answers.", "Answers all.")})

    code, lines = checked("--since", "main", "--format", "sarif")

    assert (code, "X001" in "\n".join(lines)) == (0, False)


def test_like_assertions_of_one_case_have_fingerprints_of_their_own(repo, checked):
    two = "      - {type: contains, value: thanks}\n      - {type: contains, value: sorry}\n"
    repo.write({ASK: PROMPT + two})

    _, lines = checked("--format", "sarif")

    results = json.loads("\n".join(lines))["runs"][0]["results"]
    marks = [each["partialFingerprints"]["promptops/v1"] for each in results]
    assert len(marks) == len(set(marks)) == 2
