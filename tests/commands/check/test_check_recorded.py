"""The gate over recorded answers: it says what `promptops test` says, and says it once."""

import json

import pytest

from promptops.cli.main import run

CONFIG = '[models.echo]\nprovider = "echo"\nid = "echo-1"\nprice = {input = 0.0, output = 0.0}\n'
STYLE = "prompts/partials/style.md.j2"
RECORDINGS = "prompts/ask.recordings.jsonl"
HEAD = """\
format: promptops/1
description: Answers.
owners: ["@a"]
model: {profile: echo}
inputs:
  required: [question]
  properties:
    question: {type: string, maxLength: 100, description: Of a customer.}
messages:
  - role: user
    content: |-
      {% include "partials/style.md.j2" %}
      {{ question }}
evaluation:
  score: brevity
  assertions:
    - {type: contains, value: brief, score: brevity}
tests:
"""


def prompt(cases: int) -> str:
    return HEAD + "".join(f"  - {{name: c{n}, inputs: {{question: q{n}}}}}\n" for n in range(cases))


@pytest.fixture
def said(repo, capsysbinary):
    """Run a command in the repository: exit code and what it printed on stdout."""

    def start(*arguments: str) -> tuple[int, str]:
        capsysbinary.readouterr()
        code = run([*arguments, "-C", str(repo.root)])
        return code, capsysbinary.readouterr().out.decode()

    return start


@pytest.fixture
def recorded(repo, said):
    """A prompt of 12 cases, recorded and committed on `main`, and a branch that goes on."""
    repo.write(
        {"promptops.toml": CONFIG, "prompts/ask.prompt.yaml": prompt(12), STYLE: "Be brief.\n"}
    )
    assert said("test", "--record")[0] == 0
    repo.commit("one")
    repo.git("switch", "--quiet", "--create", "change")
    return repo


def test_a_measured_score_that_got_worse_says_so_as_a_test_run_does(recorded, said):
    recorded.write({STYLE: "Be short.\n"})
    said("test", "--record")

    code, output = said("check", "--since", "main", "--at", "worktree")

    change, _, *told, last = output.splitlines()
    assert (code, change, last) == (
        1,
        "change: ask: minor: the user text differs in 12 of 12 cases",
        "fail: 1 prompt, no findings, 1 score worse · 12 cases, 12 assertions"
        " · required version bump: minor",
    )
    assert told[0].startswith("score: ask brevity: fail: 100.0 points lower than ")
    assert told == said("test", "--since", "main")[1].splitlines()[:-1]


def test_in_markdown_it_is_in_the_table_of_scores(recorded, said):
    recorded.write({STYLE: "Be short.\n"})
    said("test", "--record")

    _, output = said("check", "--since", "main", "--at", "worktree", "--format", "markdown")

    assert "\n| <code>ask</code> | brevity | **fail** | 100.0 points lower than " in output


def test_a_score_that_nothing_can_decide_is_told_and_does_not_fail(recorded, said):
    recorded.write({STYLE: "Be very brief.\n", "prompts/ask.prompt.yaml": prompt(3)})
    said("test", "--record")
    said("recordings", "prune")

    code, output = said("check", "--since", "main", "--at", "worktree")

    *_, score, last = output.splitlines()
    assert score.startswith("score: ask brevity: inconclusive: the same score as ")
    assert (code, last) == (
        0,
        "pass · 1 risk: 1 prompt, no findings, 1 score inconclusive · 3 cases, 3 assertions"
        " · required version bump: minor",
    )


def test_a_word_that_changed_in_a_partial_takes_three_lines(recorded, said):
    recorded.write({STYLE: "Be very brief.\n"})

    result = said("check")

    assert result == (
        1,
        "stale: 12 of 12 recordings missing, run promptops test --record\n"
        "  ask: c0, c1, c2 and 9 more\n"
        "fail: 1 prompt, no findings, 12 stale of 12 cases\n",
    )


def test_what_cases_left_behind_that_are_gone_is_still_found_by_lint(recorded, said):
    recorded.write({"prompts/ask.prompt.yaml": prompt(10)})

    code, output = said("check", "--format", "json")

    found = [(each["code"], each["message"]) for each in json.loads(output)["lint"]["findings"]]
    assert (code, found) == (
        0,
        [("TST006", "no test case uses 2 recordings of this file any more")],
    )


