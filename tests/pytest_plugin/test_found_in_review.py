"""Bugs that a review found: what an item needs besides itself, and what is not there."""

from tests.pytest_plugin.conftest import ASK

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


def test_a_prompt_whose_case_file_is_missing_is_an_error_of_the_collection(recorded, run_pytest):
    recorded.write({"prompts/other.prompt.yaml": f"{HEAD}tests:\n  - file: none.jsonl\n"})

    ran = run_pytest("--promptops")

    assert (ran.code, ran.failures.splitlines()) == (
        2,
        [
            "ERROR collecting prompts/other.prompt.yaml",
            "prompts/other.prompt.yaml:13:11: error: there is no case file `none.jsonl`  [other]",
        ],
    )
