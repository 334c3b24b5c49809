"""What the gate refuses besides findings and cases: changes, and too little coverage."""

import json
import re
from xml.etree import ElementTree

import pytest

from promptops.cli.main import run

GREET = "prompts/greet.prompt.yaml"
PROMPT = """\
format: promptops/1
description: Greets one person.
budget: {input_tokens: 200}
inputs:
  required: [name]
  properties:
    name: {type: string, maxLength: 100, description: Of the person.}
    formal: {type: boolean, default: false, description: How it sounds.}
messages:
  - role: user
    content: |
      {% if formal %}
      Welcome {{ name }}.
      {% else %}
      Greet {{ name }}.
      {% endif %}
tests:
  - name: Ada
    inputs: {name: Ada}
    rendered:
      - {type: contains, value: Greet Ada}
"""
BROKEN = PROMPT.replace("required: [name]", "required: [name, title]").replace(
    "    name: {type", "    title: {enum: [Dr], description: Before it.}\n    name: {type"
)
BROKEN = BROKEN.replace("Greet {{ name }}", "Greet {{ title }} {{ name }}").replace(
    "{name: Ada}\n    rendered:\n      - {type: contains, value: Greet Ada}",
    "{name: Ada, title: Dr}\n    rendered:\n      - {type: contains, value: Greet Dr Ada}",
)
QUIET = '[lint]\nignore = ["TST003"]\n'
STRICT = QUIET + '[check]\nfail-on = ["breaking"]\n'


@pytest.fixture
def change(repo):
    """A configuration and a prompt on main, and what a branch makes of them."""

    def made(base, prompt, config=None):
        repo.write({GREET: PROMPT, "promptops.toml": base})
        repo.commit("one")
        repo.git("switch", "--quiet", "--create", "change")
        repo.write({GREET: prompt, "promptops.toml": base if config is None else config})
        repo.commit("two")

    return made


def waiver(checked, expires="2999-01-01"):
    """The one that lets the break through."""
    value = json.loads("\n".join(checked("--since", "main", "--format", "json")[1]))
    (refused,) = value["refusals"]
    return (
        f'[[diff.waivers]]\nfingerprint = "{refused["fingerprint"]}"\n'
        f'reason = "agreed"\nwho = "ada"\nexpires = {expires}\n'
    )


def test_a_break_passes_until_the_policy_refuses_breaks(change, checked):
    change(QUIET, BROKEN)

    code, lines = checked("--since", "main")

    assert (code, lines[1], lines[-1]) == (
        0,
        "change: greet: major: `title` is now required and 3 more changes",
        "pass · 1 risk: 1 prompt, no findings, 1 case, 1 assertion · required version bump: major",
    )


MODEL = '[models.NAME]\nprovider = "echo"\nid = "ID"\n'
FAST = MODEL.replace("NAME", "fast").replace("ID", "echo-1")
OTHER = MODEL.replace("NAME", "other").replace("ID", "echo-2")


@pytest.mark.parametrize(
    ("base", "head", "risks"),
    [
        (
            FAST,
            FAST + OTHER,
            [
                "risk: `models.other` is new: check its model, address and API key variable"
                " (promptops.toml:6)"
            ],
        ),
        (FAST + OTHER, FAST, ["risk: `models.other` was removed (promptops.toml:1)"]),
        (
            FAST,
            FAST + "max_output_tokens = 9\n",
            [
                "risk: `models.fast` differs: this check uses its new settings, but the prices"
                " and limits of the base branch (promptops.toml:3)"
            ],
        ),
        (FAST, FAST, []),
    ],
    ids=["new", "removed", "changed", "the same"],
)
def test_a_changed_model_profile_is_a_risk_in_plain_words(change, checked, base, head, risks):
    change(QUIET + base, PROMPT + "# touched\n", QUIET + head)

    _, lines = checked("--since", "main")

    assert [line for line in lines if line.startswith("risk: ")] == risks


def test_a_break_is_refused_with_the_fingerprint_for_its_waiver(change, checked):
    change(STRICT, BROKEN)

    code, lines = checked("--since", "main")

    (at,) = [index for index, line in enumerate(lines) if line.startswith("refused: ")]
    told, _, fingerprint = lines[at].rpartition("  [fingerprint ")
    assert (code, told, len(fingerprint), lines[at + 1], lines[-1]) == (
        1,
        "refused: greet: CHG101 `title` is now required",
        len("0123456789abcdef]"),
        "  to accept an intended break, add its fingerprint to `[[diff.waivers]]` on the base"
        " branch",
        "fail · 1 risk: 1 prompt, no findings, 1 case, 1 assertion · 1 change refused"
        " · required version bump: major",
    )


