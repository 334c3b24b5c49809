"""Edits are saved to the files or to a branch: as a whole, and over no edit of others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from promptops.commands.run.saving import NewCaseFields
from promptops.commands.ui.saving import Conflicts
from promptops.commands.ui.workbench import TriedPrompt, Workbench, WorkbenchOptions
from tests.commands.ui.served import ASK, BODY, FILES, Client
from tests.output_schemas import validate

SYSTEM = "/messages/0/content"
ROOT = Path(__file__).parents[3]
EDITED = FILES[ASK].replace("Answer in one line.", "Answer in two lines.")
TEXT = '{% include "partials/tone.md.j2" %}\nAnswer in two lines.\n'


def edit(client: Client) -> None:
    client.edit(id="ask", at=SYSTEM, text=TEXT)
    client.edit(id="write", at=SYSTEM, text="Hi!\n")


def test_only_the_edited_lines_of_the_files_differ(writer: Client, project: Any) -> None:
    os.chmod(project.root / ASK, 0o640)
    edit(writer)

    assert writer.save() == {"paths": [ASK, BODY]}

    assert (project.root / ASK).read_text() == EDITED
    assert (project.root / ASK).stat().st_mode & 0o777 == 0o640
    assert project.git("status", "--porcelain").split() == ["M", ASK, "M", BODY]
    assert writer.get("/api/change")["files"] == []
    assert writer.get("/api/prompt?id=ask")["texts"][0]["text"] == TEXT
    assert writer.save() == {"paths": []}


def test_a_file_that_changed_meanwhile_is_shown_and_nothing_is_written(
    writer: Client, project: Any
) -> None:
    edit(writer)
    theirs = FILES[BODY] + "Theirs.\n"
    project.write({BODY: theirs})

    body = json.dumps({"state": writer.state, "name": "a", "message": "b"})
    for path in ("save", "branch"):
        got = writer.request("POST", f"/api/{path}", body)
        assert got.status == 409
        validate("ui-conflicts", got.json)
        assert got.json["kind"] == "disk"
        assert got.json["files"] == [{"path": BODY, "disk": theirs, "edited": "Hi!\n"}]
        assert got.json["errors"][0]["message"] == "another program changed the file meanwhile"
        assert got.json["errors"][0]["where"] == BODY
    assert (project.root / ASK).read_text() == FILES[ASK]
    assert project.git("branch", "--list", "a") == ""

    writer.post("/api/revert", id="write")
    assert writer.save() == {"paths": [ASK]}
    assert (project.root / BODY).read_text() == theirs


@pytest.mark.parametrize("what", ["text", "file", "case"])
def test_a_file_that_changed_before_the_first_edit_and_was_not_read_again_is_a_conflict(
    project: Any, what: str
) -> None:
    path = BODY if what == "file" else ASK
    theirs = FILES[path] + "# Theirs.\n"
    bench = Workbench(WorkbenchOptions(directory=project.root, write=True))
    with closing(bench):
        bench.preview(TriedPrompt(id="ask"))
        bench.preview(TriedPrompt(id="write"))
        project.write({path: theirs})
        if what == "case":
            bench.keep("ask", NewCaseFields(name="how", inputs={"question": "How?"}))
        else:
            name = "write" if what == "file" else "ask"
            was = bench.prompt(name).texts[0].text
            bench.edit(TriedPrompt(id=name, at=SYSTEM), "Hi!\n", was)

        with pytest.raises(Conflicts) as raised:
            bench.save(bench.change().state)

    (conflict,) = raised.value.files
    assert (conflict.path, conflict.disk) == (path, theirs)
    assert (project.root / path).read_text() == theirs


@pytest.mark.parametrize("what", ["gone", "link", "folder", "binary", "same"])
def test_what_is_in_the_place_of_the_file_decides(writer: Client, project: Any, what: str) -> None:
    edit(writer)
    state = writer.state
    file = project.root / BODY
    outside = project.root.parent / "outside"
    outside.write_text(FILES[BODY])
    file.unlink()
    if what == "link":
        file.symlink_to(outside)
    elif what == "folder":
        file.mkdir()
    elif what in ("binary", "same"):
        file.write_bytes(b"\xff" if what == "binary" else b"Hi!\n")

    got = writer.request("POST", "/api/save", json.dumps({"state": state}))

    assert got.status == (200 if what == "same" else 409)
    if what != "same":
        assert got.json["files"] == [{"path": BODY, "disk": None, "edited": "Hi!\n"}]
        assert (project.root / ASK).read_text() == FILES[ASK]
    assert outside.read_text() == FILES[BODY]


def test_a_folder_that_became_a_link_is_not_followed(writer: Client, project: Any) -> None:
    edit(writer)
    state = writer.state
    (project.root / "prompts").rename(project.root.parent / "elsewhere")
    (project.root / "prompts").symlink_to(project.root.parent / "elsewhere")

    got = writer.request("POST", "/api/save", json.dumps({"state": state}))

    assert got.status in (400, 409)
    assert (project.root.parent / "elsewhere/ask.prompt.yaml").read_text() == FILES[ASK]


def test_a_prompt_behind_a_link_is_not_edited(writer: Client, project: Any) -> None:
    outside = project.root.parent / "outside"
    outside.write_text("Dear {{ name }}.\n")
    (project.root / BODY).unlink()
    (project.root / BODY).symlink_to(outside)

    was = writer.text("write", SYSTEM)

    refused = writer.refused("/api/edit", id="write", at=SYSTEM, text="x", was=was)

    assert refused == (403, "the file of this text can't be read", None)
    assert writer.get("/api/change")["files"] == []
    assert outside.read_text() == "Dear {{ name }}.\n"


def test_a_file_that_can_not_be_written_is_an_error_before_anything_is_written(
    writer: Client, project: Any
) -> None:
    name = "n" * (255 - len(".prompt.yaml"))  # no room for the name of a temporary file
    project.write({f"prompts/{name}.prompt.yaml": FILES[ASK]})
    edit(writer)
    writer.edit(id=name, at=SYSTEM, text="x")

    assert writer.refused("/api/save", state=writer.state) == (
        400,
        "can't be written: file name too long",
        None,
    )
    assert (project.root / ASK).read_text() == FILES[ASK]


@pytest.mark.parametrize("meanwhile", ["an edit", "a commit", "undone"])
def test_another_change_than_the_page_shows_is_not_saved(
    writer: Client, project: Any, meanwhile: str
) -> None:
    edit(writer)
    body = {"state": writer.state, "name": "a", "message": "b"}
    if meanwhile == "an edit":
        writer.edit(id="ask", at=SYSTEM, text="Another tab.\n")
    elif meanwhile == "a commit":
        project.git("commit", "--allow-empty", "--message", "theirs")
    else:
        writer.post("/api/revert", id="write")

    for path in ("save", "branch"):
        got = writer.request("POST", f"/api/{path}", json.dumps(body))
        assert (got.status, got.json["kind"], got.json["files"]) == (409, "state", [])
        assert got.json["errors"][0]["message"] == "your changes differ from what this page shows"
        validate("ui-conflicts", got.json)

    assert project.git("status", "--porcelain") == ""
    assert project.git("branch", "--list", "a") == ""
    assert writer.refused("/api/save") == (400, "`state` must be a string", None)


def test_a_text_that_was_edited_in_another_tab_is_not_overwritten(writer: Client) -> None:
    old = writer.get("/api/prompt?id=ask")["texts"][0]["text"]
    edited = {"id": "ask", "at": SYSTEM, "was": old}
    writer.edit(text="First.\n", **edited)

    got = writer.request("POST", "/api/edit", json.dumps({**edited, "text": "Second.\n"}))

    assert (got.status, got.json["kind"], got.json["text"]) == (409, "text", "First.\n")
    assert got.json["errors"][0]["message"] == "the text was changed meanwhile"
    validate("ui-conflicts", got.json)
    assert writer.get("/api/prompt?id=ask")["texts"][0]["text"] == "First.\n"
    writer.edit(text="First.\n", **edited)
    writer.edit(text="First\r\n.", **edited | {"was": "First.\n"})
    writer.edit(text="First\r\n.", **edited | {"was": "First.\n"})
    writer.edit(text="First", **edited | {"was": "First\r\n."})
    writer.edit(text="Second.\n", **edited | {"was": "First"})
    writer.edit(text="", **edited | {"was": "Second.\n"})
    got = writer.request("POST", "/api/edit", json.dumps({**edited, "text": "Third.\n"}))
    assert got.json["text"] == ""
    del edited["was"]
    missing = writer.refused("/api/edit", **edited, text="Third.\n")
    assert missing == (400, "`was` must be a string", None)


def test_a_change_names_the_branch_that_it_was_saved_to(writer: Client, project: Any) -> None:
    def saved() -> str | None:
        found: str | None = writer.get("/api/change")["saved"]
        return found

    edit(writer)
    assert saved() is None
    writer.branch("one", "One")
    assert saved() == "one"
    writer.edit(id="write", at=SYSTEM, text="Hello!\n")
    assert saved() is None
    writer.branch("two", "Two")
    assert saved() == "two"
    writer.edit(id="write", at=SYSTEM, text="Hi!\n")
    assert saved() == "one"
    project.git("branch", "--force", "one", "main")
    assert saved() is None


def everything(root: Path) -> dict[str, bytes]:
    """Index, HEAD, refs and all files, without the objects of git."""
    paths = (Path(folder, name) for folder, _, names in os.walk(root) for name in names)
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in paths
        if "/.git/objects/" not in str(path) and "friendlier" not in str(path)
    }


def test_a_branch_is_one_commit_and_the_checkout_stays_byte_for_byte(
    writer: Client, project: Any
) -> None:
    project.write({"prompts/other.md.j2": "Not committed.\n", "staged": "x\n"})
    project.git("add", "staged")
    project.git("remote", "add", "origin", "nowhere")
    edit(writer)
    before = everything(project.root)

    saved = writer.branch("friendlier", "Two lines are kinder")

    assert everything(project.root) == before
    assert saved == {
        "branch": "friendlier",
        "commit": project.git("rev-parse", "friendlier"),
        "next": "git push -u origin friendlier",
    }
    assert project.git("rev-parse", "friendlier~1") == project.git("rev-parse", "main")
    assert project.git("diff", "--name-only", "main", "friendlier").split() == [ASK, BODY]
    assert project.git("show", f"friendlier:{ASK}") + "\n" == EDITED
    assert project.git("log", "-1", "--format=%s", "friendlier") == "Two lines are kinder"
    assert len(writer.get("/api/change")["files"]) == 2
    again = writer.refused("/api/branch", state=writer.state, name="friendlier", message="again")
    assert again == (400, "there is a branch 'friendlier' already", "choose another name")


def test_without_edits_there_is_nothing_to_commit(writer: Client) -> None:
    refused = writer.refused("/api/branch", state=writer.state, name="a", message="b")

    assert refused == (400, "there are no edits to save", "edit a text, or keep a case")


SAVING_CHILD = """\
import os, signal, sys
from pathlib import Path
from promptops.commands.lint.live import Live
from promptops.commands.ui.editing import Edits, Reason
from promptops.commands.ui.saving import save_to_files

