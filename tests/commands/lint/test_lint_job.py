"""The lint job: what is kept of it, how it is split, and what silences its findings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

import promptops
from promptops.commands.lint import lint as lint_job
from promptops.commands.lint.baseline import write_baseline
from promptops.commands.lint.lint import LintOptions, lint
from promptops.commands.lint.rules import rule_list, rule_page
from promptops.errors import InputError, UsageError
from promptops.lint.registry import Rule
from promptops.model.finding import Severity
from promptops.storage import forked
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace
from tests.commands.asked import ask

DAY = date(2026, 11, 24)
OPTIONS = LintOptions(select=("VAR001", "REP005", "TPL003", "TST002", "STY001"), today=DAY)
EVERYTHING = SelectionOptions()
MAIN = "from promptops.cli.main import main; main()"


def prompt(content: str, more: str = "") -> str:
    body = "".join(f"      {line}\n" for line in content.split("\n"))
    return f"format: promptops/1\n{more}messages:\n  - role: user\n    content: |\n{body}"


ASK = "prompts/ask.prompt.yaml"
FILES = {
    ASK: prompt(
        "{{ name }} {{ nmae }}\n{% include 'outer.md.j2' %}",
        "inputs:\n  required: [name]\n  properties:\n    name: {$ref: name.schema.json}\n"
        "tests:\n  - {file: ask.cases.jsonl}\n",
    ),
    "prompts/ask.cases.jsonl": '{"name": "one", "inputs": {"name": "Ada"}}\n',
    "prompts/outer.md.j2": "{% include 'inner.md.j2' %}\n",
    "prompts/inner.md.j2": "Be brief.\n",
    "schemas/name.schema.json": '{"$ref": "text.schema.json"}',
    "schemas/text.schema.json": '{"type": "string"}',
}


def linted(repo, wanted=EVERYTHING, options=OPTIONS, revision="worktree", overrides=()):
    with workspace(repo.root, revision, overrides) as opened:
        report = lint(opened, wanted, options)
    return [f"{each.place} {each.code} {each.message}" for each in report.findings]


def fingerprints(repo):
    with workspace(repo.root) as opened:
        return [f.fingerprint for f in lint(opened, EVERYTHING, OPTIONS).findings]


@pytest.fixture
def catalog(repo):
    repo.write(FILES)
    repo.commit("a catalog")
    return repo


@pytest.fixture
def judged(monkeypatch):
    """The prompts that were judged anew, in this process."""
    paths = []
    real = lint_job.lint_one

    def noting(catalog, loaded, rules, today):
        paths.append(loaded.path)
        return real(catalog, loaded, rules, today)

    monkeypatch.setattr(lint_job, "lint_one", noting)
    return paths


def test_what_was_judged_is_not_judged_again(catalog, judged):
    first = linted(catalog)
    second = linted(catalog)

    assert first == [f"{ASK}:11:21 VAR001 `nmae` is not an input"]
    assert (second, judged) == (first, [ASK])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({ASK: prompt("{{ other }}")}, [f"{ASK}:5:10 VAR001 `other` is not an input"]),
        (
            {"prompts/inner.md.j2": "{{ other }}\n"},
            [
                f"{ASK}:11:21 VAR001 `nmae` is not an input",
                "prompts/inner.md.j2:1:4 VAR001 `other` is not an input",
            ],
        ),
        (
            {"schemas/text.schema.json": '{"type": "integer"}'},
            [
                "prompts/ask.cases.jsonl:1:36 TST002 `Ada` is not of type integer",
                f"{ASK}:11:21 VAR001 `nmae` is not an input",
            ],
        ),
        (
            {"prompts/ask.cases.jsonl": '{"name": "one", "inputs": {}}\n'},
            [
                "prompts/ask.cases.jsonl:1:27 TST002 the required input `name` is missing",
                f"{ASK}:11:21 VAR001 `nmae` is not an input",
            ],
        ),
        ({"promptops.toml": "schemas = ['schemas']\n"}, None),
    ],
    ids=lambda changes: next(iter(changes)) if isinstance(changes, dict) else None,
)
def test_whatever_a_result_rests_on_makes_it_new(catalog, judged, changes, expected):
    before = linted(catalog)
    catalog.write(changes)

    after = linted(catalog)

    fresh = linted(catalog, options=replace(OPTIONS, use_cache=False))
    assert (after, judged) == (fresh, [ASK] * 3)
    if expected is not None:
        assert [line.split(" ")[:2] for line in after] == [e.split(" ")[:2] for e in expected]
    else:
        assert after == before


def test_a_missing_file_that_appears_makes_a_result_new(catalog):
    catalog.git("rm", "-q", "prompts/inner.md.j2")
    catalog.commit("gone")
    before = linted(catalog)
    catalog.write({"prompts/inner.md.j2": "Be brief.\n"})
    catalog.commit("back")

    after = linted(catalog)

    assert [line.split(" ")[1] for line in before] == ["VAR001", "TPL003"]
    assert [line.split(" ")[1] for line in after] == ["VAR001"]


def test_a_file_that_is_added_to_git_makes_a_result_new(catalog):
    catalog.git("rm", "-q", "--cached", "prompts/inner.md.j2")
    before = linted(catalog)
    catalog.git("add", "prompts/inner.md.j2")

    assert [line.split(" ")[1] for line in before] == ["VAR001", "REP005"]
    assert [line.split(" ")[1] for line in linted(catalog)] == ["VAR001"]


def test_other_rules_have_other_results(catalog, judged):
    linted(catalog)

    other = linted(catalog, options=replace(OPTIONS, select=("TPL003",)))
    again = linted(catalog)

    assert (other, len(again), judged) == ([], 1, [ASK, ASK])


@pytest.mark.parametrize(("code", "times"), [("CFG002", 2), ("VAR001", 1)])
def test_the_day_counts_where_a_rule_depends_on_it(catalog, judged, code, times):
    options = replace(OPTIONS, select=(code,))
    linted(catalog, options=options)

    linted(catalog, options=replace(options, today=date(2026, 11, 25)))

    assert judged == [ASK] * times


def test_another_version_of_the_code_makes_results_new(catalog, judged, monkeypatch):
    linted(catalog)
    monkeypatch.setattr(lint_job, "own_code", lambda: "other code")

    linted(catalog)

    assert judged == [ASK, ASK]


def test_the_own_code_is_that_of_the_package():
    assert lint_job.own_code() == lint_job.code_digest(Path(promptops.__file__).parent)


def test_the_code_of_a_package_is_every_file_of_it(tmp_path):
    (tmp_path / "a.py").write_text("1")
    before = lint_job.code_digest(tmp_path)
    (tmp_path / "a.py").write_text("2")
    changed = lint_job.code_digest(tmp_path)
    (tmp_path / "b.py").write_text("")

    assert (len({before, changed}), lint_job.code_digest(tmp_path) == changed) == (2, True)


@pytest.mark.parametrize("content", [b"", b"no pickle", b"\x80\x05K\x01."])
def test_a_broken_cache_is_as_good_as_none(catalog, judged, content):
    expected = linted(catalog)
    for file in (catalog.root / ".git" / "promptops").glob("lint-*"):
        file.write_bytes(content)

    assert (linted(catalog), judged) == (expected, [ASK, ASK])


def test_a_git_directory_that_takes_no_cache_is_no_error(catalog):
    (catalog.root / ".git" / "promptops").write_text("in the way")

    assert len(linted(catalog)) == 1


def test_nothing_is_ever_written_into_the_work_tree(catalog):
    linted(catalog)
    linted(catalog, SelectionOptions(staged=True), revision="index")

    assert catalog.git("status", "--porcelain", "--ignored") == ""


def test_few_configurations_are_kept_at_a_time(catalog):
    for number in range(12):
        linted(catalog, overrides=(f'lint.required-metadata=["owners", "x{number}"]',))

    kept = list((catalog.root / ".git" / "promptops").glob("lint-*"))
    assert len(kept) == lint_job.MAX_CACHE_FILES


@pytest.mark.slow
def test_runs_at_the_same_time_do_not_disturb_each_other(catalog):
    command = [sys.executable, "-c", MAIN, "lint"]
    pids = [
        os.posix_spawn(command[0], [*command, "-C", str(catalog.root), "-q"], os.environ)
        for _ in range(4)
    ]

    codes = {os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids}

    names = sorted(file.name[:5] for file in (catalog.root / ".git" / "promptops").iterdir())
    assert (codes, names) == ({1}, ["graph", "lint-"])


def test_several_processes_say_what_one_says_in_the_same_order(repo, monkeypatch):
    repo.write({f"prompts/p{n:03}.prompt.yaml": prompt(f"{{{{ x{n} }}}} TODO") for n in range(250)})
    repo.commit("many")
    options = replace(OPTIONS, use_cache=False, processes=2)
    in_turn = linted(repo, options=options)
    monkeypatch.setattr(forked, "FORK_FROM", 10)

    assert linted(repo, options=options) == in_turn
    assert len(in_turn) == 500


def test_what_is_staged_is_judged_as_in_a_run_over_everything(catalog):
    catalog.write(
        {
            "prompts/other.prompt.yaml": prompt("{{ lost }}"),
            ASK: FILES[ASK] + "      {{ lost }}\n",
        }
    )
    catalog.git("add", ASK)

    of_staged = linted(catalog, SelectionOptions(staged=True), revision="index")

    everything = linted(catalog, revision="index")
    assert of_staged == [line for line in everything if ASK in line]
    assert len(of_staged) == 2


SILENCED = {
    "on the key": ("# promptops: ignore[VAR001] the caller adds it\n    ", "", 0),
    "another code": ("# promptops: ignore[VAR002] the caller adds it\n    ", "", 1),
    "a beginning": ("# promptops: ignore[TPL, VAR] the caller adds it\n    ", "", 0),
    "no reason": ("# promptops: ignore[VAR001]\n    ", "", 1),
    "no code": ("# promptops: ignore the caller adds it\n    ", "", 1),
    "an empty code": ("# promptops: ignore[] the caller adds it\n    ", "", 1),
    "in the text": ("", "{# promptops: ignore[VAR001] the caller adds it #}\n      ", 0),
    "in the text, not alone": ("", "Hi {# promptops: ignore[VAR001] because #}\n      ", 1),
    "in the text, too early": (
        "",
        "{# promptops: ignore[VAR001] because #}\n      Hello.\n      ",
        1,
    ),
}


@pytest.mark.parametrize(("above", "inside", "left"), SILENCED.values(), ids=SILENCED.keys())
def test_a_comment_silences_with_a_code_and_a_reason(repo, above, inside, left):
    content = (
        "format: promptops/1\nmessages:\n  - role: user\n    "
        f"{above}content: |\n      {inside}{{{{ lost }}}}\n"
    )
    repo.write({ASK: content})

    found = linted(repo, options=replace(OPTIONS, select=("VAR001",)))

    assert len(found) == left


def test_a_comment_on_a_key_covers_all_of_its_text_and_no_more(repo):
    repo.write(
        {
            ASK: "format: promptops/1\nmessages:\n"
            "  - role: user\n    # promptops: ignore[VAR001] they are added\n    content: |\n"
            "      {{ a }}\n      {{ b }}\n"
            "  - role: user\n    content: |\n      {{ c }}\n"
        }
    )

    assert linted(repo) == [f"{ASK}:10:10 VAR001 `c` is not an input"]


def test_a_comment_silences_a_whole_file(repo):
    repo.write(
        {ASK: "# promptops: ignore-file[VAR001] all are added\n" + prompt("{{ a }}\n{{ b }} TODO")}
    )

    assert [line.split(" ")[1] for line in linted(repo)] == ["STY001"]


def test_a_comment_in_a_partial_silences_there(catalog):
    catalog.write(
        {"prompts/inner.md.j2": "{# promptops: ignore[VAR001] it is added #}\n{{ lost }}\n"}
    )

    assert linted(catalog) == [f"{ASK}:11:21 VAR001 `nmae` is not an input"]


def test_no_comment_silences_a_secret(repo):
    key = "sk-ant-api03-" + "A1b2C3d4E5" * 9 + "abcAA"
    repo.write({ASK: "# promptops: ignore-file[SEC001] it is old\n" + prompt(f"Use {key}.")})

    found = linted(repo, options=replace(OPTIONS, select=("SEC001",)))

    assert [line.split(" ")[1] for line in found] == ["SEC001"]


def test_an_idle_comment_is_told_only_where_all_that_it_may_silence_was_asked(catalog):
    catalog.write(
        {
            ASK: "# promptops: ignore-file[VAR] because\n" + prompt("Hello. {% include 'p.j2' %}"),
            "prompts/p.j2": "{# promptops: ignore[VAR001] because #}\nHello.\n",
            "prompts/b.prompt.yaml": prompt("Hello. {% include 'p.j2' %}"),
        }
    )
    catalog.commit("idle")
    idle = [
        f"{ASK}:1:1 REP009 VAR has no finding here",
        "prompts/p.j2:1:4 REP009 VAR001 has no finding here",
    ]

    def asked(*codes, wanted=EVERYTHING):
        return linted(catalog, wanted, replace(OPTIONS, select=(*codes, "REP009")))

    assert asked("VAR", "TPL") == idle
    assert asked("VAR001") == idle[1:]
    assert asked("VAR", wanted=SelectionOptions(patterns=("ask",))) == idle[:1]


def test_a_severity_of_the_configuration_counts(catalog):
    catalog.write({"promptops.toml": '[lint]\nseverity = {VAR001 = "info"}\n'})

    with workspace(catalog.root) as opened:
        found = lint(opened, EVERYTHING, OPTIONS).findings

    assert [(each.code, str(each.severity)) for each in found] == [("VAR001", "info")]


@pytest.mark.parametrize(
    ("pattern", "codes", "left"),
    [
        ("prompts/**", "VAR", 0),
        ("prompts/*", "VAR001", 0),
        ("prompts/ask.prompt.yaml", "V", 0),
        ("**/ask.prompt.yaml", "VAR", 0),
        ("prompts/**", "TST", 1),
        ("other/**", "VAR", 1),
    ],
)
def test_files_may_be_spared_from_rules(catalog, pattern, codes, left):
    catalog.write({"promptops.toml": f'[lint.per-file-ignores]\n"{pattern}" = ["{codes}"]\n'})

    assert len(linted(catalog)) == left


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, {"VAR001", "TST001", "VAR002"}),
        ({"select": ("VAR",)}, {"VAR001", "VAR002"}),
        ({"select": ("VAR", "TST001"), "ignore": ("VAR00",)}, {"TST001"}),
        ({"ignore": ("VAR", "TST")}, set()),
        ({"select": ("ALL",), "ignore": ("VAR002",)}, {"VAR001", "TST001"}),
    ],
)
def test_rules_are_chosen_by_beginnings_of_codes(repo, chosen, expected):
    repo.write({ASK: prompt("{{ lost }}", "inputs:\n  properties:\n    a: {enum: [x]}\n")})

    found = linted(repo, options=LintOptions(today=DAY, **chosen))

    assert {line.split(" ")[1] for line in found} & {"VAR001", "VAR002", "TST001"} == expected


@pytest.mark.parametrize("option", ["select", "ignore", "extend_select"])
def test_a_code_that_begins_no_rule_is_refused(catalog, option):
    with pytest.raises(UsageError) as refused:
        linted(catalog, options=LintOptions(**{option: ("XYZ",)}))

    assert refused.value.message == "there is no rule 'XYZ'"


def test_a_waiver_lasts_through_its_day_and_an_idle_one_is_told(catalog):
    [fingerprint] = fingerprints(catalog)
    waiver = '[[lint.waivers]]\nfingerprint = "{}"\nreason = "r"\nwho = "w"\nexpires = 2026-11-24\n'
    of_change = waiver.replace("lint", "diff").format("c" * 16)
    catalog.write({"promptops.toml": waiver.format(fingerprint) + waiver.format("0" * 16)})
    catalog.write({"promptops.toml": (catalog.root / "promptops.toml").read_text() + of_change})
    options = replace(OPTIONS, select=("VAR001", "REP009"))
    next_day = replace(options, today=date(2026, 11, 25))

    on_the_day = linted(catalog, options=options)
    later = linted(catalog, options=next_day)
    of_one = linted(catalog, SelectionOptions(patterns=("ask",)), next_day)

    assert on_the_day == [f"promptops.toml:7:15 REP009 the waiver of {'0' * 16} matches no finding"]
    assert later == [
        f"promptops.toml:2:15 REP009 the waiver of {fingerprint} ended on 2026-11-24",
        f"promptops.toml:7:15 REP009 the waiver of {'0' * 16} ended on 2026-11-24",
        f"promptops.toml:12:15 REP009 the waiver of {'c' * 16} ended on 2026-11-24",
        f"{ASK}:11:21 VAR001 `nmae` is not an input (its waiver ended on 2026-11-24)",
    ]
    assert of_one == later[3:]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("# {a}\n[[lint.waivers]]\n{rest}\nfingerprint = '{a}'\n", ["6:15"]),
        (
            "[[lint.waivers]]\nfingerprint = '{a}'\n{rest}\n"
            "[[diff.waivers]]\nfingerprint = '{a}'\n{rest}\n"
            "[[lint.waivers]]\nfingerprint = '{a}'\n{rest}\n",
            ["2:15", "7:15", "12:15"],
        ),
        (
            "[diff]\n# not {a}\nwaivers = [\n  {{fingerprint = '{a}', {inline}}},\n]\n"
            "[lint]\nwaivers = [{{fingerprint = '{a}', {inline}}}]\n",
            ["4:18", "7:27"],
        ),
    ],
    ids=["comment", "same", "inline"],
)
def test_each_idle_waiver_is_told_at_its_own_place(catalog, text, places):
    facts = ("reason = 'r'", "who = 'w'", "expires = 2026-11-24")
    text = text.format(a="0" * 16, rest="\n".join(facts), inline=", ".join(facts))
    catalog.write({"promptops.toml": text})
    options = LintOptions(today=date(2026, 11, 25), select=("REP009",))

    assert linted(catalog, options=options) == [
        f"promptops.toml:{place} REP009 the waiver of {'0' * 16} ended on 2026-11-24"
        for place in places
    ]


def test_a_baseline_takes_what_was_there_and_nothing_new(catalog):
    with workspace(catalog.root) as opened:
        count = write_baseline(opened, lint(opened, EVERYTHING, OPTIONS).findings)
    as_written = linted(catalog)
    catalog.write({ASK: "# a line more\n" + FILES[ASK] + "      {{ lost }}\n"})

    moved = linted(catalog)

    shown = linted(catalog, options=replace(OPTIONS, use_baseline=False))
    assert (count, as_written) == (1, [])
    assert moved == [f"{ASK}:14:10 VAR001 `lost` is not an input"]
    assert len(shown) == 2


def test_what_a_baseline_accepts_is_listed_by_code_with_errors_first(catalog):
    catalog.write({"prompts/b.prompt.yaml": FILES[ASK]})

    done = ask(catalog.root, "lint", "--write-baseline")

    assert (done.code, done.out) == (0, "")
    first, *codes = done.err.splitlines()
    assert first.startswith("wrote promptops-baseline.json: ")
    assert codes[0] == "  2 VAR001 undefined-variable (error)"
    assert codes[1:] == sorted(codes[1:], key=lambda line: -int(line.split()[0]))


def test_a_baseline_takes_findings_on_comments_too(catalog):
    catalog.write({ASK: "# promptops: ignore-file[TPL003] because\n" + FILES[ASK]})
    options = replace(OPTIONS, select=("REP009", "TPL003"))
    with workspace(catalog.root) as opened:
        write_baseline(opened, lint(opened, EVERYTHING, options).findings)

    assert linted(catalog, options=options) == []
    assert len(linted(catalog, options=replace(options, use_baseline=False))) == 1


@pytest.mark.parametrize("content", ["", "[]", '{"findings": [1]}', '{"findings": [{}]}'])
def test_a_baseline_that_is_none_is_refused(catalog, content):
    catalog.write({"promptops-baseline.json": content})

    with pytest.raises(InputError, match="not a baseline of promptops"):
        linted(catalog)


def test_a_baseline_that_is_configured_must_be_there(catalog):
    catalog.write({"promptops.toml": '[lint]\nbaseline = "accepted.json"\n'})

    with pytest.raises(InputError, match="there is no baseline"):
        linted(catalog)


def test_a_baseline_of_another_revision_is_not_written(catalog):
    with workspace(catalog.root, "HEAD") as opened, pytest.raises(UsageError):
        write_baseline(opened, ())

    assert catalog.git("status", "--porcelain") == ""


OWN = {
    "existence": 'tokens = ["Globex"]',
    "substitution": 'swap = {"e-mail" = "email"}',
    "occurrence": 'tokens = ["very"]\nmax = 1',
}


@pytest.mark.parametrize(
    ("kind", "text", "column"),
    [
        ("existence", "We beat Globex and Globexes.", 15),
        ("substitution", "Write an e-mail.", 16),
        ("occurrence", "A very very long text.", 14),
    ],
)
def test_a_team_declares_rules_of_its_own(repo, kind, text, column):
    repo.write(
        {
            "promptops.toml": f'[[lint.rules]]\ncode = "X001"\nname = "ours"\nkind = "{kind}"\n'
            f'message = "not so"\nseverity = "error"\n{OWN[kind]}\n',
            ASK: prompt(text),
        }
    )

    found = linted(repo, options=replace(OPTIONS, select=("X001",)))

    assert found == [f"{ASK}:5:{column} X001 not so"]


def test_a_word_of_a_rule_is_a_whole_word_in_any_script(repo):
    repo.write(
        {
            "promptops.toml": '[[lint.rules]]\ncode = "X001"\nname = "ours"\nkind = "existence"\n'
            'message = "not so"\nseverity = "error"\ntokens = ["café", "naiv"]\n',
            ASK: prompt("cafés, café; naivé, naiv_ naiv"),
        }
    )

    found = linted(repo, options=replace(OPTIONS, select=("X001",)))

    assert found == [f"{ASK}:5:{column} X001 not so" for column in (14, 33)]


PLUGIN = '''
from promptops.lint import Problem, Severity, rule

@rule("PLG001", severity=Severity.ERROR)
def no_greeting(document):
    """No prompt greets."""
    if "hello" in document.text:
        yield Problem("it greets", at="/messages")
'''


def installed(folder, name, source):
    (folder / f"{name}.py").write_text(source)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[promptops.rules]\n{name} = {name}\n")


def run(repo, folder, *options, command="lint", **environment):
    return subprocess.run(
        [sys.executable, "-c", MAIN, command, "--format", "json", *options],
        cwd=repo.root,
        env={**os.environ, "PYTHONPATH": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def greeting(repo, tmp_path):
    repo.write({ASK: prompt("Say hello.", "status: draft\n")})
    folder = tmp_path / "site"
    folder.mkdir()
    return repo, folder


def test_a_plugin_finds_its_own_and_its_code_is_part_of_the_key(greeting):
    repo, folder = greeting
    installed(folder, "greetings", PLUGIN)

    first = run(repo, folder)
    (folder / "greetings.py").write_text(PLUGIN.replace("it greets", "it greets again"))
    second = run(repo, folder)

    said = [
        [f["message"] for f in json.loads(done.stdout)["findings"] if f["code"] == "PLG001"]
        for done in (first, second)
    ]
    assert said == [["it greets"], ["it greets again"]]


def test_a_plugin_that_can_not_be_imported_fails_the_run_by_name(greeting):
    repo, folder = greeting
    installed(folder, "broken", "import no_such_module\n")

    done = run(repo, folder)

    (error,) = json.loads(done.stdout)["errors"]
    message = "the plug-in `broken` can't be imported: No module named 'no_such_module'"
    assert (done.returncode, error["where"], error["message"]) == (3, "broken", message)
    assert done.stderr == f"broken: error: {message}\n  tip: fix or uninstall it\n"


def test_a_rule_in_preview_runs_only_if_its_whole_code_or_its_name_is_selected(greeting):
    repo, folder = greeting
    installed(folder, "previews", PLUGIN.replace("Severity.ERROR", 'Severity.ERROR, on="preview"'))

    selections = ([], ["--rule", "PLG"], ["--rule", "PLG001"], ["--rule", "no-greeting"])
    done = [run(repo, folder, *options) for options in selections]
    shown = run(repo, folder, "PLG001", command="rule")

    assert ["it greets" in each.stdout for each in done] == [False, False, True, True]
    (rule,) = json.loads(shown.stdout)["rules"]
    assert (rule["on"], rule["stage"], rule["deprecated"]) == ("preview", "preview", None)


def test_a_deprecated_rule_runs_and_warns_once_if_it_is_selected_by_its_name(greeting):
    repo, folder = greeting
    repo.write({"promptops.toml": '[lint]\nselect = ["ALL", "PLG001"]\n'})
    instead = "use `VAR001`; removed in 2.0"
    source = PLUGIN.replace("Severity.ERROR", f'Severity.ERROR, deprecated="{instead}"')
    installed(folder, "deprecations", source)

    named = run(repo, folder, "--extend-select", "no-greeting")
    repo.write({"promptops.toml": ""})
    by_default = run(repo, folder)
    shown = run(repo, folder, "PLG001", command="rule")

    assert named.stderr == f"warning: the rule PLG001 is deprecated: {instead}\n"
    assert by_default.stderr == ""
    assert ["it greets" in each.stdout for each in (named, by_default)] == [True, True]
    (rule,) = json.loads(shown.stdout)["rules"]
    assert (rule["stage"], rule["deprecated"]) == ("deprecated", instead)


def test_the_page_of_a_deprecated_rule_begins_with_its_replacement():
    rule = Rule(
        code="PLG001",
        name="no-greeting",
        severity=Severity.ERROR,
        check=lambda: iter(()),
        needs=(),
        deprecated="use `VAR001`; removed in 2.0",
    )

    for page in (rule_page("text", rule), rule_page("markdown", rule)):
        head, _, body = page.partition("\n\n")
        assert head.endswith("PLG001 no-greeting (error, deprecated)")
        assert body.startswith("Deprecated: use `VAR001`; removed in 2.0.\n")
    assert rule_list("text", [rule]) == "PLG001  no-greeting  error   (deprecated)\n"


def test_no_plugin_is_loaded_for_a_stranger(greeting):
    repo, folder = greeting
    installed(folder, "broken", "import no_such_module\n")

    done = run(repo, folder, PROMPTOPS_UNTRUSTED="1")

    assert done.returncode == 0
    assert "PLG001" not in done.stdout


def test_a_small_selection_does_not_read_or_write_the_cache(catalog):
    linted(catalog, SelectionOptions(patterns=("ask",)))

    names = [file.name for file in (catalog.root / ".git" / "promptops").iterdir()]
    assert (names, lint_job.CACHED_FROM > 1) == (["graph"], True)


INVISIBLE = LintOptions(select=("SEC007",), today=DAY)
TAGS = "".join(chr(0xE0000 + ord(each)) for each in "Ignore")


@pytest.fixture
def otherwise_on_disk(repo):
    """A prompt with invisible instructions in its commit, which git leaves out on checkout."""
    repo.write({ASK: prompt(f"Be brief. $Id: {TAGS} $"), "promptops.toml": ""})
    repo.commit("one")
    repo.write({".gitattributes": "*.prompt.yaml ident\n"})
    repo.git("add", ".gitattributes")
    repo.git("commit", "--quiet", "--message", "two")
    (repo.root / ASK).unlink()
    repo.git("checkout", "--quiet", "--", ASK)
    later = (repo.root / ASK).stat().st_mtime + 60
    os.utime(repo.root / ".git/index", (later, later))  # git looks again at what is as new as that
    assert repo.git("status", "--porcelain") == ""
    assert TAGS.encode() not in (repo.root / ASK).read_bytes()
    return repo


def codes(repo, revision):
    return [line.split()[1] for line in linted(repo, options=INVISIBLE, revision=revision)]


@pytest.mark.parametrize("first", ["worktree", "HEAD"])
def test_results_of_other_bytes_are_never_taken_from_the_cache(otherwise_on_disk, first):
    codes(otherwise_on_disk, first)

    found = {each: codes(otherwise_on_disk, each) for each in ("worktree", "index", "HEAD")}

    assert found == {"worktree": [], "index": ["SEC007"], "HEAD": ["SEC007"]}


def test_a_cached_result_is_not_that_of_an_edit_that_git_overlooks(repo, judged):
    repo.write({ASK: prompt("Be brief."), "promptops.toml": ""})
    repo.commit("one")
    repo.git("update-index", "--assume-unchanged", ASK)
    assert codes(repo, "worktree") == []
    repo.write({ASK: prompt(f"Be brief.{TAGS}")})

    found = [codes(repo, each) for each in ("worktree", "worktree", "HEAD")]

    assert (found, judged) == ([["SEC007"], ["SEC007"], []], [ASK, ASK])


def test_the_include_graph_keeps_names_by_the_bytes_that_were_read(repo):
    """What a file names on disk is not taken for what it names in its commit."""
    repo.write(
        {
            ASK: prompt("{% include 'outer.md.j2' %}"),
            "prompts/outer.md.j2": "{% include 'a.md.j2' %}\n",
            "prompts/a.md.j2": "a\n",
            "prompts/b.md.j2": "b\n",
            "promptops.toml": "",
        }
    )
    repo.commit("one")
    repo.git("update-index", "--assume-unchanged", "prompts/outer.md.j2")
    repo.write({"prompts/outer.md.j2": "{% include 'b.md.j2' %}\n"})
    linted(repo)

    with workspace(repo.root, "HEAD") as opened:
        meant = opened.catalog.graph.targets("prompts/outer.md.j2")

    assert meant == {"prompts/a.md.j2"}


def test_a_file_that_is_written_while_it_is_judged_is_cached_as_what_was_read(repo):
    repo.write({ASK: prompt("Be brief."), "promptops.toml": ""})
    repo.commit("one")
    with workspace(repo.root) as opened:
        assert opened.catalog.graph.sources[ASK]  # listed, and not read yet
        repo.write({ASK: prompt(f"Be brief.{TAGS}")})
        found = lint(opened, EVERYTHING, INVISIBLE).findings

    assert [each.code for each in found] == ["SEC007"]
    assert (codes(repo, "HEAD"), codes(repo, "worktree")) == ([], ["SEC007"])