def test_a_waiver_counts_from_the_base_and_not_from_the_change(repo, change, checked):
    change(STRICT, BROKEN)
    waived = STRICT + waiver(checked)
    repo.write({"promptops.toml": waived})
    own = checked("--since", "main", "--at", "worktree")
    repo.git("switch", "--quiet", "--force", "main")
    repo.write({"promptops.toml": waived})
    repo.commit("waived")
    repo.git("switch", "--quiet", "--create", "again")
    repo.write({GREET: BROKEN})

    code, lines = checked("--since", "main", "--at", "worktree")

    assert (own[0], own[1][0]) == (
        1,
        "risk: `diff.waivers` changes; it takes effect once it is merged (promptops.toml:5)",
    )
    assert (code, lines[-2:]) == (
        0,
        [
            "waived: greet: `title` is now required, by ada until 2999-01-01",
            "pass · 1 risk: 1 prompt, no findings, 1 case, 1 assertion"
            " · required version bump: minor",
        ],
    )


def test_a_waiver_past_its_day_lets_nothing_through(repo, change, checked):
    change(STRICT, BROKEN)
    waived = STRICT + waiver(checked, expires="2026-01-01")
    repo.git("switch", "--quiet", "main")
    repo.write({"promptops.toml": waived})
    repo.commit("waived once")
    repo.git("switch", "--quiet", "--create", "again")
    repo.write({GREET: BROKEN})

    code, lines = checked("--since", "main", "--at", "worktree")

    assert code == 1
    assert any("(its waiver ended on 2026-01-01)" in line for line in lines)


def test_a_change_can_not_loosen_what_is_refused(change, checked):
    change(STRICT, BROKEN, config=QUIET)

    code, lines = checked("--since", "main")

    assert (code, lines[0]) == (
        1,
        "risk: `check.fail-on` changes; it takes effect once it is merged (promptops.toml:1)",
    )


def test_a_change_of_alerts_is_a_risk(change, checked):
    limit = '[[score.alerts]]\nmetric = "contracts"\nbelow = {}\n'
    change(QUIET + limit.format(98), PROMPT, config=QUIET + limit.format(50))

    code, lines = checked("--since", "main")

    assert (code, lines[0]) == (
        0,
        "risk: `score.alerts` changes; it takes effect once it is merged (promptops.toml:3)",
    )


def test_a_risk_is_refused_where_the_policy_says_so(change, checked):
    risky = PROMPT.replace("value: Greet Ada}", "value: Greet}")
    change(QUIET + '[check]\nfail-on = ["risk"]\n', risky)

    code, lines = checked("--since", "main")

    assert (code, [line.split("  [")[0] for line in lines if line.startswith("refused")]) == (
        1,
        [
            "refused: greet: CHG602 case `Ada`, `rendered`: `contains` was loosened"
            " or replaced (prompts/greet.prompt.yaml:21)"
        ],
    )
    assert lines[-2] == (
        "  `check.fail-on` of the base refuses risks: undo the change, or remove `risk` from it"
        " there first"
    )


@pytest.mark.parametrize(("asked", "code"), [(50, 0), (51, 1)])
def test_coverage_is_asked_for_by_the_policy(repo, checked, asked, code):
    repo.write({GREET: PROMPT, "promptops.toml": f"{QUIET}[check]\ncoverage = {asked}\n"})

    found, lines = checked()

    assert (found, lines[0]) == (code, "coverage: 1 of 2 branches, 50%")
    assert lines[2] == f"    {GREET}:12:13: `formal` is false in every case"
    assert ("50% of branches covered, under 51%" in lines[-1]) == bool(code)


def test_what_the_command_line_says_counts_beside_a_base(change, checked):
    change(QUIET, BROKEN)

    code, _ = checked("--since", "main", "--config", 'check.fail-on=["breaking"]')

    assert code == 1


