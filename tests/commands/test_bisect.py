"""The commit that broke a case, found in real histories: half a history at each step."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from promptops.cli.main import run
from promptops.commands.bisect.bisect import CaseOptions, SearchEnds, bisect
from promptops.errors import GitError, UsageError
from promptops.model.history import TreeVerdict
from promptops.testing.options import RunOptions
from promptops.testing.runner import test as run_cases
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace
from tests.output_schemas import validate

CONFIG = '[models.echo]\nprovider = "echo"\nid = "echo-1"\nprice = {input = 0.0, output = 0.0}\n'
STYLE = "prompts/partials/style.md.j2"
ASK = "prompts/ask.prompt.yaml"
PROMPT = """\
format: promptops/1
description: Answers.
owners: ["@a"]
model: {profile: echo}
inputs:
  required: [question]
  properties:
    question: {type: string, maxLength: 100}
messages:
  - role: user
    content: |
      {% include "partials/style.md.j2" %}
      {{ question }}
tests:
  - name: kind
    inputs: {question: why}
    output: [{type: contains, value: kind}]
"""
KIND, KINDER, RUDE, RUDER = "Be kind.\n", "Be very kind.\n", "Be rude.\n", "Be very rude.\n"
REASON = "`contains`: expected `kind` in the answer, got "


class History:
    """Commits of a prompt whose answer is its request: what it says is what is asserted."""

    def __init__(self, repo):
        self.repo = repo
        repo.write({"promptops.toml": CONFIG, ASK: PROMPT})

    def says(self, style, message="reworded"):
        """A commit with this wording, recorded."""
        self.repo.write({STYLE: style})
        with workspace(self.repo.root) as opened:
            run_cases(opened, SelectionOptions(patterns=("ask",)), RunOptions(mode="record"))
        return self.repo.commit(message)

    def writes(self, files, message="something else"):
        """A commit with these files, recorded by nobody."""
        self.repo.write(files)
        return self.repo.commit(message)

    def find(self, good, bad="HEAD", *, told=None, first_parent=False, **manner):
        ends = SearchEnds(good=good, bad=bad, first_parent=first_parent)
        tell = {"on_verdict": told} if told is not None else {}
        return bisect(self.repo.root, ("ask", "kind"), ends, CaseOptions(**manner), **tell)


@pytest.fixture
def history(repo):
    return History(repo)


def alternating(history, ends_with, count=65, broken_at=41):
    """Commits whose partial goes back and forth: between kind ones, later between rude ones."""
    words = [(KIND, KINDER), ends_with]
    made = [words[n >= broken_at][n % 2] for n in range(count)]
    return [history.says(f"{word}{n} times\n", f"wording {n}") for n, word in enumerate(made)]


@pytest.mark.slow
def test_among_64_commits_the_one_is_found_in_seven_judgements_or_less(history):
    commits = alternating(history, (RUDE, RUDER))
    judged = []

    found = history.find(commits[0], told=judged.append)

    assert found.first_bad is not None
    assert (found.first_bad.commit, found.first_bad.subject) == (commits[41], "wording 41")
    assert (found.first_bad.author, found.first_bad.date[:10]) == ("Ada Author", "2026-01-01")
    assert found.reason.startswith(REASON)
    assert (found.commits, found.skipped) == (64, ())
    assert found.steps <= 7
    assert Counter(each.commit for each in judged).most_common(1)[0][1] == 1
    assert len(judged) == found.steps + 2


def test_wording_that_comes_back_and_commits_that_touch_other_things_are_not_judged_again(history):
    first = history.says(KIND)
    history.says(KINDER)
    for number in range(6):
        history.says((KIND, KINDER)[number % 2])
        history.writes({"src/app.py": f"{number}\n"})
        history.writes({"prompts/other.prompt.yaml": PROMPT.replace("Answers", f"No {number}")})
    broken = history.says(RUDE)
    for number in range(8):
        history.writes({"prompts/other.prompt.yaml": PROMPT.replace("Answers", f"New {number}")})

    found = history.find(first)

    assert [each.commit for each in found.suspects] == [broken]
    assert found.commits == 1 + 6 * 2 + 1 + 8  # without those of the application
    assert found.steps <= 1  # one of the two kind wordings is that of the good end


def test_commits_that_cannot_be_judged_are_skipped_and_the_one_is_found_all_the_same(history):
    commits = [history.says(f"{KIND}{n}\n") for n in range(4)]
    history.writes({ASK: "messages: [\n"})
    history.writes({ASK: PROMPT.replace("name: kind", "name: other")})
    history.writes({"promptops.toml": "prompts = 3\n", ASK: PROMPT})
    history.writes({"promptops.toml": CONFIG, STYLE: "Nobody recorded this, kind.\n"})
    commits += [history.says(f"{KIND}{n}\n") for n in range(4, 7)]
    broken = history.says(RUDE)

    found = history.find(commits[0])

    assert [each.commit for each in found.suspects] == [broken]
    known = ("there is no ", "its request has no ", "the prompt can't ", "the configuration can't ")
    assert [each for each in found.skipped if not each.reason.startswith(known)] == []
    assert found.skipped != ()


def test_where_skipped_commits_stand_before_the_bad_one_each_of_them_is_a_suspect(history):
    good = history.says(KIND)
    broken = [
        history.writes({ASK: "messages: [\n"}, "does not parse"),
        history.writes({ASK: PROMPT.replace("name: kind", "name: other")}, "another case"),
        history.writes({ASK: PROMPT, STYLE: "Not recorded.\n"}, "not recorded"),
        history.says(RUDE, "recorded again"),
    ]
    history.says(RUDER)

    found = history.find(good)

    assert found.first_bad is None
    assert [each.commit for each in found.suspects] == broken
    reasons = {each.commit: each.reason for each in found.skipped}
    assert reasons.keys() == set(broken[:3])
    assert reasons[broken[0]].startswith("the prompt can't be read: ")
    assert reasons[broken[1]] == "there is no case `kind`"
    assert reasons[broken[2]] == "its request has no recording"


@pytest.mark.slow
def test_a_long_stretch_of_commits_without_recordings_is_leapt_over(history):
    good = history.says(KIND)
    for number in range(40):
        history.writes({STYLE: f"Never recorded {number}.\n"})
    history.says(KINDER)
    broken = history.says(RUDE)
    for number in range(30):
        history.says(f"{RUDE}{number}\n")

    found = history.find(good)

    assert [each.commit for each in found.suspects] == [broken]
    assert len(found.skipped) < 20


def test_ends_that_are_swapped_are_refused_with_what_was_found(history):
    good = history.says(KIND)
    history.says(RUDE)

    with pytest.raises(UsageError) as refused:
        history.find("HEAD", good)

    assert refused.value.message.startswith(
        "the case must pass at good and fail at bad: at 'HEAD' it fails (`contains`: expected "
    )
    assert refused.value.message.endswith(f"; at '{good}' it passes")
    assert refused.value.hint == f"the ends are swapped: --good {good} --bad HEAD"


def test_a_case_that_passes_at_both_ends_or_is_not_recorded_at_one_is_refused(history):
    good = history.says(KIND)
    history.says(KINDER)
    history.writes({STYLE: "Never recorded.\n"})

    with pytest.raises(UsageError) as passes:
        history.find(good, "HEAD~1")
    with pytest.raises(UsageError) as stale:
        history.find(good)

    assert passes.value.message.endswith("it passes; at 'HEAD~1' it passes")
    assert stale.value.message.endswith(
        "at 'HEAD' it can't be judged (its request has no recording)"
    )
    assert stale.value.hint == "name other commits, or call the model: --live"


def test_a_case_that_was_mended_was_not_broken_between(history):
    bad = history.says(RUDE)
    history.says(KIND)

    with pytest.raises(UsageError) as refused:
        history.find("HEAD", bad)

    assert refused.value.message == f"the case fails at '{bad}' and passes later, at 'HEAD'"


def test_what_is_called_otherwise_is_told_with_the_nearest_name(history):
    good = history.says(KIND)
    history.says(RUDE)
    root, ends = history.repo.root, SearchEnds(good=good)

    with pytest.raises(UsageError) as no_prompt:
        bisect(root, ("aks", "kind"), ends, CaseOptions())
    with pytest.raises(UsageError) as no_case:
        bisect(root, ("ask", "kinds"), ends, CaseOptions())
    with pytest.raises(UsageError) as any_case:
        bisect(root, ("ask", "refund"), ends, CaseOptions())
    with pytest.raises(GitError) as no_commit:
        history.find("v9")

    assert no_prompt.value.message == "no prompt matches 'aks'"
    assert no_case.value.message == "no case has the name 'kinds'"
    assert (no_case.value.hint, any_case.value.hint) == ("did you mean `kind`?", "one of: 'kind'")
    assert no_commit.value.message == "there is no revision 'v9'"


def test_the_commit_on_a_merged_branch_is_found_or_its_merge_where_that_is_wanted(history):
    good = history.says(KIND)
    history.repo.git("switch", "-q", "-c", "side")
    for number in range(3):
        history.says(f"{KIND}{number}\n")
    broken = history.says(RUDE, "on the side")
    history.says(RUDER)
    history.repo.git("switch", "-q", "main")
    for number in range(5):
        history.writes({"prompts/other.prompt.yaml": PROMPT.replace("Answers", f"No {number}")})
    history.repo.git("merge", "-q", "--no-ff", "-m", "merged", "side")
    merge = history.repo.git("rev-parse", "HEAD")
    history.writes({"prompts/other.prompt.yaml": PROMPT.replace("Answers", "Last")})

    anywhere = history.find(good)
    merged = history.find(good, first_parent=True)

    assert [each.commit for each in anywhere.suspects] == [broken]
    assert [each.commit for each in merged.suspects] == [merge]


def test_a_good_commit_on_another_branch_counts_by_where_the_two_part(history):
    fork = history.says(KIND)
    history.repo.git("switch", "-q", "-c", "release")
    history.says(KINDER)
    history.repo.git("switch", "-q", "main")
    history.says(f"{KIND}1\n")
    broken = history.says(RUDE)
    history.repo.git("switch", "-q", "-c", "mended", broken)
    history.says(KINDER)
    history.repo.git("switch", "-q", "main")
    history.says(RUDER)

    found = history.find("release")
    with pytest.raises(UsageError) as refused:
        history.find("mended")

    assert [each.commit for each in found.suspects] == [broken]
    assert fork not in {each.commit for each in found.suspects}
    assert refused.value.message.startswith(
        f"at {broken[:12]}, where 'mended' and 'HEAD' part, the case fails ("
    )


def test_a_prompt_that_was_renamed_is_followed_by_its_alias(history):
    good = history.says(KIND)
    broken = history.says(RUDE)
    history.repo.git("mv", ASK, "prompts/reply.prompt.yaml")
    history.repo.git("mv", "prompts/ask.recordings.jsonl", "prompts/reply.recordings.jsonl")
    history.writes(
        {"prompts/reply.prompt.yaml": PROMPT.replace("owners", "aliases: [ask]\nowners")}
    )

    by_id = bisect(history.repo.root, ("reply", "kind"), SearchEnds(good=good), CaseOptions())
    by_alias = history.find(good)

    assert [each.commit for each in by_id.suspects] == [broken]
    assert by_alias == by_id


def test_what_an_assertion_demands_breaks_a_case_as_wording_does(history):
    good = history.says(KIND)
    history.says(KINDER)
    broken = history.writes({ASK: PROMPT.replace("value: kind", "value: polite")}, "demands more")
    history.writes({ASK: PROMPT.replace("value: kind", "value: politer")})

    found = history.find(good)

    assert [each.commit for each in found.suspects] == [broken]


def test_live_a_model_is_asked_where_nothing_was_recorded_and_nothing_is_written(history):
    history.repo.write({STYLE: KIND})
    good = history.repo.commit("kind")
    commits = [history.writes({STYLE: f"{(KIND, RUDE)[n > 4]}{n}\n"}) for n in range(9)]

    found = history.find(good, live=True)

    assert [each.commit for each in found.suspects] == [commits[5]]
    assert history.repo.git("status", "--porcelain") == ""


def test_live_a_new_case_is_tried_in_commits_that_do_not_have_it_yet(history):
    without = PROMPT.partition("tests:")[0]
    history.repo.write({ASK: without, STYLE: KIND})
    good = history.repo.commit("no case")
    broken = [history.writes({STYLE: text}) for text in (KINDER, RUDE, RUDER)][1]
    history.writes({ASK: PROMPT}, "a case from production")

    found = history.find(good, live=True)
    with pytest.raises(UsageError, match="there is no case `kind`"):
        history.find(good)

    assert [each.commit for each in found.suspects] == [broken]


def test_live_a_good_end_that_cannot_be_judged_is_not_advised_to_be_called_again(history):
    good = history.writes({STYLE: KIND, ASK: "messages: [\n"})
    history.writes({STYLE: RUDE, ASK: PROMPT})

    with pytest.raises(UsageError) as refused:
        history.find(good, live=True)

    assert refused.value.hint == "name other commits"


def test_live_only_whom_the_configuration_of_head_names_is_asked_unless_all_are_trusted(history):
    bad_address = CONFIG + 'base_url = "https://elsewhere.invalid"\n'
    elsewhere = bad_address.replace('"echo"\n', '"openai"\napi_key_env = "KEY"\n', 1)
    history.repo.write({STYLE: KIND, "promptops.toml": elsewhere})
    good = history.repo.commit("asks elsewhere")
    broken = history.writes({STYLE: RUDE})
    history.writes({"promptops.toml": CONFIG})

    found = history.find(good, live=True)
    with pytest.raises(UsageError, match="the API key of `echo` is not set"):
        history.find(good, live=True, trusted=True)

    assert [each.commit for each in found.suspects] == [broken]


def test_live_no_verdict_is_made_up_where_the_budget_is_spent(history, capfd):
    dear = CONFIG.replace("input = 0.0", "input = 1000.0")
    history.repo.write({STYLE: KIND, "promptops.toml": dear})
    good = history.repo.commit("kind")
    history.writes({STYLE: RUDE})
    live = ("--live", "--max-cost", "0", "-C", str(history.repo.root))

    code = run(["bisect", "ask", "--case", "kind", "--good", good, *live])

    said = capfd.readouterr()
    assert (code, said.out) == (5, "")
    assert "error: not requested: " in said.err


def test_a_bare_repository_whose_prompts_stand_at_its_root_is_searched(history, tmp_path):
    everywhere = 'prompts = ["."]\n' + CONFIG
    moved = {ASK: "", "promptops.toml": everywhere, "ask.prompt.yaml": PROMPT}
    history.repo.write(moved)
    history.repo.git("rm", "-q", "--force", "--ignore-unmatch", ASK)
    (history.repo.root / ASK).unlink()
    made = []
    for style in (KIND, KINDER, RUDE, RUDER):
        history.repo.write({"partials/style.md.j2": style})
        made.append(history.says(style))
    history.repo.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))

    found = bisect(tmp_path / "bare.git", ("ask", "kind"), SearchEnds(good=made[0]), CaseOptions())

    assert [each.commit for each in found.suspects] == [made[2]]


def test_a_function_that_an_assertion_calls_breaks_a_case_as_wording_does(history):
    prompt = PROMPT.replace("type: contains, value: kind", 'type: python, value: "check.py:holds"')
    holds = "def holds(output, facts):\n    return {}\n"
    history.repo.write({ASK: prompt, "prompts/check.py": holds.format("True")})
    good = history.says(KIND)
    broken = history.writes({"prompts/check.py": holds.format("False")})
    history.writes({"prompts/other.prompt.yaml": PROMPT})

    found = history.find(good)

    assert [each.commit for each in found.suspects] == [broken]


# The command.


def test_people_read_which_commit_it_was_and_what_to_type_next(history, capfd):
    good = history.says(KIND)
    history.says(KINDER)
    history.says(f"{KIND}2\n")
    broken = history.says(RUDE, "Shorten \x1b[31mthe style")
    history.says(RUDER)

    code = run(["bisect", "ask", "-c", "kind", "--good", good, "-C", str(history.repo.root)])

    assert code == 0
    assert (
        capfd.readouterr().out
        == f"""\
