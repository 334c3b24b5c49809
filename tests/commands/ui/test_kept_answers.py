"""A case is kept with what its answer must contain, and the answer that a model gave is recorded.

The models repeat the last message.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from itertools import count
from typing import Any

import pytest

from promptops.commands.run.saving import NewCaseFields
from promptops.commands.ui.workbench import Workbench, WorkbenchOptions
from promptops.records import replace
from tests.commands.asked import profile
from tests.commands.ui.served import ASK, FILES, TONE, Client, edited_file, served
from tests.output_schemas import validate
from tests.servers.answers import Answer
from tests.servers.fault_server import ECHO, Plan, fault_server

RECORDED = "prompts/ask.recordings.jsonl"
VARIANT = "prompts/ask.de.recordings.jsonl"
"""Of the prompt that has the same cases, and the same requests."""
USER = "/messages/1/content"
HOW = {"question": "How?"}


@contextmanager
def calling(project: Any, plan: Plan = ECHO) -> Iterator[Client]:
    """A workbench that may save and call models, of `project`."""
    with fault_server(plan) as models:
        names = profile("fast", "fast-1", models.base_url)
        project.write({"promptops.toml": names + profile("good", "good-1", models.base_url)})
        project.commit("models")
        with served(project.root, live=True, write=True) as client:
            yield client


@pytest.fixture
def live(project: Any) -> Iterator[Client]:
    with calling(project) as client:
        yield client


def ask(client: Client, *models: str, **tried: Any) -> str:
    """The answer of the last model."""
    body = json.dumps({"id": "ask", "models": models, **tried})
    got = client.request("POST", "/api/answers", body)
    run = json.loads(got.data.decode().splitlines()[-1])["result"]
    text: str = run["answers"][-1]["text"]
    return text


def keep(client: Client, *contains: str) -> Any:
    return client.post("/api/keep", id="ask", name="how", inputs=HOW, contains=contains)


def pending(client: Client) -> list[str]:
    return sorted(each["path"] for each in client.get("/api/change?failing=1")["files"])


def failing(client: Client, *keys: str) -> list[tuple[Any, ...]]:
    """Some values of each case that does not pass."""
    found = client.get("/api/change?failing=1")["failing"]
    return [tuple(each[key] for key in keys) for each in found]


def statuses(client: Client) -> dict[str, str]:
    return {each["name"]: each["status"] for each in client.post("/api/test", id="ask")["cases"]}


def _steps(steps: Generator[None, None, Any]) -> Iterator[Any]:
    """The pauses, and the result at the end."""
    yield (yield from steps)


@pytest.mark.parametrize("order", ["answer, keep", "keep, answer", "answer, keep, edit, answer"])
def test_the_gate_passes_on_the_branch_of_a_case_whose_answer_was_checked(
    live: Client, project: Any, say: Any, order: str
) -> None:
    live.edit(id="ask", at=USER, text="{{ question }} Be kind.")
    for step in order.split(", "):
        if step == "answer":
            ask(live, inputs=HOW)
        elif step == "keep":
            assert keep(live, "How?", "kind")["case"] == "how"
        else:
            live.edit(id="ask", at=USER, text="{{ question }} Be kinder.")

    assert statuses(live) == {"why": "passed", "how": "passed"}
    assert pending(live) == [VARIANT, ASK, RECORDED]
    live.branch("kinder", "Kinder")

    assert project.git("status", "--porcelain") == ""
    project.git("switch", "--quiet", "kinder")
    (recorded,) = (project.root / RECORDED).read_text().splitlines()
    assert (json.loads(recorded)["case"], "latency_s" in recorded) == ("how", False)
    checked = say("check", "--since", "main", "-C", str(project.root))
    assert (checked.code, checked.err) == (0, "")


def test_without_an_answer_of_the_prompts_own_model_the_case_is_stale(
    live: Client, project: Any, say: Any
) -> None:
    ask(live, "good", inputs=HOW)
    ask(live, inputs={"question": "Other?"})
    ask(live, inputs=HOW, at="HEAD")
    keep(live, "How?")

    assert (statuses(live), pending(live)) == ({"why": "passed", "how": "stale"}, [ASK])
    assert live.refused("/api/recorded", id="ask", case="how") == (
        404,
        "no answer to this request is recorded",
        "get one from a model, or record it: promptops test --record",
    )
    live.branch("kept", "Kept")
    project.git("switch", "--quiet", "kept")
    assert say("check", "--since", "main", "-C", str(project.root)).code == 1


def test_a_prompt_that_names_its_model_gets_the_answer_of_a_profile_for_the_same_model(
    project: Any,
) -> None:
    own = "model: {provider: openai, id: fast-1}"
    project.write({ASK: FILES[ASK].replace("model: {profile: fast}", own)})
    with calling(project) as live:
        ask(live, "fast", inputs=HOW)
        keep(live, "How?")

        assert statuses(live) == {"why": "passed", "how": "passed"}


def test_the_change_names_the_cases_that_do_not_pass(live: Client, project: Any) -> None:
    project.write({"prompts/write.prompt.yaml": "format: promptops/1\nmessages: [\n"})
    ask(live, inputs=HOW)
    keep(live, "order number")
    live.post("/api/keep", id="ask", name="so", inputs={"question": "So?"}, contains=["So?"])

    change = live.get("/api/change?failing=1")

    validate("ui-change", {"schema": 1, **change})
    assert change["tested"] == {"cases": 6, "unchecked": 2}
    assert change["failing"] == [
        {"id": prompt, **case}
        for prompt in ("ask.de", "ask")
        for case in (
            {
                "case": "how",
                "status": "failed",
                "reason": "expected `order number` in the answer, got `How?`",
                "answerable": False,
            },
            {
                "case": "so",
                "status": "stale",
                "reason": "no answer to its request is recorded",
                "answerable": True,
            },
        )
    ]
    assert change["files"] == [
        edited_file(ASK, "ask", cases=["how", "so"]),
        edited_file(VARIANT, "ask.de", answers=1),
        edited_file(RECORDED, "ask", answers=1),
    ]
    live.post("/api/revert", id="ask")
    assert live.get("/api/change?failing=1")["failing"] == []


def test_only_the_page_of_the_change_records_for_all_prompts(live: Client) -> None:
    def edited() -> list[str]:
        return [each["path"] for each in live.get("/api/change")["files"]]

    ask(live, inputs=HOW)
    keep(live, "order number")
    assert edited() == [ASK]
    unread = live.get("/api/change")
    assert (unread["diff"], unread["failing"], unread["tested"]) == (None, [], None)
    live.post("/api/recorded", id="ask", case="how")
    assert edited() == [ASK, RECORDED]
    live.post("/api/test", id="ask.de")
    assert edited() == [ASK, RECORDED, VARIANT]
    live.post("/api/revert", id="ask")

    keep(live, "order number")
    live.post("/api/test", id="ask")
    assert edited() == [ASK, RECORDED]
    assert len(live.get("/api/change?failing=1")["failing"]) == 2
    assert edited() == [ASK, RECORDED, VARIANT]


def test_each_prompt_of_a_change_is_a_step_between_which_others_come(project: Any) -> None:
    bench = Workbench(WorkbenchOptions(directory=project.root))
    with closing(bench):
        kept = NewCaseFields(name="how", inputs=HOW, contains=["x"])
        bench.keep("ask", kept)
        first = bench.judged_change()
        next(first)
        bench.keep("ask", replace(kept, name="again"))
        *pauses, change = _steps(first)

        assert len(pauses) >= 1
        assert [each.case for each in change.failing] == ["how", "again"] * 2


def test_an_answer_that_came_after_the_change_was_shown_is_another_change(live: Client) -> None:
    keep(live, "How?")
    state = live.state
    ask(live, inputs=HOW)

    body = json.dumps({"state": state})
    got = live.request("POST", "/api/save", body)

    assert (got.status, got.json["kind"]) == (409, "state")
    assert live.save() == {"paths": [ASK, VARIANT, RECORDED]}


def test_recorded_answers_that_are_not_committed_are_saved_to_the_branch_that_needs_them(
    live: Client, project: Any, say: Any
) -> None:
    ask(live, inputs=HOW)
    keep(live, "How?")
    live.save()
    project.git("checkout", "--", ASK)

    keep(live, "How?")

    change = live.get("/api/change?failing=1")
    assert (change["failing"], [each["path"] for each in change["files"]]) == (
        [],
        [ASK, VARIANT, RECORDED],
    )
    assert [each["answers"] for each in change["files"]] == [0, 1, 1]
    live.branch("kept", "Kept")
    for file in (RECORDED, VARIANT):
        (project.root / file).unlink()
    project.git("switch", "--quiet", "kept")
    tested = say("test", "ask", "ask.de", "-C", str(project.root))
    assert (tested.code, tested.err) == (0, "")


def test_cases_are_judged_with_the_files_of_the_branch(live: Client, project: Any) -> None:
    project.write({TONE: "Be zebra.\n"})
    project.write({ASK: FILES[ASK].replace("value: Why}", "value: zebra}")})

    live.edit(id="ask", at=USER, text="{{ question }} Be kind.")

    assert statuses(live) == {"why": "passed"}
    assert [
        (each["id"], each["case"]) for each in live.get("/api/change?failing=1")["failing"]
    ] == [
        ("ask.de", "why"),
        ("ask", "why"),
    ]


def test_an_answer_that_lacks_the_text_is_recorded_and_fails(live: Client) -> None:
    ask(live, inputs=HOW)
    keep(live, "How?", "order number")

    assert statuses(live) == {"why": "passed", "how": "failed"}
    found = live.post("/api/recorded", id="ask", case="how")["answers"][0]
    assert (found["text"], found["status"]) == ("How?", "failed")
    assert [(each["on"], each["status"]) for each in found["assertions"]] == [
        ("request", "passed"),
        ("answer", "passed"),
        ("answer", "failed"),
    ]


def test_an_answer_is_recorded_only_with_edits_that_need_it(live: Client) -> None:
    ask(live, inputs=HOW)
    ask(live, case="why")
    assert pending(live) == []

    keep(live, "How?")
    assert live.get("/api/prompt?id=ask")["pending"] is True
    assert pending(live) == [VARIANT, ASK, RECORDED]
    live.edit(id="ask", at=USER, text="Please: {{ question }}")
    assert (statuses(live)["how"], pending(live)) == ("stale", [ASK])
    live.edit(id="ask", at=USER, text="{{ question }}")
    assert pending(live) == [VARIANT, ASK, RECORDED]
    live.post("/api/revert", id="ask")
    assert pending(live) == []


def test_an_answer_with_a_secret_is_not_recorded(project: Any) -> None:
    secret = f"AKIA{'Q2R7T5W3' * 2}"
    with calling(project, lambda _: Answer(says=f"Use {secret}.")) as live:
        assert secret in ask(live, inputs=HOW)
        keep(live, "Use")

        assert (statuses(live)["how"], pending(live)) == ("stale", [ASK])
        reason = "the answer to `how` is not recorded: it contains a secret (AWS)"
        assert [
            (each["reason"], each["answerable"])
            for each in live.get("/api/change?failing=1")["failing"]
        ] == [(reason, False)] * 2
        live.branch("kept", "Kept")

    assert secret not in project.git("log", "--patch", "--all")


def test_answers_that_another_program_recorded_meanwhile_stay(
    live: Client, project: Any, say: Any
) -> None:
    ask(live, inputs=HOW)
    keep(live, "How?")
    live.save()
    recorded = (project.root / RECORDED).read_text()
    (project.root / RECORDED).write_text("")
    live.post("/api/keep", id="ask", name="again", inputs={"question": "So?"}, contains=["So?"])
    ask(live, inputs={"question": "So?"})
    assert pending(live) == [VARIANT, ASK, RECORDED]

    project.write({RECORDED: recorded})

    assert statuses(live) == {"why": "passed", "how": "passed", "again": "passed"}
    live.save()
    written = (project.root / RECORDED).read_text()
    assert [json.loads(line)["case"] for line in written.splitlines()] == ["again", "how"]
    assert recorded in written


def test_an_answer_replaces_that_to_an_earlier_wording_of_its_case(
    live: Client, project: Any
) -> None:
    for name in ("how", "so"):
        live.post("/api/keep", id="ask", name=name, inputs={"question": name}, contains=[name])
        ask(live, case=name)
    live.save()
    live.edit(id="ask", at=USER, text="{{ question }} Please.")

    ask(live, case="so")

    assert statuses(live) == {"why": "passed", "how": "stale", "so": "passed"}
    live.save()
    lines = (project.root / RECORDED).read_text().splitlines()
    recorded = [(each["case"], each["output"]) for each in map(json.loads, lines)]
    assert recorded == [("how", "how"), ("so", "so Please.")]


def test_a_case_that_needs_several_answers_gets_the_last_ones(project: Any) -> None:
    project.write({ASK: FILES[ASK] + "evaluation: {repeats: 22}\n"})
    numbers = count()
    with calling(project, lambda _: Answer(says=f"How? {next(numbers)}")) as live:
        keep(live, "How?")
        assert (
            failing(live, "case", "reason") == [("how", "no answer to its request is recorded")] * 2
        )
        ask(live, inputs=HOW)
        ask(live, inputs=HOW)
        assert failing(live, "case", "reason") == [("how", "2 of 22 answers are recorded")] * 2
        for _ in range(21):
            ask(live, inputs=HOW)
        assert failing(live) == []
        live.save()

    lines = (project.root / RECORDED).read_text().splitlines()
    recorded = [(each["repeat"], each["output"]) for each in map(json.loads, lines)]
    assert recorded == [(number, f"How? {number + 1}") for number in range(22)]


def test_an_error_in_a_prompt_file_is_the_error_of_no_case(live: Client, project: Any) -> None:
    live.edit(id="ask", at=USER, text="{{ question }} Be kind.")
    project.write({"prompts/ask.de.prompt.yaml": FILES["prompts/ask.de.prompt.yaml"] + "bud: 1\n"})
    project.write({RECORDED: "{bad\n"})
    project.commit("broken")

    assert failing(live, "id", "case", "status") == [
        ("ask.de", None, "error"),
        ("ask", None, "error"),
    ]


def test_what_prevents_all_cases_is_the_error_of_no_prompt(live: Client, project: Any) -> None:
    valid = (project.root / "promptops.toml").read_text()
    measured = FILES[ASK] + "    output: [{type: chrf, value: x, score: likeness}]\n"
    project.write({"promptops.toml": "[", ASK: measured})
    project.commit("the base of the comparison is broken")
    project.git("tag", "--annotate", "--message", "x", "v1")
    project.write({"promptops.toml": valid})
    project.commit("repaired")
    live.edit(id="ask", at=USER, text="{{ question }} Be kind.")

    got = live.request("GET", "/api/change?failing=1")

    assert (got.status, got.json["errors"][0]["where"]) == (400, "promptops.toml")


def test_recordings_with_a_line_that_can_not_be_read_stay_as_they_are(
    live: Client, project: Any
) -> None:
    project.write({RECORDED: "{bad\n"})
    ask(live, inputs=HOW)
    keep(live, "How?")

    assert pending(live) == [VARIANT, ASK]
    problem = "not JSON: expecting property name enclosed in double quotes"
    assert failing(live, "id", "case", "reason", "answerable") == [
        ("ask", "how", f"{RECORDED}:1:2: {problem}", False)
    ]
    live.save()
    assert (project.root / RECORDED).read_text() == "{bad\n"


def test_a_link_in_the_place_of_the_recordings_is_not_followed(live: Client, project: Any) -> None:
    outside = project.root.parent / "outside"
    outside.write_text("")
    ask(live, inputs=HOW)
    keep(live, "How?")
    assert RECORDED in pending(live)
    (project.root / RECORDED).symlink_to(outside)

    assert statuses(live)["how"] == "stale"
    assert RECORDED not in pending(live)
    assert outside.read_text() == ""


@pytest.mark.parametrize(
    ("contains", "message"),
    [
        ("x", "`contains` must be a list"),
        ([1], "`contains` must be a list of at most 20 strings"),
        (["x"] * 21, "`contains` must be a list of at most 20 strings"),
        (["x", " "], "a text that the answer must contain is empty"),
    ],
)
def test_texts_that_an_answer_can_not_contain_are_refused(
    reader: Client, contains: Any, message: str
) -> None:
    refused = reader.refused("/api/keep", id="ask", name="how", inputs=HOW, contains=contains)

    assert refused[:2] == (400, message)
