"""The requests of the page: what is shown, edited, tried and compared."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from tests.commands.ui.served import ASK, BODY, FILES, TONE, Client, edited_file, served, until
from tests.output_schemas import validate

SYSTEM = "/messages/0/content"
USER = "/messages/1/content"
TEXT = '{% include "partials/tone.md.j2" %}\nAnswer in one line.\n'


def shown(preview: Any) -> list[str]:
    return ["".join(piece["text"] for piece in each["pieces"]) for each in preview["messages"]]


def test_the_session_names_what_is_open(reader: Client) -> None:
    assert reader.get("/api/session") == {
        "repository": "project",
        "branch": "main",
        "revision": "worktree",
        "write": False,
        "live": False,
        "untrusted": False,
        "profiles": [{"name": "fast", "provider": "openai", "model": "fast-1"}],
        "revisions": ["main"],
    }


def test_the_catalog_has_all_prompts_and_rows_have_their_details(reader: Client) -> None:
    names = reader.get("/api/catalog")["prompts"]
    assert names == [
        {"id": "ask", "path": ASK},
        {"id": "ask.de", "path": "prompts/ask.de.prompt.yaml"},
        {"id": "broken", "path": "prompts/broken.prompt.yaml"},
        {"id": "write", "path": "prompts/write.prompt.yaml"},
    ]

    rows = reader.post("/api/rows", ids=["ask", "gone", "broken"])["rows"]

    assert rows == [
        {
            "id": "ask",
            "title": None,
            "description": "Answer a question.",
            "owners": ["@acme/support"],
            "tags": ["support"],
            "status": "active",
            "cases": 1,
            "errors": 0,
            "warnings": rows[0]["warnings"],
            "readable": True,
            "changed": False,
        },
        {
            "id": "broken",
            "title": None,
            "description": None,
            "owners": [],
            "tags": [],
            "status": "draft",
            "cases": 0,
            "errors": 1,
            "warnings": 0,
            "readable": False,
            "changed": False,
        },
    ]
    assert reader.refused("/api/rows", ids=["a"] * 201)[0] == 400


def test_a_row_is_changed_by_edits_and_by_what_is_not_committed(
    writer: Client, project: Any
) -> None:
    def changed() -> list[str]:
        rows = writer.post("/api/rows", ids=["ask", "ask.de", "write"], findings=False)["rows"]
        return [row["id"] for row in rows if row["changed"]]

    assert changed() == []
    writer.edit(id="write", at=SYSTEM, text="Hi!\n")
    assert changed() == ["write"]
    project.write({"prompts/ask.recordings.jsonl": "", "unrelated": ""})
    assert changed() == ["ask", "write"]
    writer.save()
    assert changed() == ["ask", "write"]
    project.commit("saved")
    assert changed() == []


def test_a_prompt_is_shown_by_its_texts_with_their_places(reader: Client) -> None:
    assert reader.get("/api/prompt?id=ask") == {
        "id": "ask",
        "path": ASK,
        "title": None,
        "description": "Answer a question.",
        "status": "active",
        "cases": ["why"],
        "pending": False,
        "model": "fast",
        "texts": [
            {
                "at": SYSTEM,
                "role": "system",
                "kind": "text",
                "path": ASK,
                "when": None,
                "text": TEXT,
                "starts": [[14, 7], [15, 7], [15, 26]],
                "editable": True,
                "reason": None,
            },
            {
                "at": USER,
                "role": "user",
                "kind": "text",
                "path": ASK,
                "when": None,
                "text": "{{ question }}",
                "starts": [[18, 28]],
                "editable": True,
                "reason": None,
            },
        ],
    }
    (text,) = reader.get("/api/prompt?id=write")["texts"]
    assert (text["kind"], text["path"], text["text"]) == ("file", BODY, FILES[BODY])
    assert text["starts"] == [[1, 1], [2, 1], [3, 1]]


def test_a_text_of_another_prompt_is_shown_with_the_reason_why_it_is_not_edited(
    reader: Client,
) -> None:
    texts = reader.get("/api/prompt?id=ask.de")["texts"]

    reason = "this text comes from the prompt ask: edit it there"
    assert [(text["path"], text["editable"], text["reason"]) for text in texts] == [
        (ASK, False, reason),
        (ASK, False, reason),
    ]
    was = reader.text("ask.de", SYSTEM)
    refused = reader.refused("/api/edit", id="ask.de", at=SYSTEM, text="x", was=was)
    assert refused == (403, reason, None)


def test_a_file_that_can_not_be_read_is_an_error_with_its_place(reader: Client) -> None:
    got = reader.request("GET", "/api/prompt?id=broken")

    (error,) = got.json["errors"]
    assert (got.status, error["where"]) == (400, "prompts/broken.prompt.yaml")
    assert error["place"]["line"] == 3
    validate("error", got.json)


def test_a_preview_has_the_inputs_of_the_first_case_or_the_given_ones(reader: Client) -> None:
    first = reader.post("/api/preview", id="ask")
    given = reader.post("/api/preview", id="ask", inputs={"question": "How?"}, profile="fast")

    assert (first["case"], shown(first)) == ("why", ["Be kind.\nAnswer in one line.", "Why?"])
    assert (given["case"], given["inputs"]) == (None, {"question": "How?"})
    assert shown(given)[1] == "How?"
    assert first["cost_usd"] == pytest.approx(first["tokens"] * 2 / 1_000_000)
    empty = reader.post("/api/preview", id="ask", inputs={})["errors"][0]
    assert (empty["input"], empty["message"]) == ("/question", "fill in `question`")
    status, message, _ = reader.refused("/api/preview", id="ask", profile="slow")
    assert (status, message) == (400, "there is no profile `slow`")


def test_findings_are_left_out_on_request(writer: Client) -> None:
    edited = {"id": "ask", "at": USER, "text": "{{ nope }}", "inputs": {"question": "x"}}
    without = writer.edit(findings=False, **edited)
    with_findings = writer.edit(**edited)
    rows = writer.post("/api/rows", ids=["ask", "broken"], findings=False)["rows"]

    assert "VAR001" in {each["code"] for each in with_findings["findings"]}
    assert without == {**with_findings, "findings": []}
    assert [(row["errors"], row["warnings"], row["readable"]) for row in rows] == [
        (0, 0, True),
        (0, 0, False),
    ]


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("preview", {"id": "ask", "findings": "no"}, "`findings` must be true or false"),
        ("preview", {"id": 1}, "`id` must be a string"),
        ("preview", {"id": "ask", "inputs": []}, "`inputs` must be an object"),
        ("rows", {"ids": "ask"}, "`ids` must be a list"),
        ("rows", {"ids": [1]}, "`ids` must be a list of at most 200 strings"),
    ],
)
def test_a_value_of_another_type_is_refused(
    reader: Client, path: str, body: dict[str, Any], message: str
) -> None:
    assert reader.refused(f"/api/{path}", **body)[:2] == (400, message)


def test_what_is_answered_is_valid_for_its_schema(reader: Client) -> None:
    for name, path in (
        ("ui-session", "/api/session"),
        ("ui-catalog", "/api/catalog"),
        ("ui-prompt", "/api/prompt?id=ask"),
        ("ui-change", "/api/change?failing=1"),
    ):
        validate(name, reader.request("GET", path).json)
    for name, path, body in (
        ("ui-rows", "/api/rows", {"ids": ["ask", "broken"]}),
        ("preview", "/api/preview", {"id": "ask"}),
        ("test", "/api/test", {"id": "ask"}),
    ):
        validate(name, reader.request("POST", path, json.dumps(body)).json)


def test_an_edit_is_tried_at_once_and_written_nowhere(writer: Client, project: Any) -> None:
    before = project.git("status", "--porcelain")

    tried = writer.edit(
        id="ask", at=SYSTEM, text="Answer {{ qestion }}.\n", inputs={"question": "Q"}
    )

    assert shown(tried) == ["", "Q"]
    assert tried["messages"][0]["error"]["message"].startswith("`qestion` is")
    assert {finding["code"] for finding in tried["findings"]} >= {"VAR001"}
    assert writer.get("/api/prompt?id=ask")["pending"] is True
    assert project.git("status", "--porcelain") == before
    assert (project.root / ASK).read_text() == FILES[ASK]

    back = writer.post("/api/revert", id="ask")

    assert (back["pending"], back["texts"][0]["text"]) == (False, TEXT)
    assert writer.get("/api/change")["files"] == []


def test_an_edit_back_to_the_old_text_is_no_edit(writer: Client) -> None:
    writer.edit(id="ask", at=USER, text="a\nb")
    writer.edit(id="ask", at=USER, text="{{ question }}")

    assert writer.get("/api/change")["files"] == []


def test_an_emptied_text_keeps_its_box(writer: Client) -> None:
    writer.edit(id="ask", at=SYSTEM, text="")
    emptied = writer.get("/api/prompt?id=ask")["texts"]
    tried = writer.edit(id="ask", at=SYSTEM, text="Again.\n")

    assert [(text["at"], text["text"]) for text in emptied] == [
        (SYSTEM, ""),
        (USER, "{{ question }}"),
    ]
    assert shown(tried)[0] == "Again."


def test_a_text_in_a_file_of_its_own_is_edited_there(writer: Client, project: Any) -> None:
    tried = writer.edit(id="write", at=SYSTEM, text="Hello {{ name }}!\n")

    assert shown(tried) == ["Hello you!"]
    assert writer.get("/api/change")["files"] == [edited_file(BODY, "write")]
    assert writer.get("/api/prompt?id=write")["pending"] is True
    assert writer.save() == {"paths": [BODY]}
    assert (project.root / BODY).read_text() == "Hello {{ name }}!\n"


def test_a_control_character_is_refused_with_the_way_out(writer: Client) -> None:
    refused = writer.refused("/api/edit", id="ask", at=USER, text="a\x07", was="{{ question }}")

    message = "the text contains the character U+0007, which no prompt may contain"
    assert refused == (400, message, "remove it")


def test_inputs_are_kept_as_a_case(writer: Client, project: Any) -> None:
    kept = writer.post("/api/keep", id="ask", name="how", inputs={"question": "How?"})

    assert (kept["case"], kept["cases"]) == ("how", ["why", "how"])
    assert writer.refused("/api/keep", id="ask", name="how", inputs={"question": "How?"})[1] == (
        "there is a case 'how' already"
    )
    unnamed = writer.refused("/api/keep", id="ask", name=" ", inputs={"question": "How?"})
    assert unnamed == (400, "a case needs a name", "write in a few words what it shows")
    unfilled = (400, "fill in `question`", None)
    assert writer.refused("/api/keep", id="ask", name="b", inputs={}) == unfilled
    assert writer.refused("/api/keep", id="ask", name="b", inputs={"x": 1})[0] == 400
    run = writer.post("/api/test", id="ask")
    assert [(case["name"], case["status"]) for case in run["cases"]] == [
        ("why", "passed"),
        ("how", "passed"),
    ]
    assert writer.save() == {"paths": [ASK]}
    assert (project.root / ASK).read_text() == FILES[ASK] + (
        "  - name: how\n    inputs:\n      question: How?\n    rendered:\n"
        "    - type: message-count\n      value: 2\n"
    )


def test_the_recorded_answer_is_shown_or_how_to_record_one(reader: Client) -> None:
    assert reader.refused("/api/recorded", id="ask") == (
        404,
        "no answer to this request is recorded",
        "get one from a model, with `promptops ui --live`, or record it: promptops test --record",
    )


def test_the_change_is_the_diff_of_the_edits_to_head(writer: Client, project: Any) -> None:
    project.write({TONE: "Not part of the edits.\n"})
    writer.edit(id="ask", at=SYSTEM, text=TEXT + "Be brief.\n")

    change = writer.get("/api/change?failing=1")

    assert change["files"] == [edited_file(ASK, "ask")]
    diff = change["diff"]
    assert (diff["base"], diff["head"], diff["bump"]) == ("HEAD", "your edits", "minor")
    assert [prompt["id"] for prompt in diff["prompts"]] == ["ask", "ask.de"]


def test_before_the_first_commit_everything_is_new(repo: Any) -> None:
    repo.write(FILES)

    with served(repo.root, write=True) as client:
        client.edit(id="ask", at=USER, text="x")
        change = client.get("/api/change?failing=1")
        branch = client.refused("/api/branch", state=client.state, name="a", message="b")

    assert (change["diff"]["base"], change["files"]) == ("nothing", [edited_file(ASK, "ask")])
    assert branch == (400, "there is no commit yet", "create the first one: git commit")


def test_what_other_programs_change_is_read_again(writer: Client, project: Any) -> None:
    writer.post("/api/preview", id="ask")
    project.write({TONE: "Be brief.\n", "prompts/new/more.prompt.yaml": FILES[ASK]})

    assert shown(writer.post("/api/preview", id="ask"))[0].startswith("Be brief.\n")
    names = [prompt["id"] for prompt in writer.get("/api/catalog")["prompts"]]
    assert names == ["ask", "ask.de", "broken", "new/more", "write"]
    project.git("switch", "--quiet", "--create", "other")
    assert writer.get("/api/session")["branch"] == "other"
    project.git("stash", "--quiet", "--include-untracked")
    assert shown(writer.post("/api/preview", id="ask"))[0].startswith("Be kind.\n")


def test_a_new_folder_beside_folders_is_seen(writer: Client, project: Any) -> None:
    def can_be_read(name: str) -> bool:
        return writer.request("GET", f"/api/prompt?id={name}").status == 200

    for name in ("a/b/c/deep", "a/new/one", "a/b/new/two"):
        project.write({f"prompts/{name}.prompt.yaml": FILES[ASK]})
        until(partial(can_be_read, name))


def test_the_catalog_has_a_new_prompt_in_a_folder_that_was_empty(project: Any) -> None:
    folder = project.root / "prompts/later/below"
    folder.mkdir(parents=True)

    with served(project.root) as client:
        project.write({"prompts/later/below/new.prompt.yaml": FILES[ASK]})
        names = [prompt["id"] for prompt in client.get("/api/catalog")["prompts"]]

    assert names == ["ask", "ask.de", "broken", "later/below/new", "write"]


def test_a_revision_is_shown_as_it_was_and_can_not_be_edited(project: Any) -> None:
    project.git("tag", "v1")
    project.write({TONE: "Be brief.\n"})
    project.commit("brief")

    with served(project.root, revision="v1", live=True) as client:
        session = client.get("/api/session")
        preview = client.post("/api/preview", id="ask")
        text = client.get("/api/prompt?id=ask")["texts"][0]
        edit = client.refused("/api/edit", id="ask", at=SYSTEM, text="x", was="")
        revert = client.refused("/api/revert", id="ask")
        rows = client.post("/api/rows", ids=["broken"])["rows"]
        change = client.get("/api/change?failing=1")

    assert (session["revision"], session["write"], session["live"]) == ("v1", False, True)
    assert shown(preview)[0].startswith("Be kind.\n")
    assert text["reason"] == "this is `v1`: start promptops ui without --at to edit"
    hint = "start `promptops ui` without --at to edit"
    assert edit == revert == (403, "a revision can't be edited", hint)
    assert rows[0]["errors"] == 1
    assert change["files"] == change["diff"]["prompts"] == []


def test_a_revision_is_compared_on_the_same_inputs(writer: Client, project: Any) -> None:
    project.write({TONE: "Be brief.\n"})
    project.commit("brief")

    old = writer.post("/api/preview", id="ask", at="HEAD~1", inputs={"question": "How?"})
    assert writer.refused("/api/recorded", id="ask", at="HEAD~1")[0] == 404
    new = writer.post("/api/preview", id="ask", inputs={"question": "How?"})

    assert [shown(old)[0][:8], shown(new)[0][:8]] == ["Be kind.", "Be brief"]
    assert writer.refused("/api/preview", id="ask", at="nope")[:2] == (
        400,
        "there is no revision 'nope'",
    )
    assert writer.refused("/api/preview", id="new", at="HEAD~1")[0] == 404