def test_each_question_of_the_gate_is_answered(change, checked):
    change(QUIET + "[check]\ncoverage = 50\n", BROKEN)

    _, lines = checked("--since", "main", "--format", "json")

    assert json.loads("\n".join(lines))["gate"] == [
        {"name": "lint", "passed": True, "result": "no findings"},
        {"name": "cases", "passed": True, "result": "1 case, 1 assertion"},
        {
            "name": "coverage",
            "passed": True,
            "result": "1 of 2 branches, 50%, at least 50% required",
        },
        {"name": "budgets", "passed": True, "result": "1 prompt within its budget"},
        {"name": "release", "passed": True, "result": "required version bump: major"},
    ]


def test_a_request_over_its_budget_fails_the_gate_by_that_name(change, checked):
    change(QUIET, PROMPT.replace("input_tokens: 200", "input_tokens: 2"))

    code, lines = checked("--since", "main", "--format", "json")

    gate = {row["name"]: row for row in json.loads("\n".join(lines))["gate"]}
    assert (code, gate["budgets"]["passed"], gate["budgets"]["result"]) == (
        1,
        False,
        "1 of 1 prompt over budget",
    )


def test_a_change_says_the_version_after_the_last_release(repo, change, checked):
    change(QUIET, BROKEN)
    repo.git("tag", "-a", "v1.4.0", "-m", "v1.4.0", "main")

    _, lines = checked("--since", "main")

    assert lines[-1].endswith(" · required version bump: major, 1.4.0 -> 2.0.0")


def test_every_format_is_written_at_once(repo, change, checked):
    change(STRICT, BROKEN)
    names = {"json": "a.json", "markdown": "a.md", "sarif": "a.sarif", "junit": "a.xml"}
    files = [f"--format={name}={repo.root / file}" for name, file in names.items()]

    code, lines = checked("--since", "main", "--format", "github", *files)

    value = json.loads((repo.root / "a.json").read_text())
    results = json.loads((repo.root / "a.sarif").read_text())["runs"][0]["results"]
    suites = ElementTree.parse(repo.root / "a.xml").getroot()
    assert (code, value["verdict"], suites.get("failures")) == (1, "fail", "1")
    assert lines[0].startswith(f"::error file={GREET},line=1,")
    assert lines[-1].startswith("fail · 1 risk: 1 prompt")
    assert (repo.root / "a.md").read_text().startswith("<!-- promptops check -->\n### promptops")
    assert [(each["ruleId"], each["level"]) for each in results] == [("CHG101", "error")]
    assert results[0]["partialFingerprints"]["promptops/v1"] == value["refusals"][0]["fingerprint"]


def test_what_lint_and_the_case_say_of_one_line_is_told_once(repo, checked):
    misspelt = PROMPT.replace("{name: Ada}", "{nane: Ada}")
    repo.write({GREET: misspelt, "promptops.toml": QUIET})

    code, lines = checked()

    assert (code, [line for line in lines if line.startswith(GREET)], lines[-1]) == (
        1,
        [
            f"{GREET}:19:14: error: `nane` is not an input in the case `Ada`"
            "  [TST002 invalid-fixture]"
        ],
        "fail: 1 prompt, 1 finding (1 error), 1 error of 1 case",
    )


def test_a_template_that_no_case_includes_is_not_covered(repo, checked):
    included = PROMPT.replace("      Welcome {{ name }}.\n", '      {% include "hi.md.j2" %}\n')
    configuration = QUIET + "[check]\ncoverage = 1\n"
    repo.write({GREET: included, "prompts/hi.md.j2": "Hi.\n", "promptops.toml": configuration})

    _, lines = checked()

    assert lines[:4] == [
        "coverage: 1 of 3 branches, 33%",
        "  greet  1/3   33%",
        f"    {GREET}:12:13: `formal` is false in every case",
        f"    {GREET}:13:18: no case includes `hi.md.j2`",
    ]


def test_what_a_reviewer_must_not_overlook_stands_first(repo, change, checked):
    as_risk = f'{QUIET}[diff]\nobligations = "risk"\n'
    change(as_risk, PROMPT.replace("Greet {{ name }}.", "Never shout. Greet {{ name }}."))
    repo.write({GREET: PROMPT})

    _, lines = checked("--since", "HEAD", "--at", "worktree")
    _, annotations = checked("--since", "HEAD", "--at", "worktree", "--format", "github")

    assert (lines[0], annotations[0]) == (
        'risk: greet: an obligation was removed: "Never shout."  [CHG311]',
        f"::warning file={GREET},line=1,endLine=1,col=1,endColumn=1,title=greet%3A risk::"
        'an obligation was removed: "Never shout."',
    )


