"""A prompt with more answers than one file takes: recorded, replayed, compared and checked."""

import json

import pytest

from promptops.cli.main import run as run_command
from promptops.testing.recordings import writing
from tests.servers.fault_server import fault_server
from tests.testing.served import (
    FILE,
    MEASURED,
    PROMPT,
    asked,
    cases,
    configured,
    contracts,
    recorded,
    recordings,
    reworded,
    run,
    says,
    statuses,
)

SECOND, THIRD = (f"prompts/ask.recordings.part0{number}.jsonl" for number in (2, 3))
COUNT = 24
CONTRACTS = PROMPT + contracts(COUNT)


def good_if_brief(received):
    text = asked(received)
    return says(f"{'good' if 'brief' in text else 'poor'}: {text}")


@pytest.fixture(autouse=True)
def _small_files(monkeypatch):
    monkeypatch.setattr(writing, "FULL_BYTES", 2_100)


@pytest.fixture
def server():
    pytest.importorskip("openai", reason="no openai: pip install 'openai>=3'")
    with fault_server(good_if_brief) as started:
        yield started


@pytest.fixture
def said(repo, capsysbinary):
    """Run a command in the repository: exit code and lines on stdout."""

    def start(*arguments):
        capsysbinary.readouterr()
        code = run_command([arguments[0], "-C", str(repo.root), *arguments[1:]])
        return code, capsysbinary.readouterr().out.decode().splitlines()

    return start


def altered(repo, file, **facts):
    """The lines of a file, the first of them with other facts."""
    first, *others = (repo.root / file).read_text().splitlines(keepends=True)
    line = json.dumps(json.loads(first) | facts, sort_keys=True, separators=(",", ":"))
    return "".join((f"{line}\n", *others))


def test_all_answers_are_recorded_and_replayed_from_several_files(repo, server):
    recorded(repo, server, CONTRACTS)

    found = run(repo)

    assert [len(recordings(repo, file)) for file in (FILE, SECOND, THIRD)] == [8, 8, 8]
    assert set(statuses(found).values()) == {"passed"}
    assert (found.verdict, len(found.cases), server.requests) == ("pass", COUNT, [])


def test_one_case_more_asks_once_and_rewrites_one_file(repo, server):
    recorded(repo, server, CONTRACTS)
    configured(repo, server, PROMPT + contracts(COUNT + 1))

    run(repo, "record")

    assert len(server.requests) == 1
    added = "prompts/ask.recordings.part04.jsonl"
    assert repo.git("status", "--porcelain", "--", "prompts/*.jsonl") == f"?? {added}"


def test_another_wording_changes_each_line_in_place(repo, server):
    recorded(repo, server, CONTRACTS)
    reworded(repo, CONTRACTS)

    run(repo, "record")

    assert repo.git("diff", "--numstat", "--", "prompts/*.jsonl").splitlines() == [
        f"8\t8\t{file}" for file in (FILE, SECOND, THIRD)
    ]


def test_prune_removes_the_file_that_no_case_needs(repo, server):
    recorded(repo, server, CONTRACTS)
    needed = {case for file in (FILE, THIRD) for case, _ in recordings(repo, file)}
    rows = [row for row in CONTRACTS.splitlines(keepends=True) if "{name:" in row]
    gone = [row for row in rows if row.split("name: ")[1].split(",")[0] not in needed]
    text = CONTRACTS
    for row in gone:
        text = text.replace(row, "")
    configured(repo, server, text)

    found = run(repo, "record", prune=True)

    assert found.verdict == "pass"
    assert repo.git("status", "--porcelain", "--", "prompts/*.jsonl") == f" D {SECOND}"
    assert run(repo).verdict == "pass"


def test_a_missing_file_in_the_middle_makes_only_its_cases_stale(repo, server):
    recorded(repo, server, CONTRACTS)
    lost = {("ask", case) for case, _ in recordings(repo, SECOND)}
    repo.git("rm", "--quiet", SECOND)

    found = run(repo)

    assert {case for case, status in statuses(found).items() if status == "stale"} == lost
    assert {status for case, status in statuses(found).items() if case not in lost} == {"passed"}
    assert found.next == "promptops test --record"


def test_a_line_of_a_further_file_that_cant_be_read_is_an_error_at_its_place(repo, server, said):
    recorded(repo, server, CONTRACTS)
    lines = (repo.root / SECOND).read_text().splitlines(keepends=True)
    repo.write({SECOND: "".join((*lines[:2], "{\n", *lines[3:]))})
    repo.commit("broken")

    found = run(repo)
    code, output = said("check", "--since", "HEAD~1")

    errors = [case for case in found.cases if case.status == "error"]
    assert [(str(case.place), case.name) for case in errors] == [(f"{SECOND}:3:2", "")]
    assert list(statuses(found).values()).count("stale") == 1
    assert code == 1
    assert any(line.startswith(f"{SECOND}:3:2: error: ") for line in output)


def test_one_request_answered_in_two_files_is_an_error_with_both_places(repo, server):
    recorded(repo, server, CONTRACTS)
    first = (repo.root / FILE).read_text().splitlines(keepends=True)[0]
    repo.write({THIRD: (repo.root / THIRD).read_text() + first})

    errors = [case for case in run(repo).cases if case.status == "error"]

    assert [str(case.place) for case in errors] == [f"{THIRD}:9:1"]
    assert errors[0].reason.startswith("the answer to this request and repeat is recorded twice")


