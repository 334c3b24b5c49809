"""The cases of prompts as tests of pytest."""

import json
import re
import signal
from concurrent.futures import Future
from xml.etree import ElementTree

import pytest

from tests.pytest_plugin.conftest import ASK, PATIENCE_S, ended
from tests.servers.answers import Answer
from tests.servers.fault_server import fault_server

WHY, HOW = "prompts/ask.prompt.yaml::why", "prompts/ask.prompt.yaml::how"
STALE = "ask: {0}\nstale: 1 of 1 recording missing, run promptops test --record\n  ask: {0}\n"
STALE_TELL = "stale: 1 of 1 recording missing, run promptops test --record\n  tell: {}\n"
BECAUSE = """\
ask: why
prompts/ask.prompt.yaml:16:9: failed: `contains` does not hold  [ask: why]
  expected `because` in the answer, got `{"messages":[{"content":"Be kind. why","role":"user"}]}`
"""


def edit(repo, old, new, path="prompts/ask.prompt.yaml"):
    before = (repo.root / path).read_text()
    assert old in before
    repo.write({path: before.replace(old, new)})


def test_nothing_of_ours_is_collected_unless_it_is_asked_for(recorded, run_pytest):
    silent = run_pytest("-q")

    assert (silent.code, silent.output) == (5, "\nno tests ran in " + silent.output[17:])
    assert run_pytest("-q", "-o", "promptops=true").code == 0


def test_what_was_recorded_passes(recorded, run_pytest):
    ran = run_pytest("--promptops", "-v")

    assert (ran.code, ran.outcomes) == (0, {WHY: "passed", HOW: "passed"})


def test_a_failure_is_what_the_command_prints_and_no_traceback(broken, run_pytest):
    ran = run_pytest("--promptops", "-v")

    assert (ran.code, ran.outcomes) == (1, {WHY: "failed", HOW: "passed"})
    assert ran.failures == BECAUSE
    assert "Traceback" not in ran.output + ran.errors


def test_a_draft_that_fails_is_an_expected_failure(broken, run_pytest):
    edit(broken, "- name: why\n", "- name: why\n    tags: [draft]\n")

    ran = run_pytest("--promptops", "-v", "-rx")

    assert (ran.code, ran.outcomes) == (0, {WHY: "xfail", HOW: "passed"})
    assert "a draft that fails" in ran.output


def test_a_case_without_a_recording_fails_and_names_the_command(recorded, run_pytest):
    edit(recorded, "question: why}", "question: why not}")

    ran = run_pytest("--promptops", "-v")

    assert ran.outcomes == {WHY: "failed", HOW: "passed"}
    assert ran.failures == STALE.format("why")


def test_recording_answers_what_is_missing_and_keeps_it(recorded, run_pytest):
    edit(recorded, "Be kind.", "Be brief.")

    ran = run_pytest("--promptops-record", "-v")

    assert ran.outcomes == {WHY: "passed", HOW: "passed"}
    assert recorded.git("diff", "--numstat", "--", "*.jsonl") == (
        "2\t2\tprompts/ask.recordings.jsonl"
    )


def test_live_answers_are_not_kept_and_their_price_is_told(recorded, run_pytest):
    edit(recorded, "Be kind.", "Be brief.")
    edit(recorded, "input = 0.0", "input = 10000.0", "promptops.toml")

    ran = run_pytest("--promptops-live", "-v")

    assert ran.outcomes == {WHY: "passed", HOW: "passed"}
    assert re.search(r"(?m)^promptops: \$0\.\d\d\d was spent$", ran.output)
    assert recorded.git("status", "--porcelain", "--", "*.jsonl") == ""


def test_ctrl_c_ends_the_session_and_what_was_answered_is_kept(repo, start_pytest):
    started = Future()

    def plan(_):
        started.result(PATIENCE_S).send_signal(signal.SIGINT)
        return Answer(after_s=0.2)

    with fault_server(plan) as server:
        repo.write(
            {
                "promptops.toml": '[models.echo]\nprovider = "openai"\nid = "one"\n'
                f'base_url = "{server.base_url}"\n[test]\nconcurrency = 1\n',
                "prompts/ask.prompt.yaml": ASK,
            }
        )
        with start_pytest("--promptops-record") as process:
            started.set_result(process)
            ran = ended(process)

    recorded = (repo.root / "prompts/ask.recordings.jsonl").read_text().splitlines()
    assert (ran.code, len(server.requests), len(recorded)) == (2, 1, 1)
    assert "KeyboardInterrupt" in ran.output


def test_only_the_cases_that_are_selected_are_asked(recorded, run_pytest):
    edit(recorded, "Be kind.", "Be brief.")

    ran = run_pytest("--promptops-record", "-q", "-k", "why")

    assert ran.code == 0
    assert recorded.git("diff", "--numstat", "--", "*.jsonl") == (
        "1\t1\tprompts/ask.recordings.jsonl"
    )


@pytest.mark.parametrize(
    "chosen",
    [("-k", "how"), (HOW,), ("--deselect", WHY)],
    ids=["keyword", "node-id", "deselected"],
)
def test_cases_are_selected_as_other_tests_are(chosen, broken, run_pytest):
    ran = run_pytest("--promptops", "-v", *chosen)

    assert (ran.code, ran.outcomes) == (0, {HOW: "passed"})
    assert "promptops: " not in ran.output