@pytest.mark.parametrize("command", [("check",), ("test",), ("test", "--record")])
def test_a_line_of_recordings_that_is_garbled_is_told_once_with_a_way_out(recorded, said, command):
    data = (recorded.root / RECORDINGS).read_bytes()
    recorded.write({RECORDINGS: data + b"{x\n"})

    code, output = said(*command)

    told = [line for line in output.splitlines() if "double quotes" in line]
    assert (code, told) == (
        1,
        [
            f"{RECORDINGS}:13:2: error: not JSON: expecting property name enclosed in double"
            " quotes: remove the line, then run `promptops test --record`  [ask]"
        ],
    )
    recorded.write({RECORDINGS: data})
    assert said(*command)[0] == 0


@pytest.mark.parametrize("command", ["check", "test"])
@pytest.mark.parametrize(
    ("file", "old", "new", "line"),
    [
        (
            "prompts/ask.prompt.yaml",
            "  score: brevity\n",
            "  score: brevit\n",
            "prompts/ask.prompt.yaml:15:10: error: no assertion counts in the score `brevit`: "
            "did you mean `brevity`?  [ask: 12 cases]",
        ),
        (
            "prompts/ask.prompt.yaml",
            "  score: brevity\n",
            "  score: brevity\n  judge: judges/tnoe\n",
            "prompts/ask.prompt.yaml:16:10: error: "
            "there is no prompt `judges/tnoe` to use as the judge: "
            "name the id of a prompt of this catalog  [ask: 12 cases]",
        ),
        (
            STYLE,
            "Be brief.",
            '{% include "partials/none.md.j2" %}',
            f"{STYLE}:1:12: error: it can't be rendered: "
            "there is no template `partials/none.md.j2`  [ask: 12 cases]",
        ),
    ],
    ids=["a score", "a judge", "a partial"],
)
def test_one_mistake_is_told_once_for_all_cases(recorded, said, command, file, old, new, line):
    text = (recorded.root / file).read_text()
    recorded.write({file: text.replace(old, new)})

    code, output = said(command)

    # The gate's lint tells of the partial at the same place, and so its cases don't.
    by_lint = (command, file) == ("check", STYLE)
    at = f"{STYLE}:1:" if by_lint else line
    told = [each for each in output.splitlines() if each.startswith(at)]
    assert (code, len(told)) == (1, 1)
    assert (told == [line]) == (not by_lint)
    assert ("TPL003" in told[0]) == by_lint


HELP = "prompts/help.prompt.yaml"
MOVE = "git mv prompts/ask.recordings.jsonl prompts/help.recordings.jsonl"
UNUSED = "ask.recordings.jsonl:1:1: warning: no prompt uses this recording"


def test_recordings_of_a_renamed_prompt_are_not_paid_for_again(recorded, said):
    recorded.git("mv", "prompts/ask.prompt.yaml", HELP)
    told = [said("lint", "--staged")[1]]
    recorded.commit("renamed")
    code, output = said("check", "--since", "main")
    told += [output, said("lint", "--since", "main")[1], said("lint")[1]]
    recorded.git(*MOVE.split()[1:])
    recorded.commit("recordings, too")

    assert code == 1
    assert [each.count(f"{UNUSED}  [REP003 unused-partial]\n") for each in told] == [1, 1, 1, 1]
    assert [each.count(f"`help` sends these requests: {MOVE}\n") for each in told] == [1, 1, 1, 1]
    assert [line for line in output.splitlines() if line.startswith("stale")] == [
        f"stale: 12 of 12 recordings missing, run {MOVE}"
    ]
    assert said("check", "--since", "main")[0] == 0


def test_recordings_that_were_left_over_before_the_change_are_not_its_findings(recorded, said):
    recorded.git("mv", "prompts/ask.prompt.yaml", HELP)
    recorded.commit("renamed")
    recorded.write({HELP: prompt(11), "prompts/gone.recordings.jsonl": ""})

    assert "REP003" not in said("lint", "--since", "HEAD")[1]


def test_a_renamed_prompt_that_asks_something_else_is_recorded_again(recorded, said):
    recorded.git("mv", "prompts/ask.prompt.yaml", HELP)
    recorded.write({STYLE: "Be short.\n"})
    recorded.commit("renamed and changed")

    code, output = said("check", "--since", "main")

    assert (code, "REP003" in output) == (1, False)
    assert "stale: 12 of 12 recordings missing, run promptops test --record" in output


def test_a_catalog_without_prompts_that_has_findings_does_not_say_that_it_passes(repo, said):
    repo.write({"prompts/gone.recordings.jsonl": ""})

    code, output = said("check", "--config", 'lint.fail-on="info"')

    assert (code, output.splitlines()[-1]) == (
        1,
        "fail: no prompts, 1 finding (1 warning), nothing to test, there are no test cases",
    )
