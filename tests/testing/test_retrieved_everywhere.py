"""Every command that calls a model calls the retriever for inputs that are not recorded."""

import json

import pytest

from promptops.cli.main import run
from tests.testing.test_retrieved_inputs import PATH, PROMPT, RECORDINGS

CONFIG = """\
[models.echo]
provider = "echo"
id = "echo-1"
price = {input = 0.0, output = 0.0}
[models.other]
provider = "echo"
id = "echo-2"
price = {input = 0.0, output = 0.0}
"""
SEARCH = """\
def find(inputs):
    with open("CALLS", "a") as file:
        file.write(inputs["question"] + "\\n")
    return [{"id": "P1", "text": "about " + inputs["question"]}]
"""
CONTRACT = '  assertions: [{type: contains, value: "about dogs"}]\n'
START = PROMPT.index("  assertions:")
END = PROMPT.index("tests:")
CONTRACTED = f"{PROMPT[:START]}{CONTRACT}{PROMPT[END : PROMPT.index('  - name: its own')]}"
UNRECORDED = "the retrieved input `passages` is not recorded"
FAILS = "`passages` can't be retrieved: `find` of ./search.py fails: OSError in line 2: `down`"
LINES = '[{"id":"P1","text":"about dogs"}]'


@pytest.fixture
def retriever(repo, tmp_path, capsys):
    """Runs a command in the repository; gives its exit code, all its output, and the new calls."""
    calls = tmp_path / "calls"
    search = SEARCH.replace("CALLS", str(calls))
    repo.write({"promptops.toml": CONFIG, PATH: CONTRACTED, "prompts/team/search.py": search})
    repo.commit("one")

    def start(command, *arguments):
        calls.unlink(missing_ok=True)
        code = run([command, "-C", str(repo.root), *arguments])
        called = calls.read_text("utf-8").splitlines() if calls.exists() else []
        printed = capsys.readouterr()
        return code, printed.out or printed.err, called

    return start


def recorded(repo, file=RECORDINGS):
    try:
        lines = (repo.root / file).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [(row.get("judge", ""), row["output"]) for row in map(json.loads, lines)]


COMPARE = ("compare", "team/ask", "--model", "echo", "--model", "other", "--format", "json")
COMMANDS = {
    "compare": (*COMPARE, "--live", "--repeats", "1"),
    "mutate": ("mutate", "team/ask", "--live", "--max-mutants", "1", "--format", "json"),
    "probe": ("probe", "team/ask", "--live", "--family", "direct-order", "--format", "json"),
    "run": ("run", "team/ask", "--case", "from the search"),
}
"""Each of them makes API calls and records nothing."""


@pytest.fixture
def untrusted_question(repo):
    """The prompt with an input that probes attack, without an uncommitted change."""
    written = CONTRACTED.replace("maxLength: 100,", "maxLength: 2000, x-untrusted: true,")
    repo.write({PATH: written})
    repo.commit("marked")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_missing_input_is_retrieved_once_and_kept_nowhere(
    name, retriever, untrusted_question, repo
):
    code, output, calls = retriever(*COMMANDS[name])

    assert calls == ["dogs"], output
    assert code in (0, 1), output
    assert "can't be retrieved" not in output
    assert UNRECORDED not in output
    assert recorded(repo) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_recorded_input_is_not_retrieved_again(name, retriever, untrusted_question, repo):
    retriever("test", "--record")
    before = recorded(repo)

    _, output, calls = retriever(*COMMANDS[name])

    assert (calls, recorded(repo)) == ([], before), output


@pytest.mark.parametrize("name", COMMANDS)
def test_a_retriever_that_fails_is_reported_at_its_name(name, retriever, untrusted_question, repo):
    repo.write({"prompts/team/search.py": "def find(inputs):\n    raise OSError('down')\n"})
    repo.commit("down")

    _, output, _ = retriever(*COMMANDS[name])

    assert FAILS in output


@pytest.mark.parametrize("name", COMMANDS)
def test_no_code_runs_for_an_untrusted_change(name, retriever, untrusted_question, monkeypatch):
    monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")

    code, _, calls = retriever(*COMMANDS[name])

    assert (code, calls) == (2, [])


def test_a_comparison_records_the_input_beside_the_prompt_and_replays_it(retriever, repo):
    stale = retriever(*COMPARE)
    first = retriever(*COMPARE, "--record", "--repeats", "1")
    again = retriever(*COMPARE, "--repeats", "1")

    assert (stale[0], stale[2]) == (1, [])
    assert (first[0], first[2]) == (0, ["dogs"]), first[1]
    assert (again[0], again[2]) == (0, []), again[1]
    assert recorded(repo) == [("retrieve passages", LINES)]
    answer = '{"messages":[{"content":"dogs [P1] about dogs","role":"user"}]}'
    for arm in ("echo", "other"):
        assert recorded(repo, f"comparisons/{arm}/team/ask.recordings.jsonl") == [("", answer)]


def test_probes_record_the_input_of_the_attacked_case_beside_the_prompt(
    retriever, untrusted_question, repo
):
    probe = ("probe", "team/ask", "--smoke", "--format", "json")

    stale = retriever(*probe)
    first = retriever(*probe, "--record")
    again = retriever(*probe)

    assert (UNRECORDED in stale[1], stale[2]) == (True, [])
    assert (first[2], again[2], again[0]) == (["dogs"], [], first[0])
    assert recorded(repo) == [("retrieve passages", LINES)]
    assert len(recorded(repo, "probes/team/ask.recordings.jsonl")) > 5


def test_a_bisection_calls_the_retriever_of_each_commit(retriever, repo):
    search = (repo.root / "prompts/team/search.py").read_text("utf-8")
    repo.write({"README": "one more commit\n"})
    repo.commit("unrelated")
    repo.write({"prompts/team/search.py": search.replace('"about "', '"on "')})
    bad = repo.commit("another index")

    names = ("bisect", "team/ask", "--case", "from the search", "--good", "HEAD~2")
    code, output, calls = retriever(*names, "--live", "--trust-config", "--format", "json")

    assert (code, json.loads(output)["first_bad"]["commit"]) == (0, bad), output
    assert calls == ["dogs", "dogs"]


def test_a_comparison_of_revisions_does_not_record_the_input_of_an_earlier_one(retriever, repo):
    repo.write(
        {
            PATH: CONTRACTED.replace("question: dogs", "question: cats").replace(
                "about dogs", "about cats"
            )
        }
    )
    repo.commit("another question")
    names = ("--reference", "HEAD~1", "--revision", "HEAD", "--format", "json")

    _, output, calls = retriever("compare", "team/ask", *names, "--record", "--repeats", "1")

    assert (calls, recorded(repo)) == (["dogs"], []), output