fatal, steps = int(sys.argv[2]), 0

def counted(event, arguments):
    global steps
    if event in ("open", "os.rename", "os.remove", "os.chmod", "os.listdir"):
        steps += 1
        if steps == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

live = Live(Path(sys.argv[1]))
edits = Edits(live)
for path in sys.argv[3:]:
    data = Path(sys.argv[1], path).read_bytes()
    edits.put(path, data + b"# edited\\n", Reason(prompt="ask"))
if fatal >= 0:
    sys.addaudithook(counted)
save_to_files(edits, live.root)
print(steps)
"""


def saved_by_child(root: Path, fatal: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SAVING_CHILD, str(root), str(fatal), ASK, BODY],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_server_that_is_killed_while_it_saves_leaves_each_file_old_or_new(
    project: Any, tmp_path: Path
) -> None:
    whole = project.copied_to(tmp_path / "whole")
    steps = int(saved_by_child(whole.root, 0).stdout)
    assert steps > 4
    seen = set()

    for step in range(1, steps + 1):
        copy = project.copied_to(tmp_path / f"killed-{step}")
        assert saved_by_child(copy.root, step).returncode == -signal.SIGKILL
        found = tuple((copy.root / path).read_text() for path in (ASK, BODY))
        sides = [(FILES[path], FILES[path] + "# edited\n") for path in (ASK, BODY)]
        assert all(text in side for text, side in zip(found, sides, strict=True))
        seen.add(tuple(text.endswith("# edited\n") for text in found))

    assert seen >= {(False, False), (True, False)}


@pytest.mark.parametrize("what", ["prompt", "reference"])
def test_an_edit_that_its_prompt_can_not_reach_any_more_can_be_undone(
    writer: Client, project: Any, what: str
) -> None:
    path = "prompts/write.prompt.yaml"
    writer.edit(id="write", at=SYSTEM, text="Hi!\n")
    if what == "prompt":
        (project.root / path).unlink()
    else:
        project.write({path: FILES[path].replace("{file: ./letter.md.j2}", "Hello.")})

    undone = writer.request("POST", "/api/revert", json.dumps({"id": "write"}))

    assert undone.status == (404 if what == "prompt" else 200)
    if what == "prompt":
        message = "there is no prompt 'write': its edits are undone"
        assert undone.json["errors"][0]["message"] == message
    assert writer.get("/api/change")["files"] == []


def test_the_branches_and_tags_to_compare_with_are_the_newest_first(
    writer: Client, project: Any
) -> None:
    project.git("tag", "ask/v1.0.0")
    project.git("switch", "--quiet", "--create", "other")
    project.write({BODY: "Hello.\n"})
    project.commit("newer")

    assert writer.get("/api/session")["revisions"] == ["other", "main", "ask/v1.0.0"]
