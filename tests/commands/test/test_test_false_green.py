"""Nothing that tests nothing is green: each way to do so ends in an error that says where it is."""

from __future__ import annotations

import pytest

from tests.commands.asked import FILE

CONFIG = '[models.fast]\nprovider = "echo"\nid = "echo-1"\nprice = {input = 0.0, output = 0.0}\n'
PROMPT = """\
format: promptops/1
description: Repeat what is said.
owners: ["@acme/support"]
model: {profile: fast}
inputs:
  required: [word]
  properties:
    word: {type: string, maxLength: 100}
messages:
  - {role: user, content: "Say {{ word }}."}
"""
CASE = """\
  - name: one
    inputs: {word: hi}
    output:
      - {type: contains, value: hi}
"""
ONE = f"{PROMPT}tests:\n{CASE}"
NEVER = CASE.replace("value: hi", "value: never")
ASK = "prompts/ask.prompt.yaml"
WAY_OUT = "remove the line, then run `promptops test --record`"
IN_FILES = "fail: 1 error in files"
OF_ONE = "fail: 1 error of 1 case"


def from_file(name: str) -> str:
    """Cases from a file beside one that holds, so that it would be green without the file."""
    return f"{ONE}  - file: '{name}'\n"


@pytest.fixture
def tested(repo, say):
    """What a run says of prompt files; it asks the model that echoes, and keeps nothing."""

    def testing(files: dict[str, str | bytes], *arguments: str) -> tuple[int, list[str]]:
        repo.write({"promptops.toml": CONFIG, **files})
        repo.commit("one")
        said = say("test", *(arguments or ("--live",)), "-C", str(repo.root))
        return said.code, said.out.splitlines()

    return testing


def test_without_any_of_this_it_is_green(tested):
    assert tested({ASK: ONE}) == (0, ["pass: 1 case, 1 assertion (live)"])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.jsonl", None, "{ASK}:16:11: error: there is no case file `none.jsonl`"),
        ("*.jsonl", None, "{ASK}:16:11: error: there is no case file `*.jsonl`"),
        (
            "../../c.csv",
            None,
            "{ASK}:16:11: error: `../../c.csv` is a path with `..`",
        ),
        (
            "c.txt",
            "x\n",
            "prompts/c.txt:1:1: error: name the case file `*.jsonl`, `*.csv` or `*.yaml`",
        ),
        ("c.jsonl", "", "{ASK}:16:11: error: `c.jsonl` has no test case"),
        ("c.jsonl", "\n\n", "{ASK}:16:11: error: `c.jsonl` has no test case"),
        ("c.yaml", "[]\n", "{ASK}:16:11: error: `c.yaml` has no test case"),
        ("c.yaml", "# one day\n", "prompts/c.yaml:1:1: error: the file is empty"),
        ("c.csv", "", "prompts/c.csv:1:1: error: the file is empty"),
        ("c.csv", "name,inputs.word\n", "{ASK}:16:11: error: `c.csv` has no test case"),
        ("c.csv", "name,word\n", "prompts/c.csv:1:6: error: unknown column `word`"),
        ("c.jsonl", b"\xff\n", "prompts/c.jsonl:1:1: error: the file is not UTF-8"),
    ],
)
def test_a_file_of_cases_without_cases_is_an_error(tested, name, content, said):
    files = {} if content is None else {f"prompts/{name}": content}

    code, lines = tested({ASK: from_file(name), **files})

    assert (code, lines) == (
        1,
        [f"{said.replace('{ASK}', ASK)}  [ask]", f"{IN_FILES} · 1 case, 1 assertion (live)"],
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("contains", "contians", "15:16: error: the string `contians` is not a known value"),
        ("value: hi", "valeu: hi", "15:26: error: unknown key `valeu`"),
        ("output:", "ouptut:", "14:5: error: unknown key `ouptut`"),
        (
            "value: hi",
            'value: ""',
            "15:33: error: expected a non-empty string, got an empty string",
        ),
        (
            "contains, value: hi",
            "contains-all, value: []",
            "15:37: error: expected a list of at least 1, got an empty list",
        ),
        ("name: one\n    inputs", "inputs", "12:5: error: `name` is missing"),
        (
            "tests:",
            "evaluation: {assertions: [{type: contains, value: ''}]}\ntests:",
            "11:51: error: expected a non-empty string, got an empty string",
        ),
    ],
)
def test_what_is_misspelt_or_empty_is_an_error(tested, old, new, said):
    assert tested({ASK: ONE.replace(old, new)}) == (1, [f"{ASK}:{said}  [ask]", IN_FILES])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{{ word }}", "{{ wrod }}", "10:35: error: it can't be rendered: `wrod` is undefined"),
        ("word: hi", "", "13:13: error: it can't be rendered: ask: `word` is missing"),
        (
            "word: hi",
            "word: hi, wrod: ho",
            "13:13: error: it can't be rendered: ask: `wrod` is not an input",
        ),
        ("\n      - {type: contains, value: hi}", " []", "12:5: error: it has no assertions"),
        (
            "    output:\n      - {type: contains, value: hi}\n",
            "",
            "12:5: error: it has no assertions",
        ),
    ],
)
def test_a_case_that_can_not_be_tested_is_an_error(tested, old, new, said):
    assert tested({ASK: ONE.replace(old, new)}) == (1, [f"{ASK}:{said}  [ask: one]", OF_ONE])


