"""`evaluation.retrieve`: an input comes from the team's own retriever, recorded and replayed."""

import json

import pytest

from promptops.cli.main import run
from promptops.evals import python_functions

CONFIG = '[models.echo]\nprovider = "echo"\nid = "echo-1"\nprice = {input = 0.0, output = 0.0}\n'
PROMPT = """\
format: promptops/1
description: Answers.
owners: ["@acme/search"]
model: {profile: echo}
inputs:
  required: [question, passages]
  properties:
    question: {type: string, maxLength: 100, description: What is asked.}
    passages: {type: array, maxItems: 5, description: Found, items: {type: object}}
messages:
  - role: user
    content: "{{ question }}{% for p in passages %} [{{ p.id }}] {{ p.text }}{% endfor %}"
evaluation:
  retrieve: {passages: "./search.py:find"}
  assertions:
    - {type: citations, value: passages, arguments: {none: true, pattern: "(P.)[]]"}}
tests:
  - name: from the search
    inputs: {question: dogs}
    expected: {relevant: [P1]}
    rendered: [{type: mrr, value: passages}]
  - name: its own
    inputs: {question: cats, passages: []}
"""
SEARCH = """\
def find(inputs):
    return [{"id": "P1", "text": "about " + inputs["question"]}]
"""
UNRECORDED = "the retrieved input `passages` is not recorded; run promptops test --record"
PATH = "prompts/team/ask.prompt.yaml"
RECORDINGS = "prompts/team/ask.recordings.jsonl"


@pytest.fixture
def tested(repo, capsys):
    """The catalog, and a function that runs `promptops test` and gives each case's result."""
    repo.write({"promptops.toml": CONFIG, PATH: PROMPT, "prompts/team/search.py": SEARCH})
    repo.commit("one")

    def start(*arguments):
        code = run(["test", "-C", str(repo.root), "--format", "json", *arguments])
        cases = json.loads(capsys.readouterr().out)["cases"]
        return code, [(case["status"], case.get("reason")) for case in cases]

    return start


def rows(repo):
    lines = (repo.root / RECORDINGS).read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def retrieved(repo):
    return [row["output"] for row in rows(repo) if row.get("judge") == "retrieve passages"]


def change(repo, path, old, new):
    text = (repo.root / path).read_text("utf-8")
    assert old in text
    repo.write({path: text.replace(old, new)})


def test_an_unrecorded_input_is_stale_then_recorded_and_replayed(tested, repo, capsys):
    missing = ("stale", UNRECORDED)
    no_answer = ("stale", "its request has no recording")

    before = tested()
    linted = run(["lint", "-C", str(repo.root), "--fail-on", "error", "--no-cache"])
    recorded = tested("--record")
    repo.write({"prompts/team/search.py": "raise SystemExit\n"})
    replayed = tested()

    assert (before, linted) == ((1, [missing, no_answer]), 0)
    assert recorded == replayed == (0, [("passed", None), ("passed", None)])
    assert retrieved(repo) == ['[{"id":"P1","text":"about dogs"}]']
    assert rows(repo)[1]["model"] == "./search.py:find"


def test_another_question_or_function_makes_the_input_stale(tested, repo):
    tested("--record")

    change(repo, PATH, "dogs", "birds")
    asked = tested()
    change(repo, PATH, "birds", "dogs")
    change(repo, PATH, "search.py:find", "search.py:look")
    called = tested()

    stale = ("stale", UNRECORDED)
    assert asked == called == (1, [stale, ("passed", None)])


def test_a_changed_index_is_a_changed_line_and_replaces_the_old_one(tested, repo):
    tested("--record")
    change(repo, "prompts/team/search.py", "about", "on")
    repo.commit("another index")

    known, fresh = tested("--record"), tested("--refresh")

    assert known == fresh == (0, [("passed", None), ("passed", None)])
    assert retrieved(repo) == ['[{"id":"P1","text":"on dogs"}]']
    assert len(rows(repo)) == 3


def test_pruning_keeps_what_a_case_uses_and_removes_the_rest(tested, repo):
    tested("--record")
    change(repo, PATH, "from the search", "renamed")
    tested("--record")
    run(["recordings", "prune", "--quiet", "-C", str(repo.root)])
    used = retrieved(repo)
    change(repo, PATH, "question: dogs", "question: dogs, passages: [{id: P1, text: cats}]")
    tested("--record")
    run(["recordings", "prune", "--quiet", "-C", str(repo.root)])

    assert (used, retrieved(repo)) == (['[{"id":"P1","text":"about dogs"}]'], [])


def test_a_live_run_retrieves_again_and_records_nothing(tested, repo):
    tested("--record")
    change(repo, "prompts/team/search.py", '"P1"', '"P9"')
    repo.commit("another index")

    live = tested("--live")

    assert live[1][0][0] == "failed"  # the labelled passage is no longer found
    assert retrieved(repo) == ['[{"id":"P1","text":"about dogs"}]']


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ('raise KeyError("x")', "`find` of ./search.py fails: KeyError in line 2: `'x'`"),
        (
            'return "text"',
            "`find` of ./search.py returned a wrong value: `passages` must be a list, not a string",
        ),
        (
            "return [object()]",
            "`find` of ./search.py returned a wrong value: "
            "`passages.0` is object, which is not JSON data",
        ),
        (
            "return [{'id': 'x' * 2_000_000}]",
            "`find` of ./search.py returned too much data to record",
        ),
        ("import time; time.sleep(60)", "`find` of ./search.py takes over 0.05 s"),
    ],
)
def test_a_retriever_that_fails_is_an_error_at_its_name_and_records_nothing(
    tested, repo, monkeypatch, code, reason
):
    if "sleep" in code:
        monkeypatch.setattr(python_functions, "LONGEST_S", 0.05)
    repo.write({"prompts/team/search.py": f"def find(inputs):\n    {code}\n"})
    repo.commit("it fails")

    found = tested("--record")

    assert found == (
        1,
        [("error", f"`passages` can't be retrieved: {reason}"), ("passed", None)],
    )
    assert retrieved(repo) == []


