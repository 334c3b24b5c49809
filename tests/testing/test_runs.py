"""Cases replayed and recorded, with the provider that echoes: nothing leaves the process."""

import json

import pytest

from promptops.errors import UsageError
from promptops.testing.options import RunOptions
from promptops.testing.recordings.store import SampleSize
from promptops.testing.runner import test as run_cases
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace

CONFIG = '[models.echo]\nprovider = "echo"\nid = "echo-1"\nprice = {input = 0.0, output = 0.0}\n'
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
      PARTIAL
      {{ question }}
tests:
  - name: why
    inputs: {question: why}
    output:
      - {type: contains, value: why}
  - name: how
    inputs: {question: how}
    rendered:
      - {type: contains, value: how}
    output:
      - {type: contains, value: how}
"""
INCLUDING = PROMPT.replace("PARTIAL", '{% include "partials/style.md.j2" %}')
PLAIN = PROMPT.replace("PARTIAL", "Be kind.")
ARRAY = "output: {format: json, schema: {type: array}}\n"


@pytest.fixture
def catalog(repo):
    repo.write(
        {
            "promptops.toml": CONFIG,
            "prompts/ask.prompt.yaml": INCLUDING,
            "prompts/reply.prompt.yaml": INCLUDING,
            "prompts/other.prompt.yaml": PLAIN,
            "prompts/partials/style.md.j2": "Be brief.\n",
        }
    )
    repo.commit("one")
    return repo


def run(repo, mode="replay", wanted=None, **options):
    with workspace(repo.root) as opened:
        return run_cases(opened, wanted or SelectionOptions(), RunOptions(mode=mode, **options))


def statuses(found):
    return {(case.prompt, case.name): case.status for case in found.cases}


def recordings(repo, name):
    text = (repo.root / f"prompts/{name}.recordings.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_what_has_no_recording_is_stale_and_the_command_to_type_is_told(catalog):
    found = run(catalog)

    assert set(statuses(found).values()) == {"stale"}
    assert (found.verdict, found.next) == ("fail", "promptops test --record")


def test_what_was_recorded_is_replayed(catalog):
    recorded = run(catalog, "record")
    replayed = run(catalog)

    assert [case.source for case in recorded.cases] == ["live"] * 6
    assert [case.source for case in replayed.cases] == ["recorded"] * 6
    assert (recorded.verdict, replayed.verdict) == ("pass", "pass")
    assert [each["case"] for each in recordings(catalog, "ask")] == ["how", "why"]


def test_recording_again_asks_nothing_and_changes_nothing(catalog):
    run(catalog, "record")
    catalog.commit("recorded")

    found = run(catalog, "record")

    assert {case.source for case in found.cases} == {"recorded"}
    assert catalog.git("status", "--porcelain") == ""


def test_a_word_in_a_partial_makes_exactly_the_cases_that_reach_it_stale(catalog):
    run(catalog, "record")
    catalog.commit("recorded")
    catalog.write({"prompts/partials/style.md.j2": "Be short.\n"})

    stale = run(catalog)
    run(catalog, "record")

    assert {key for key, status in statuses(stale).items() if status == "stale"} == {
        (prompt, case) for prompt in ("ask", "reply") for case in ("how", "why")
    }
    assert catalog.git("diff", "--numstat").splitlines() == [
        "2\t2\tprompts/ask.recordings.jsonl",
        "1\t1\tprompts/partials/style.md.j2",
        "2\t2\tprompts/reply.recordings.jsonl",
    ]
    assert run(catalog).verdict == "pass"


def test_an_answer_that_does_not_hold_fails_with_its_reason(catalog):
    wrong = PLAIN.replace("value: why", "value: because")
    catalog.write({"prompts/other.prompt.yaml": wrong})

    found = run(catalog, "record", SelectionOptions(patterns=("other",)))

    (failed,) = [case for case in found.cases if case.status == "failed"]
    (result,) = failed.assertions
    assert (failed.name, result.on, result.status) == ("why", "answer", "failed")
    assert result.reason.startswith("expected `because` in the answer, got ")
    assert (str(result.place), found.verdict) == ("prompts/other.prompt.yaml:18:9", "fail")


def test_an_answer_that_the_application_can_not_parse_fails_its_case(catalog):
    promised = PLAIN.replace("messages:", f"{ARRAY}messages:")
    catalog.write({"prompts/other.prompt.yaml": promised})

    found = run(catalog, "record", SelectionOptions(patterns=("other",)))

    wrong = [
        result for case in found.cases for result in case.assertions if result.type == "output"
    ]
    assert {(result.on, result.status, str(result.place)) for result in wrong} == {
        ("answer", "failed", "prompts/other.prompt.yaml:9:32")
    }
    assert (set(statuses(found).values()), found.verdict) == ({"failed"}, "fail")


def test_the_output_contract_can_be_switched_off_for_a_prompt(catalog):
    promised = PLAIN.replace("messages:", f"{ARRAY}messages:")
    catalog.write({"prompts/other.prompt.yaml": promised + "evaluation: {output: false}\n"})

    found = run(catalog, "record", SelectionOptions(patterns=("other",)))

    assert (set(statuses(found).values()), found.verdict) == ({"passed"}, "pass")


def test_live_answers_are_judged_and_not_kept(catalog):
    found = run(catalog, "live", SelectionOptions(patterns=("other",)))

    assert found.verdict == "pass"
    assert not (catalog.root / "prompts/other.recordings.jsonl").exists()


def test_a_repeat_is_an_answer_of_its_own(catalog):
    run(catalog, "record", SelectionOptions(patterns=("other",)), repeats=2)

    found = run(catalog, wanted=SelectionOptions(patterns=("other",)), repeats=3)

    assert [(case.name, case.repeat, case.status) for case in found.cases] == [
        ("why", 0, "passed"),
        ("why", 1, "passed"),
        ("why", 2, "stale"),
        ("how", 0, "passed"),
        ("how", 1, "passed"),
        ("how", 2, "stale"),
    ]


def test_recordings_that_no_case_asks_for_are_removed_when_told_to(catalog):
    run(catalog, "record")
    fewer = PLAIN[: PLAIN.index("  - name: how")]
    catalog.write({"prompts/other.prompt.yaml": fewer})

    run(catalog, "record")
    before = [each["case"] for each in recordings(catalog, "other")]
    run(catalog, "record", prune=True)
    after = [each["case"] for each in recordings(catalog, "other")]

    assert (before, after) == (["how", "why"], ["why"])


def test_a_line_of_recordings_that_is_broken_is_an_error_with_its_place(catalog):
    run(catalog, "record")
    file = catalog.root / "prompts/other.recordings.jsonl"
    file.write_text(file.read_text() + "{broken\n")

    found = run(catalog)

    (error,) = [case for case in found.cases if case.status == "error"]
    assert str(error.place).startswith("prompts/other.recordings.jsonl:3:")
    assert found.verdict == "fail"


def test_for_strangers_nothing_is_asked(catalog, monkeypatch):
    monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")

    with pytest.raises(UsageError) as caught:
        run(catalog, "record")

    assert caught.value.hint == "replay: promptops test"


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("price = {input = 0.0, output = 0.5}", "price"),
        ("max_output_tokens = 1", "max_output_tokens"),
    ],
)
def test_a_change_can_not_choose_what_a_request_costs(catalog, line, field):
    kept = "".join(each for each in CONFIG.splitlines(True) if not each.startswith(field))
    catalog.write({"promptops.toml": f"{kept}{line}\n"})

    with pytest.raises(UsageError) as caught:
        run(catalog, "record", SelectionOptions(since="HEAD"))

    assert (caught.value.message, caught.value.hint) == (
        f"the change sets `{field}` of `echo`, at no address with no API key",
        "check its settings, then run again with --trust-config",
    )


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("value: why", 'value: ""'), ("contains, value: why", "contians, value: why")],
    ids=["empty", "misspelt"],
)
def test_what_would_test_nothing_is_an_error(catalog, right, wrong):
    catalog.write({"prompts/other.prompt.yaml": PLAIN.replace(right, wrong)})

    found = run(catalog, "record", SelectionOptions(patterns=("other",)))

    assert [case.status for case in found.cases if case.status != "passed"] == ["error"]
    assert found.verdict == "fail"


def test_coverage_names_each_branch_that_no_case_takes(catalog):
    text = PLAIN.replace("Be kind.", "{% if question == 'who' %}Say who.{% endif %}")
    catalog.write({"prompts/other.prompt.yaml": text})

    found = run(catalog, wanted=SelectionOptions(patterns=("other",)), coverage=True)

    (row,) = found.coverage
    assert (row.prompt, row.covered, row.total) == ("other", 1, 2)
    assert [(str(each.place), each.message) for each in row.uncovered] == [
        ("prompts/other.prompt.yaml:12:13", "`question == 'who'` is false in every case")
    ]


def test_nothing_to_test_says_why(repo):
    repo.write({"promptops.toml": CONFIG})
    repo.commit("one")

    found = run(repo)

    assert (found.verdict, found.nothing) == ("pass", "there are no test cases")


def test_an_audit_finds_an_answer_that_no_model_gave(catalog):
    run(catalog, "record")
    clean = run(catalog, audit=SampleSize(count=9))
    file = catalog.root / "prompts/other.recordings.jsonl"
    file.write_text(file.read_text().replace("Be kind", "Be very kind", 1))

    found = run(catalog, audit=SampleSize(count=9))

    assert clean.verdict == "pass"
    (failed,) = [case for case in found.cases if case.status != "passed"]
    assert (failed.prompt, failed.name, failed.reason) == (
        "other",
        "how",
        "requested again, the model gives another answer: `output`",
    )


def test_for_strangers_no_audit_asks_anybody(catalog, monkeypatch):
    run(catalog, "record")
    monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")

    with pytest.raises(UsageError):
        run(catalog, audit=SampleSize(count=1))