def test_a_base_whose_policy_can_not_be_read_is_named(repo, capsys):
    repo.write({GREET: PROMPT, "promptops.toml": "prompts = 3\n"})
    base = repo.commit("broken")
    repo.write({"promptops.toml": ""})

    code = run(["check", "-C", str(repo.root), "--since", "HEAD", "--at", "worktree"])

    assert (code, capsys.readouterr().err) == (
        3,
        f"{base[:12]}:promptops.toml:1:1: error: expected a list, got the number 3\n"
        "  tip: the policy of the base is used: fix it there first, or name another base\n",
    )


def test_a_condition_that_no_case_comes_to_is_told_once(repo, checked):
    configuration = QUIET + "[check]\ncoverage = 1\n"
    unrendered = PROMPT.replace("{name: Ada}", "{nane: Ada}")
    repo.write({GREET: unrendered, "promptops.toml": configuration})

    _, lines = checked()

    at = lines.index("coverage: 0 of 2 branches, 0%")
    assert lines[at + 1 : -1] == [
        "  greet  0/2    0%",
        f"    {GREET}:12:13: no case reaches `formal`",
    ]


@pytest.mark.parametrize("config", [QUIET, STRICT], ids=["told", "refused"])
def test_a_prompt_that_is_only_removed_is_told_in_every_format(repo, checked, config):
    repo.write({GREET: PROMPT, "promptops.toml": config})
    repo.commit("one")
    (repo.root / GREET).unlink()
    refused = config == STRICT

    code, lines = checked("--since", "HEAD", "--at", "worktree")
    found = {
        name: "\n".join(checked("--since", "HEAD", "--at", "worktree", "--format", name)[1])
        for name in ("markdown", "github", "gitlab", "sarif", "junit", "json", "html")
    }

    more = " · 1 change refused" if refused else ""
    verdict = "fail · 1 risk" if refused else "pass · 1 risk"
    said = f"{verdict}: 1 prompt removed, no findings{more} · required version bump: major"
    assert (code, lines[-1]) == (int(refused), said)
    bump = "required version bump: **major**"
    assert f"### promptops: {verdict} · {bump}" in found["markdown"]
    assert "| <code>greet</code> | **major**" in found["markdown"]
    assert f"title=greet%3A {'refused' if refused else 'breaking'}::" in found["github"]
    assert found["github"].splitlines()[-1] == said
    for name in ("gitlab", "sarif"):
        assert (GREET in found[name], "CHG501" in found[name]) == (refused, refused)
    assert ElementTree.fromstring(found["junit"]).get("failures") == str(int(refused))
    assert [each["id"] for each in json.loads(found["json"])["diff"]["prompts"]] == ["greet"]
    anchors = set(re.findall(r'id="([^"]+)"', found["html"]))
    assert set(re.findall(r'href="#([^"]+)"', found["html"])) <= anchors
    assert "the prompt was removed" in found["html"]


def test_the_branch_that_is_compared_with_has_another_policy_by_now(repo, change, checked):
    change(QUIET, BROKEN)
    repo.git("switch", "--quiet", "main")
    repo.write({"promptops.toml": STRICT})
    repo.commit("stricter")
    repo.git("switch", "--quiet", "change")

    code, lines = checked("--since", "main")
    repo.git("merge", "--quiet", "--no-edit", "main")
    merged, _ = checked("--since", "main")

    assert (code, lines[0], merged) == (
        0,
        "note: `check` has changed on main, which has no effect yet: merge it",
        1,
    )


@pytest.mark.parametrize("command", [["check"], ["lint"], ["test"], ["lint", "--staged"]])
def test_a_misspelt_folder_of_prompts_passes_nothing(repo, capsys, command):
    repo.write({GREET: PROMPT, "promptops.toml": 'prompts = ["promts"]\n'})
    repo.git("add", ".")

    code = run([*command, "-C", str(repo.root)])

    assert (code, capsys.readouterr().err) == (
        3,
        "promptops.toml: error: there are no files below `promts`, which `prompts` names as a "
        "folder of prompts\n  tip: fix the name, or leave it out; files that git ignores"
        " are not read\n",
    )


def test_a_format_with_an_empty_file_name_is_refused(repo, capsys):
    code = run(["check", "-C", str(repo.root), "--format", "json="])

    assert (code, capsys.readouterr().err) == (
        2,
        "error: 'json=' is missing the file\n  tip: write json=FILE, or json\n",
    )