def test_no_code_of_a_change_runs_beside_api_keys_or_for_an_untrusted_change(
    tested, repo, monkeypatch, capsys
):
    log = repo.root / "log"
    repo.git("checkout", "--quiet", "-b", "change")
    repo.write({"prompts/team/search.py": f"open({str(log)!r}, 'w')\n{SEARCH}"})

    code, (of_search, _) = tested("--record")
    checked = run(["check", "-C", str(repo.root), "--at", "worktree", "--since", "main"])
    monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")
    untrusted = run(["test", "-C", str(repo.root), "--record"])

    assert (code, of_search[0]) == (1, "error")
    assert of_search[1].startswith(
        "`passages` can't be retrieved: retrievers do not run here: "
        "prompts/team/search.py is not approved"
    )
    assert (checked, untrusted, log.exists()) == (1, 2, False)


def test_a_damaged_recording_is_an_error_until_it_is_replaced(tested, repo):
    tested("--record")
    change(repo, RECORDINGS, r'"[{\"id\":\"P1\",\"text\":\"about dogs\"}]"', '"[{"')

    damaged, again = tested(), tested("--refresh")

    reason = (
        "`passages` can't be retrieved: "
        "its recording is damaged; `promptops test --refresh` replaces it"
    )
    assert damaged == (1, [("error", reason), ("passed", None)])
    assert again == (0, [("passed", None), ("passed", None)])


def test_each_repeat_has_its_own_answer_to_the_same_passages(tested, repo):
    change(repo, PATH, "evaluation:\n", "evaluation:\n  repeats: 2\n")

    recorded = tested("--record")

    assert recorded == (0, [("passed", None)] * 4)
    assert len(retrieved(repo)) == 1


def test_a_prompt_can_not_be_rendered_with_a_case_before_its_input_is_recorded(
    tested, repo, capsys
):
    code = run(["render", "team/ask", "-C", str(repo.root)])

    assert (code, capsys.readouterr().err) == (
        3,
        f"{PATH}:18:5: error: the retrieved input `passages` is not recorded for the case "
        "'from the search'\n  tip: promptops test team/ask --record\n",
    )


def test_an_input_that_does_not_exist_can_not_be_retrieved(tested, repo, capsys):
    change(repo, PATH, "{passages: ", "{pasages: ")

    code = run(["lint", "-C", str(repo.root), "--rule", "TST009", "--no-cache"])

    assert code == 1
    assert capsys.readouterr().out.startswith(
        f"{PATH}:14:14: error: the prompt has no input `pasages`  [TST009 invalid-assertion]\n"
    )


def test_a_reviewer_sees_a_replaced_passage_as_a_risk(tested, repo, capsys):
    tested("--record")
    repo.commit("recorded")
    repo.git("checkout", "--quiet", "-b", "change")
    change(repo, RECORDINGS, r"about dogs\"}]", r"about cats\"}]")
    repo.commit("another passage")

    run(["check", "-C", str(repo.root), "--since", "main"])

    assert (
        "the recorded input `passages` was replaced, although its request is unchanged"
        in capsys.readouterr().out
    )


def test_a_recorded_input_that_the_schema_refuses_now_is_refreshed(tested, repo, capsys):
    tested("--record")
    change(repo, PATH, "items: {type: object}", "items: {type: object, required: [page]}")

    code = run(["lint", "-C", str(repo.root), "--rule", "TST002", "--no-cache"])

    assert code == 1
    first, _, marked, *_ = capsys.readouterr().out.splitlines()
    assert first == (
        f"{PATH}:19:13: error: `passages.0.page` is missing in the recorded input of the case "
        "`from the search`  [TST002 invalid-fixture]"
    )
    assert marked.endswith("promptops test --refresh")


def test_a_misspelt_input_is_the_only_error_and_no_function_is_called(tested, repo):
    change(repo, PATH, '{passages: "./', '{pasages: "./')
    wrong = "the prompt has no input `pasages`: did you mean `passages`?"

    assert tested() == tested("--record") == (1, [("error", wrong), ("error", wrong)])
    assert not (repo.root / RECORDINGS).exists()


def test_the_shards_of_a_run_share_what_they_retrieved(tested, repo, tmp_path, capsys):
    files = [f"{tmp_path}/{number}.jsonl" for number in (1, 2)]
    for number, file in enumerate(files, start=1):
        part = ("--record", "--shard", f"{number}/2", "--format", f"jsonl={file}")
        assert run(["test", "-C", str(repo.root), *part]) == 0
    repo.git("clean", "--force", "--quiet")
    capsys.readouterr()

    merged = tested("--merge-shards", *files)

    assert merged == (0, [("passed", None), ("passed", None)])


def test_lint_looks_for_the_function_again_after_its_file_changed(tested, repo, capsys):
    clean = run(["lint", "-C", str(repo.root), "--fail-on", "error"])
    change(repo, "prompts/team/search.py", "def find", "def look")
    capsys.readouterr()

    wrong = run(["lint", "-C", str(repo.root), "--fail-on", "error", "--format", "json"])

    (found,) = (
        (each["place"]["line"], each["place"]["column"], each["message"], each["hint"])
        for each in json.loads(capsys.readouterr().out)["findings"]
        if each["severity"] == "error"
    )
    assert (clean, wrong) == (0, 1)
    assert found == (14, 37, "there is no function `find` in `./search.py`", None)