def test_a_diff_shows_answers_of_several_files(repo, server, said):
    recorded(repo, server, CONTRACTS)
    reworded(repo, CONTRACTS)
    run(repo, "record")
    repo.git("rm", "--quiet", "--cached", FILE)  # what is left is in the further files
    (repo.root / FILE).unlink()

    _, output = said("diff", "--worktree", "--format", "json")

    (prompt,) = json.loads("\n".join(output))["prompts"]
    shown = {
        case["name"]: case["answer"]["after"]["text"] for case in prompt["cases"] if case["answer"]
    }
    further = dict(recordings(repo, SECOND) + recordings(repo, THIRD))
    assert shown.keys() & further
    assert shown == {name: further.get(name) for name in shown}


def test_an_answer_replaced_in_a_further_file_is_a_risk_at_its_line(repo, server, said):
    recorded(repo, server, CONTRACTS)
    repo.git("switch", "--quiet", "--create", "change")
    case = recordings(repo, SECOND)[0][0]
    repo.write({SECOND: altered(repo, SECOND, output="good, by hand")})
    repo.commit("edited")

    _, output = said("check", "--since", "main")

    assert [line for line in output if line.startswith("risk: ")] == [
        f"risk: ask: case `{case}`: the recorded answer was replaced, "
        "although its request is unchanged"
        f" ({SECOND}:1)"
    ]


def test_answers_of_another_model_in_a_further_file_fail_an_untrusted_change(
    repo, server, said, monkeypatch
):
    recorded(repo, server, CONTRACTS)
    repo.git("switch", "--quiet", "--create", "change")
    repo.write({THIRD: altered(repo, THIRD, model="other")})
    repo.commit("edited")
    monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")

    code, output = said("check", "--since", "main")

    assert code == 1
    assert [line.split(": ")[0] for line in output if "is from `other`" in line] == ["refused"]


def test_answers_that_only_moved_to_another_file_are_no_risk(repo, server, said):
    recorded(repo, server, CONTRACTS)
    repo.git("switch", "--quiet", "--create", "change")
    repo.git("mv", FILE, "prompts/ask.recordings.part09.jsonl")
    repo.commit("moved")

    code, output = said("check", "--since", "main")

    assert (code, [line for line in output if "risk" in line]) == (0, [])


def test_scores_are_decided_over_all_files_of_both_sides(repo, server, said):
    recorded(repo, server, MEASURED + cases(COUNT))
    repo.git("switch", "--quiet", "--create", "change")
    reworded(repo, MEASURED + cases(COUNT))
    run(repo, "record")
    repo.commit("worse")

    code, output = said("check", "--since", "main")

    scores = [line for line in output if line.startswith("score: ")]
    assert code == 1
    assert scores[0].startswith("score: ask goodness: fail: 100.0 points lower than ")
    assert f"{COUNT} of {COUNT} cases worse" in scores[0]


def test_lint_reports_what_is_left_over_in_each_file(repo, server, said):
    recorded(repo, server, CONTRACTS)
    few = recordings(repo, FILE)[0][0]
    rows = [row for row in CONTRACTS.splitlines(keepends=True) if "{name:" in row]
    kept = "".join(row for row in rows if f"{{name: {few}," in row)
    configured(repo, server, PROMPT + "tests:\n" + kept)

    _, output = said("lint", "--format", "concise")

    assert [line.split("  [")[0] for line in output if "TST006" in line] == [
        f"{FILE}:2:1: warning: no test case uses 7 recordings of this file any more",
        f"{SECOND}:1:1: warning: no test case uses 8 recordings of this file any more",
        f"{THIRD}:1:1: warning: no test case uses 8 recordings of this file any more",
    ]


def test_a_file_that_appears_is_searched_although_lint_was_cached(repo, server, said):
    recorded(repo, server, CONTRACTS)
    line = (repo.root / FILE).read_text().splitlines(keepends=True)[0]
    hidden = "sk-proj-" + "aB3dE5gH7jK9mN1pQ4sT6vX8zC2fL0wR "
    before = said("lint", "--format", "concise")
    repo.write({"prompts/ask.recordings.part07.jsonl": line.replace("good: ", hidden)})

    code, output = said("lint", "--format", "concise")

    assert before == (0, [])
    assert code == 1
    assert any("part07.jsonl:1:" in each and "[SEC001" in each for each in output)
    assert said("lint", "--format", "concise") == (code, output)
    (repo.root / "prompts/ask.recordings.part07.jsonl").unlink()
    assert said("lint", "--format", "concise") == before


def test_an_answer_too_large_for_any_file_is_reported_with_its_case_and_loses_no_other(repo):
    pytest.importorskip("openai", reason="no openai: pip install 'openai>=3'")
    large = "good " * 450_000

    with fault_server(lambda r: says(large if "q1" in asked(r) else "good")) as server:
        configured(repo, server, PROMPT + contracts(3))
        found = run(repo, "record")

    assert [(case.reason, str(case.place)) for case in found.cases if case.status == "error"] == [
        (
            "the answer to `c1` is not recorded: it is larger than 2 MB:"
            " limit it: `max_output_tokens`",
            f"{FILE}:1:1",
        )
    ]
    assert recordings(repo) == [("c0", "good"), ("c2", "good")]
