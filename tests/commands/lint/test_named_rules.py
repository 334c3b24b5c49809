"""Rules that a configuration, a command line or a comment names, and that may not exist."""

from __future__ import annotations

import json

import pytest

from promptops.cli.main import run

ASK = "prompts/ask.prompt.yaml"
BROKEN = """\
format: promptops/1
description: Asks.
messages:
  - {role: user, content: "Hello {{ nmae }}."}
tests:
  - {name: one, rendered: [{type: contains, value: Hello}]}
"""
UNDEFINED = (
    "prompts/ask.prompt.yaml:4:37: error: `nmae` is not an input  [VAR001 undefined-variable]\n"
)


@pytest.fixture
def started(repo, capsys):
    """Run a command in the repository: exit code, stdout and stderr."""

    def start(command, *arguments):
        code = run([command, "-C", str(repo.root), *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return start


@pytest.mark.parametrize(
    ("settings", "place", "written", "near"),
    [
        ('[lint]\nselect = ["VRA"]', "2:11", "VRA", "VAR"),
        (
            '[lint]\nselect = ["ALL"]\nignore = [\n  "SEC",\n  "STY0011",\n]',
            "5:3",
            "STY0011",
            "STY001",
        ),
        (
            'lint.extend-select = ["undefned-variable"]',
            "1:23",
            "undefned-variable",
            "undefined-variable",
        ),
        ('[lint]\nseverity = {VAR0001 = "info"}', "2:13", "VAR0001", "VAR001"),
        ('[lint.severity]\nVAR0001 = "info"', "2:1", "VAR0001", "VAR001"),
        ('[lint]\nper-file-ignores = {"prompts/**" = ["TTS"]}', "2:37", "TTS", "TST"),
        (
            '[lint.per-file-ignores]\n"prompts/**" = ["VAR001", "TSTT001"]',
            "2:27",
            "TSTT001",
            "TST001",
        ),
    ],
)
@pytest.mark.parametrize("command", ["lint", "check"])
def test_a_misspelt_rule_in_the_configuration_is_an_error_at_its_place(
    repo, started, command, settings, place, written, near
):
    repo.write({"promptops.toml": f"{settings}\n", ASK: BROKEN})

    said = started(command)

    number, column = map(int, place.split(":"))
    row = settings.splitlines()[number - 1]
    width = len(written) + 2 * (row[column - 1] == '"')
    assert (said[0], said[2]) == (
        3,
        f"promptops.toml:{place}: error: there is no rule `{written}`\n"
        f"    {number} | {row}\n"
        f"      | {' ' * (column - 1)}{'^' * width} did you mean `{near}`?\n",
    )


def test_a_misspelt_rule_in_pyproject_is_an_error_at_its_place(repo, started):
    repo.write({"pyproject.toml": '[tool.promptops.lint]\nselect = ["VRA"]\n', ASK: BROKEN})

    code, _, said = started("lint")

    assert (code, said.splitlines()[0]) == (
        3,
        "pyproject.toml:2:11: error: there is no rule `VRA`",
    )


def test_the_hook_refuses_a_configuration_that_misspells_a_rule(repo, started):
    repo.write({"promptops.toml": '[lint]\nselect = ["VRA"]\n', ASK: BROKEN})
    repo.git("add", "--all")

    code, _, said = started("lint", "--staged")

    assert (code, said.splitlines()[0]) == (
        3,
        "promptops.toml:2:11: error: there is no rule `VRA`",
    )


def test_the_hook_refuses_a_configuration_whose_alert_names_nothing(repo, started):
    alert = '[[score.alerts]]\nmetric = "contrcats"\nbelow = 98\nprompts = ["aks"]\n'
    repo.write({"promptops.toml": alert, ASK: BROKEN.replace("{{ nmae }}", "you")})
    repo.git("add", "--all")

    with_the_configuration = started("lint", "--staged", "--format", "concise")
    repo.commit("Alerts")
    repo.write({ASK: BROKEN.replace("{{ nmae }}", "friend")})
    repo.git("add", "--all")

    assert with_the_configuration == (
        1,
        "promptops.toml:2:10: error: there is no metric `contrcats` for an alert"
        "  [CFG019 unknown-setting-name]\n"
        "promptops.toml:4:12: error: no prompt matches `aks`  [CFG019 unknown-setting-name]\n",
        "",
    )
    assert started("lint", "--staged", "--format", "concise") == (0, "", "")


def test_a_rule_is_named_by_name_in_the_configuration(repo, started):
    select = 'select = ["undefined-variable", "no-assertion"]'
    severity = 'severity = {no-assertion = "info", "undefined-variable" = "error"}'
    config = f"[lint]\n{select}\n{severity}\n"
    repo.write({"promptops.toml": config, ASK: BROKEN})

    said = started("lint", "--format", "concise")

    assert said[:2] == (1, UNDEFINED)


@pytest.mark.parametrize("name", ["VAR001", "var001", "VAR", "undefined-variable"])
def test_a_rule_is_named_alike_on_the_command_line(repo, started, name):
    repo.write({ASK: BROKEN})

    selected = started("lint", "--format", "concise", "--rule", name)
    ignored = started("lint", "--rule", "VAR,TST", "--ignore", name)

    assert selected[:2] == (1, UNDEFINED)
    assert ignored[0] == 0


@pytest.mark.parametrize("name", ["VAR001", "VAR", "undefined-variable"])
def test_a_rule_is_named_alike_in_a_comment(repo, started, name):
    comment = f"# promptops: ignore[{name}] the caller adds it\n  - {{role"
    repo.write({ASK: BROKEN.replace("- {role", comment, 1)})

    assert started("lint", "--fail-on", "info")[:2] == (0, "")


def test_a_comment_that_names_no_rule_is_reported_with_the_nearest(repo, started):
    comment = "# promptops: ignore[undefned-variable] the caller adds it\n  - {role"
    repo.write({ASK: BROKEN.replace("- {role", comment, 1)})

    _, said, _ = started("lint", "--format", "concise", "--rule", "REP010")

    message = "there is no rule `undefned-variable`  [REP010 bare-suppression]"
    assert said == f"prompts/ask.prompt.yaml:4:3: warning: {message}\n"


def test_a_rule_of_ones_own_is_known_by_code_and_by_name(repo, started):
    rule = (
        '[[lint.rules]]\ncode = "X001"\nname = "no-competitors"\nkind = "existence"\n'
        'tokens = ["Hello"]\nmessage = "no greeting"\n'
    )
    select = '[lint]\nselect = ["no-competitors"]\nseverity = {X001 = "error"}\n'
    repo.write({"promptops.toml": select + rule, ASK: BROKEN})

    _, said, _ = started("lint", "--format", "concise")

    assert said == "prompts/ask.prompt.yaml:4:28: error: no greeting  [X001 no-competitors]\n"


def test_a_glob_that_ignores_rules_in_no_file_is_a_warning_at_its_place(repo, started):
    globs = '[lint.per-file-ignores]\n"prompts/legcay/**" = ["TST"]\n"prompts/*.yaml" = ["VAR"]\n'
    repo.write({"promptops.toml": globs, ASK: BROKEN})

    code, said, _ = started("lint", "--format", "concise")

    message = "`prompts/legcay/**` matches no file"
    assert (code, said) == (
        0,
        f"promptops.toml:2:1: warning: {message}  [REP009 unused-suppression]\n",
    )


def test_an_untrusted_run_takes_an_unknown_code_for_a_rule_of_an_installed_plugin(
    repo, started, monkeypatch, tmp_path
):
    repo.write({"promptops.toml": '[lint]\nextend-select = ["ACME001"]\n', ASK: BROKEN})
    monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")
    alone = started("lint")[0]
    offered = tmp_path / "site" / "acme-1.dist-info"
    offered.mkdir(parents=True)
    (offered / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1\n")
    (offered / "entry_points.txt").write_text("[promptops.rules]\nacme = acme_rules\n")
    monkeypatch.syspath_prepend(str(offered.parent))

    beside = started("lint", "--format", "concise")

    assert alone == 3
    assert beside[:2] == (1, UNDEFINED)


def test_the_gate_ignores_what_its_base_misspells_and_runs_the_rules(repo, started):
    repo.write({"promptops.toml": '[lint]\nselect = ["VRA"]\n', ASK: "format: promptops/1\n"})
    repo.commit("a base with a typing error")
    repo.git("switch", "--quiet", "--create", "change")
    repo.write({"promptops.toml": '[lint]\nselect = ["VAR"]\n', ASK: BROKEN})
    repo.commit("corrected")

    code, said, noted = started("check", "--since", "main")

    note = "the configuration of the base names `VRA`, which is not a rule: it is ignored"
    assert code == 1
    assert note in said + noted
    assert "[VAR001 undefined-variable]" in said


def test_the_gate_refuses_a_change_that_misspells_a_rule(repo, started):
    repo.write({ASK: BROKEN.replace("nmae", "'Ada'")})
    repo.commit("a base")
    repo.git("switch", "--quiet", "--create", "change")
    repo.write({"promptops.toml": '[lint]\nselect = ["VRA"]\n'})
    repo.commit("a typing error")

    code, _, said = started("check", "--since", "main")

    assert (code, said.splitlines()[0]) == (
        3,
        "promptops.toml:2:11: error: there is no rule `VRA`",
    )


@pytest.mark.parametrize("name", ["VAR001", "undefined-variable", "Undefined-Variable"])
def test_a_rule_is_explained_by_code_and_by_name(repo, started, name):
    _, said, _ = started("rule", name)

    assert said.splitlines()[0] == "VAR001 undefined-variable (error)"


@pytest.mark.parametrize(
    ("prefix", "first"),
    [
        ("tst", "TST001  no-tests            warning  An active prompt has a test case"),
        ("T", "TOK001  over-budget "),
        ("CHG", "CHG101  "),
    ],
)
def test_the_first_letters_of_codes_list_the_rules_that_have_them(repo, started, prefix, first):
    code, said, _ = started("rule", prefix)

    assert code == 0
    assert said.splitlines()[0][: len(first)] == first
    assert all(line.startswith(prefix.upper()) for line in said.splitlines())


def test_the_first_letters_of_codes_list_rules_and_changes_as_json(repo, started):
    code, said, _ = started("rule", "C", "--format", "json")

    value = json.loads(said)
    codes = [each["code"][:3] for key in ("rules", "changes") for each in value[key]]
    assert (code, sorted(set(codes))) == (0, ["CFG", "CHG"])


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("TST02", "did you mean `TST002`?"),
        ("tst2", "did you mean `TST002`?"),
        ("TST0002", "did you mean `TST002`?"),
        ("TST002x", "did you mean `TST002`?"),
        ("SEC06", "did you mean `SEC006`?"),
        ("TTS", "did you mean `TST`?"),
        ("no-tets", "did you mean `no-tests`?"),
        ("QQQ777", "`promptops rule` lists the rules"),
    ],
)
def test_a_misspelt_code_names_the_rule_with_that_number(repo, started, written, hint):
    assert started("rule", written) == (
        2,
        "",
        f"error: there is no rule {written!r}\n  tip: {hint}\n",
    )


def test_doctor_reports_a_misspelt_rule_of_the_configuration(repo, started):
    repo.write({"promptops.toml": '[lint]\nselect = ["VRA"]\n'})

    code, said, _ = started("doctor")

    assert code == 1
    assert "problem  configuration  promptops.toml:2:11: there is no rule `VRA`" in said