def test_what_is_collected_can_be_listed_and_runs_nothing(broken, run_pytest):
    ran = run_pytest("--promptops-record", "--collect-only", "-q")

    assert (ran.code, ran.output.splitlines()[:3]) == (0, [WHY, HOW, ""])


def test_the_first_failure_ends_the_run_and_only_what_failed_is_run_again(broken, run_pytest):
    first = run_pytest("--promptops", "-v", "-x")
    again = run_pytest("--promptops", "-v", "--lf")

    assert (first.code, first.outcomes) == (1, {WHY: "failed"})
    assert (again.code, again.outcomes) == (1, {WHY: "failed"})


@pytest.mark.slow
def test_each_process_runs_its_share(broken, run_pytest):
    text = (broken.root / "prompts/ask.prompt.yaml").read_text()
    broken.write({"prompts/tell.prompt.yaml": text.replace("Be kind.", "Be brief.")})

    ran = run_pytest("--promptops", "-p", "xdist", "-n", "2", "-rA")

    told = [line[:40] for line in ran.output.splitlines() if line.startswith("PASSED")]
    assert (ran.code, told) == (1, [f"PASSED {HOW}"])
    assert BECAUSE.partition("\n")[2] in ran.output
    assert {name for name in ("why", "how") if STALE_TELL.format(name) in ran.output} == {
        "why",
        "how",
    }


def test_the_tests_are_in_the_file_for_ci(broken, run_pytest):
    run_pytest("--promptops", "-q", "--junitxml=tests.xml", "-o", "junit_family=xunit1")

    suite = ElementTree.parse(broken.root / "tests.xml").getroot()[0]
    (failure,) = suite.iter("failure")
    assert [(case.get("file"), case.get("line"), case.get("name")) for case in suite] == [
        ("prompts/ask.prompt.yaml", "12", "why"),
        ("prompts/ask.prompt.yaml", "16", "how"),
    ]
    assert failure.text == BECAUSE.removesuffix("\n").removeprefix("ask: why\n")


def test_a_case_file_belongs_to_its_prompt(recorded, run_pytest):
    text = (recorded.root / "prompts/ask.prompt.yaml").read_text()
    asserts = [{"type": "contains", "value": "not said"}]
    case = {"name": "who", "inputs": {"question": "who"}, "rendered": asserts}
    line = json.dumps(case)
    recorded.write(
        {
            "prompts/ask.prompt.yaml": f"{text}  - file: ask.cases.jsonl\n",
            "prompts/ask.cases.jsonl": f"\n{line}\n",
        }
    )

    ran = run_pytest("--promptops", "-vv")

    who = "prompts/ask.prompt.yaml::who <- prompts/ask.cases.jsonl"
    column = line.index('{"type"') + 1
    assert ran.outcomes == {WHY: "passed", HOW: "passed", who: "failed"}
    assert ran.failures.splitlines()[1] == (
        f"prompts/ask.cases.jsonl:2:{column}: failed: `contains` does not hold  [ask: who]"
    )


def test_each_answer_of_a_case_is_a_test(recorded, run_pytest):
    edit(recorded, "\ntests:", "\nevaluation: {repeats: 2}\ntests:")

    every = run_pytest("--promptops", "-v", "-k", "why")
    one = run_pytest("--promptops", "-v", f"{WHY}[1]")
    both = run_pytest("--promptops", "-v", WHY)

    outcomes = {f"{WHY}[0]": "passed", f"{WHY}[1]": "failed"}
    assert (every.outcomes, both.outcomes) == (outcomes, outcomes)
    assert one.outcomes == {f"{WHY}[1]": "failed"}


def test_a_name_that_no_node_id_can_have_is_still_one_line_and_can_be_selected(
    recorded, run_pytest
):
    edit(recorded, "name: why", 'name: "a::b [x] \\e[31m v1.2"')

    ran = run_pytest("--promptops", "-v", "-k", "a:")
    name = next(iter(ran.outcomes))
    again = run_pytest("--promptops", "-v", name)

    assert name == r"prompts/ask.prompt.yaml::a:\x3ab [x] \x1b[31m v1.2"
    assert (ran.outcomes, again.outcomes) == ({name: "passed"}, {name: "passed"})


HEAD = ASK[: ASK.index("tests:")]

ALIKE = (
    HEAD
    + """\
tests:
  - name: a
    inputs: {question: q1}
    output:
      - {type: counterfactual, path: /messages/0/role, value: b}
  - name: b
    inputs: {question: q2}
    output:
      - {type: contains, value: kind}
"""
)


def test_a_counterfactual_is_judged_by_itself_with_the_answer_of_the_other_case(record, run_pytest):
    record({"prompts/alike.prompt.yaml": ALIKE})

    ran = run_pytest("--promptops", "-v", "prompts/alike.prompt.yaml::a")

    assert (ran.code, ran.outcomes) == (0, {"prompts/alike.prompt.yaml::a": "passed"})