@pytest.mark.parametrize("name", ["contains", "not-contains"])
def test_a_path_that_points_nowhere_is_an_error_negated_or_not(tested, name):
    text = ONE.replace("contains, value: hi", f"{name}, path: /no/where, value: hi")

    code, lines = tested({ASK: text})

    assert (code, lines) == (
        1,
        [
            f"{ASK}:15:{24 + len(name)}: error: `{name}` can't be judged  [ask: one]",
            "  there is no `no` at the root",
            OF_ONE,
        ],
    )


@pytest.mark.parametrize("cases", [CASE + NEVER, NEVER + CASE], ids=["second", "first"])
def test_of_two_cases_of_one_name_neither_hides_the_other(tested, cases):
    code, lines = tested({ASK: f"{PROMPT}tests:\n{cases}"})

    assert code == 1
    assert f"{ASK}:16:11: error: another case has the name `one`  [ask: one]" in lines


@pytest.mark.parametrize("root", ["prompts", "more"])
def test_of_two_prompts_of_one_id_neither_hides_the_other(tested, root):
    texts = dict.fromkeys(("prompts/ask.prompt.yaml", "more/ask.prompt.yaml"), ONE)
    texts[f"{root}/ask.prompt.yaml"] = f"{PROMPT}tests:\n{NEVER}"
    roots = {"promptops.toml": f'prompts = ["prompts", "more"]\n{CONFIG}'}

    code, lines = tested({**texts, **roots})

    assert code == 1
    assert f"{ASK}:1:1: error: another prompt file has the id `ask`  [ask: one]" in lines


@pytest.mark.parametrize(
    ("tool", "said"),
    [
        (None, f"{ASK}:12:11: error: there is no tool `look.json`"),
        (
            "[]",
            f"{ASK}:12:11: error: `look.json` is not a tool: expected "
            "a JSON object with `name` and `parameters`",
        ),
    ],
)
def test_a_request_without_its_tool_is_an_error(tested, tool, said):
    text = ONE.replace("tests:", "tools:\n  - {ref: look.json}\ntests:")
    files = {} if tool is None else {"schemas/look.json": tool}

    code, lines = tested({ASK: text, **files})

    assert (code, lines[0]) == (1, f"{said}  [ask]")


@pytest.mark.parametrize(
    ("arguments", "code", "lines"),
    [
        (
            ("none*",),
            2,
            ["error: no prompt matches 'none*'", "  tip: `promptops list` shows the prompts"],
        ),
        (("asc",), 2, ["error: no prompt matches 'asc'", "  tip: did you mean `ask`?"]),
        (
            ("--select", "tag:none"),
            2,
            ["error: no prompt has tag:none", "  tip: `promptops list` shows the prompts"],
        ),
        (
            ("--since", "HEAD"),
            0,
            ["pass: nothing to test, 0 prompts changed, none with a test case"],
        ),
    ],
)
def test_a_run_that_selects_nothing_says_why(repo, say, arguments, code, lines):
    repo.write({"promptops.toml": CONFIG, ASK: ONE})
    repo.commit("one")

    said = say("test", *arguments, "-C", str(repo.root))

    assert (said.code, (said.out + said.err).splitlines()) == (code, lines)


@pytest.mark.parametrize("files", [{}, {ASK: PROMPT}, {ASK: f"{PROMPT}tests: []\n"}])
def test_where_there_is_nothing_to_test_that_is_said(tested, files):
    assert tested(files) == (0, ["pass: nothing to test, there are no test cases"])


STALE = [
    "stale: 1 of 1 recording missing, run promptops test --record",
    "  ask: one",
    "fail: 1 stale of 1 case",
]


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (None, STALE),
        (b"", STALE),
        (
            b"\xff\xfe\n",
            [
                f"{FILE}:1:1: error: the line is not UTF-8: save it as UTF-8  [ask]",
                *STALE[:2],
                f"{STALE[2]} · 1 error in files",
            ],
        ),
    ],
)
def test_recordings_that_hold_nothing_prove_nothing(tested, content, lines):
    files = {} if content is None else {FILE: content}

    assert tested({ASK: ONE, **files}, "ask") == (1, lines)


@pytest.mark.parametrize(
    ("broken", "place", "message"),
    [
        (lambda line: line[:-30], "1:254", f"not JSON: unterminated string starting at: {WAY_OUT}"),
        (
            lambda line: line + "{broken\n",
            "2:2",
            f"not JSON: expecting property name enclosed in double quotes: {WAY_OUT}",
        ),
        (
            lambda line: f"<<<<<<< ours\n{line}=======\n{line}>>>>>>> theirs\n",
            "1:1",
            "a conflict marker of an unresolved merge: "
            "keep the lines of one side, then record the missing answers",
        ),
    ],
    ids=["cut off", "another line", "a conflict"],
)
def test_recordings_that_are_broken_are_an_error_also_where_the_answer_is_known(
    repo, say, broken, place, message
):
    repo.write({"promptops.toml": CONFIG, ASK: ONE})
    repo.commit("one")
    recorded = say("test", "--record", "-C", str(repo.root))
    repo.write({FILE: broken((repo.root / FILE).read_text())})

    said = say("test", "-C", str(repo.root))

    lines = said.out.splitlines()
    assert (recorded.code, said.code) == (0, 1)
    assert lines[0] == f"{FILE}:{place}: error: {message}  [ask]"
    assert IN_FILES.removeprefix("fail: ") in lines[-1]