ask: `kind` fails since {broken[:12]}
  {broken[:12]} Ada Author, 2026-01-01: Shorten \\x1b[31mthe style
  `contains`: expected `kind` in the answer, got \
`{{"messages":[{{"content":"Be rude.\\nwhy","role":"user"}}]}}`

4 commits, 2 tried between good and bad
next: promptops diff {broken[:12]}^..{broken[:12]} ask
"""
    )


def test_people_read_all_suspects_where_several_are_left(history, capfd):
    good = history.says(KIND)
    first = history.writes({STYLE: "Not recorded.\n"}, "not recorded")
    second = history.says(RUDE, "recorded again")

    code = run(["bisect", "ask", "-c", "kind", "--good", good, "-C", str(history.repo.root)])

    assert code == 1
    assert (
        capfd.readouterr().out
        == f"""\
ask: `kind` fails since one of 2 commits
  {first[:12]} Ada Author, 2026-01-01: not recorded
  {second[:12]} Ada Author, 2026-01-01: recorded again
  `contains`: expected `kind` in the answer, got \
`{{"messages":[{{"content":"Be rude.\\nwhy","role":"user"}}]}}`

2 commits, 1 tried between good and bad, 1 skipped:
  {first[:12]} its request has no recording
next: promptops diff {first[:12]}^..{second[:12]} ask
"""
    )


def test_here_exits_as_git_bisect_run_takes_it(history, capfd):
    root = str(history.repo.root)
    here = ["bisect", "ask", "--case", "kind", "--here", "-C", root]
    history.says(KIND)
    good = run(here)
    history.says(RUDE)
    bad = run(here)
    history.repo.write({STYLE: "Not recorded.\n"})
    stale = run(here)
    history.repo.write({"promptops.toml": "prompts = 3\n"})
    misconfigured = run(here)
    absent = run(["bisect", "nobody", "--case", "kind", "--here", "-C", root])

    assert (good, bad, stale, misconfigured, absent) == (0, 1, 125, 125, 125)
    assert capfd.readouterr().out.splitlines()[:2] == [
        "ask: `kind` passes here",
        "ask: `kind` fails here",
    ]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--here", "--live"), 130),
        (("--here", "--misspelt"), 130),
        (("--here", "--format", "yaml"), 130),
        (("--here", "-C", "/"), 132),
    ],
)
def test_here_stops_git_bisect_run_where_the_command_line_is_wrong(history, arguments, code):
    history.says(KIND)

    where = ("-C", str(history.repo.root))

    assert run([*where, "bisect", "ask", "--case", "kind", *arguments]) == code
    if "-C" not in arguments:
        assert run(["bisect", "ask", "--case", "kind", *arguments, *where]) == code


def test_programs_read_what_the_schema_says(history, capfd):
    good = history.says(KIND)
    unknown = history.writes({STYLE: "Not recorded.\n"}, "not recorded")
    broken = history.says(RUDE, "recorded again")
    search = ["bisect", "ask", "--case", "kind", "--format", "json", "-C", str(history.repo.root)]
    calls = [
        (*search, "--good", good),
        (*search, "--good", good, "--bad", broken),
        (*search, "--here"),
    ]

    values = []
    for arguments in calls:
        run(list(arguments))
        values.append(json.loads(capfd.readouterr().out))

    for each in values:
        validate("bisect", each)
    assert values[0] == values[1]
    assert values[0] | {"reason": None} == {
        "schema": 1,
        "prompt": "ask",
        "case": "kind",
        "first_bad": None,
        "suspects": [suspect(unknown, 1, "not recorded"), suspect(broken, 2, "recorded again")],
        "reason": None,
        "commits": 2,
        "steps": 1,
        "skipped": [
            {"commit": unknown, "verdict": "skip", "reason": "its request has no recording"}
        ],
        "here": None,
        "next": f"promptops diff {unknown[:12]}^..{broken[:12]} ask",
    }
    assert (values[2]["here"]["verdict"], values[2]["suspects"]) == ("bad", [])


def suspect(commit, minute, subject):
    date = f"2026-01-01T00:0{minute}:00Z"
    return {"commit": commit, "author": "Ada Author", "date": date, "subject": subject}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--good is missing"),
        (("--here", "--good", "HEAD"), "--here and --good exclude each other"),
        (("--here", "--live"), "--here and --live exclude each other"),
        (("--good", "HEAD", "--max-cost", "1"), "--max-cost needs --live"),
        (("--good", "HEAD", "--trust-config"), "--trust-config needs --live"),
    ],
)
def test_options_that_exclude_each_other_are_refused(history, capfd, arguments, said):
    history.says(KIND)

    code = run(["bisect", "ask", "--case", "kind", *arguments, "-C", str(history.repo.root)])

    assert code == (130 if "--here" in arguments else 2)
    assert f"error: {said}" in capfd.readouterr().err


def test_a_judgement_tells_its_commit(history):
    good, told = history.says(KIND), []
    bad = history.says(RUDE)

    history.find(good, told=told.append)

    assert told[0] == TreeVerdict(commit=good, verdict="good")
    assert (told[1].commit, told[1].verdict) == (bad, "bad")
