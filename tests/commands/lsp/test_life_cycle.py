"""A session with an editor, from the start of the server to its end."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.commands.lsp.editor import Editor, editor, session
from tests.conftest import GitRepository
from tests.servers.answers import Answer
from tests.servers.fault_server import fault_server
from tests.servers.plans import always
from tests.servers.streams import chunk

PATH = "prompts/ask.prompt.yaml"
PROMPT = """\
format: promptops/1
description: Answers one question.
owners: ["@acme/ai"]
inputs:
  required: [ticket]
  properties:
    ticket: {type: string, maxLength: 100}
messages:
  - role: user
    content: |
      Say 😀 {{ tikcet }} for {{ ticket }}.
      {% include "partials/tone.md.j2" %}
tests:
  - name: one
    inputs: {ticket: t}
    rendered:
      - {type: contains, value: Say}
"""
PARTIAL = "prompts/partials/tone.md.j2"
WRONG = "10:16 VAR001"
OUT_OF_STEP = "0:0 None"


def test_findings_follow_what_the_editor_and_others_change(repo: GitRepository) -> None:
    repo.write({PATH: PROMPT, PARTIAL: "Be kind.\n"})
    repo.commit("one")

    async def run() -> None:
        async with editor(repo.root) as user:
            await _edited(user)
            await _changed_state_of_a_case(user)
            await _changed_outside(user, repo)
            await _changed_below_an_open_text(user, repo)
            await _out_of_order(user)
            await _elsewhere(user, repo)

    session(run())


async def _edited(user: Editor) -> None:
    user.open(PATH, PROMPT)
    await user.answered()
    assert user.registered == ["workspace/didChangeWatchedFiles"]
    assert user.shown(PATH) == [WRONG]
    user.edit(PATH, (10, 16), (10, 22), "ticket")
    await user.answered()
    assert user.shown(PATH) == []
    assert user.published[user.uri(PATH)].version == 2
    user.edit(PATH, (6, 12), (6, 13), "")
    await user.answered()
    assert user.shown(PATH) == ["6:16 SCH001"]
    user.replace(PATH, PROMPT)
    await user.answered()
    assert user.shown(PATH) == [WRONG]


async def _changed_state_of_a_case(user: Editor) -> None:
    """After the check, the editor requests the code lenses again."""
    asked = PROMPT.replace("tikcet", "ticket").replace("value: Say}", "value: never}")
    asked += "    output:\n      - {type: contains, value: kind}\n"
    user.replace(PATH, asked)
    await user.until(PATH, ["16:8 TST012"])
    assert user.refreshes == 0
    user.replace(PATH, asked.replace("{{ ticket }}", "{{ tikcet }}", 1))
    await user.when(lambda: user.refreshes == 1, lambda: f"{user.refreshes} refreshes")
    user.replace(PATH, PROMPT)
    await user.until(PATH, [WRONG])


async def _changed_outside(user: Editor, repo: GitRepository) -> None:
    repo.write({"promptops.toml": '[lint]\nignore = ["VAR001"]\n'})
    user.changed_outside()
    await user.until(PATH, [])
    repo.write({"promptops.toml": "[lint]\nignroe = []\n"})
    user.changed_outside()
    await user.until("promptops.toml", ["1:0 None"])
    repo.write({"promptops.toml": ""})
    user.changed_outside()
    await user.until("promptops.toml", [])
    await user.until(PATH, [WRONG])
    user.open(PARTIAL, "Be kind.\n")
    user.replace(PARTIAL, "Be {{ kind }}.\n")
    await user.until(PARTIAL, ["0:6 VAR001"])


async def _changed_below_an_open_text(user: Editor, repo: GitRepository) -> None:
    """As after `git switch`, in an editor that does not read the file again at once."""
    user.close(PARTIAL)
    repo.write({PATH: f"# a new line\n{PROMPT}"})
    (repo.root / PARTIAL).unlink()
    user.changed_outside()
    await user.until(PATH, [WRONG, "11:18 TPL003"])
    user.replace(PATH, f"# a new line\n{PROMPT}")
    await user.answered()
    assert user.shown(PATH) == ["11:16 VAR001", "12:18 TPL003"]
    repo.write({PATH: PROMPT, PARTIAL: "Be kind.\n"})
    user.replace(PATH, PROMPT)
    user.changed_outside()
    await user.until(PATH, [WRONG])
    user.open(PARTIAL, "Be kind.\n")


async def _out_of_order(user: Editor) -> None:
    user.edit(PATH, (10, 16), (10, 22), "ticket", version=1)
    await user.answered()
    assert user.shown(PATH) == [OUT_OF_STEP]
    assert await user.actions(PATH) is None
    user.save(PATH, PROMPT)
    await user.answered()
    assert user.shown(PATH) == [WRONG]
    user.close(PATH)
    user.edit(PATH, (0, 0), (0, 0), "x")
    await user.answered()
    assert user.shown(PATH) == []
    assert user.log[-1] == f"{user.uri(PATH)}: changed, but it is not open"


async def _elsewhere(user: Editor, repo: GitRepository) -> None:
    """In no repository, in git's directory, and outside of the roots."""
    repo.git("worktree", "add", "--quiet", "../linked")
    for path, shown in {
        "../ask.prompt.yaml": ["0:0 None"],
        ".git/ask.prompt.yaml": ["0:0 None"],
        "other/ask.prompt.yaml": ["0:0 None"],
        f"../linked/{PATH}": [WRONG],
    }.items():
        user.open(path, PROMPT)
        await user.answered()
        assert user.shown(path) == shown, path
        user.close(path)
    user.close(PARTIAL)
    user.client.workspace_did_change_workspace_folders(
        types.DidChangeWorkspaceFoldersParams(
            event=types.WorkspaceFoldersChangeEvent(added=[], removed=[])
        )
    )
    user.open(PATH, PROMPT)
    await user.answered()
    assert user.shown(PATH) == [WRONG]
    assert [line for line in user.log if "error" in line] == []


@pytest.mark.parametrize("trusted", [True, False])
def test_only_a_trusted_server_runs_programs_of_git_and_none_changes_a_file(
    repo: GitRepository, tmp_path: Path, trusted: bool
) -> None:
    ran = tmp_path / "ran"
    prompt = f"{PROMPT}    output: [{{type: python, value: 'checks.py:check'}}]\n"
    repo.write({PATH: prompt, "checks.py": f"open({str(ran)!r}, 'w')\n", PARTIAL: "Hello.\n"})
    repo.commit("one")
    repo.git("config", "core.fsmonitor", f"touch {ran} #")
    repo.git("config", "filter.any.clean", f"touch {ran}; cat")
    repo.write({".gitattributes": "* filter=any\n", PARTIAL: "Bye.\n"})
    before = _contents(repo.root)

    async def run() -> None:
        async with editor(repo.root, ["utf-16", "utf-32"], {"trusted": trusted}) as user:
            user.open(PATH, prompt)
            await user.until(PATH, ["10:15 VAR001", "17:36 TST009"])
            user.save(PATH, prompt.replace("tikcet", "ticket"))
            await user.until(PATH, ["17:36 TST009"])
            await user.actions(PATH)

    session(run())

    assert ran.exists() == trusted
    assert _contents(repo.root) == before


def _contents(root: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in root.rglob("*") if file.is_file()}


@pytest.mark.parametrize("options", [None, {"previews": True}])
def test_the_server_shows_results_for_an_editor_that_does_not(
    repo: GitRepository, options: dict[str, bool] | None
) -> None:
    prompt = PROMPT.replace("tikcet", "ticket")
    repo.write({PATH: prompt, PARTIAL: "Be kind.\n"})
    found: list[Any] = []

    async def run() -> None:
        async with editor(repo.root, options=options) as user:
            user.open(PATH, prompt)
            previewed = await user.command("promptops.preview", uri=user.uri(PARTIAL))
            replayed = await user.command("promptops.runCases", uri=user.uri(PATH), cases=["one"])
            symbols = await user.client.workspace_symbol_async(types.WorkspaceSymbolParams("as"))
            found.extend([previewed["prompt"], replayed["cases"][0]["status"], user.messages])
            found.extend([each.name, each.location.uri == user.uri(PATH)] for each in symbols)

    session(run())

    shown = [
        "user:\nSay 😀 t for t.\nBe kind.\n\n10 tokens",
        "pass: 1 case, 1 assertion",
    ]
    assert found == ["ask", "passed", [] if options else shown, ["ask", True]]


MODEL = """\
[models.fast]
provider = "openai"
id = "fast-1"
base_url = "{}"
price = {{input = 1000.0, output = 2000.0}}
max_output_tokens = 50
"""
TALK = """\
format: promptops/1
description: Say it.
model: {profile: fast}
messages:
  - {role: user, content: "Say it."}
"""


def test_a_model_answers_in_pieces_only_where_its_endpoint_is_approved(repo: GitRepository) -> None:
    found: list[Any] = []

    async def run(base_url: str) -> None:
        async with editor(repo.root, options={"previews": True}) as user:
            user.open(PATH, TALK.replace("it.", "that."))
            answer = partial(user.command, "promptops.answer", uri=user.uri(PATH))
            found.append((await answer())["answers"][0]["text"])
            found.append("".join(user.texts))
            other = MODEL.format(base_url.replace("127.0.0.1", "localhost"))
            user.open("promptops.toml", other)
            with pytest.raises(JsonRpcException, match="has no such endpoint"):
                await answer()
            user.close("promptops.toml")
            repo.write({"promptops.toml": other})
            user.changed_outside()
            with pytest.raises(JsonRpcException, match="has no such endpoint"):
                await answer()

    with fault_server() as server:
        repo.write({PATH: TALK, "promptops.toml": MODEL.format(server.base_url)})
        repo.commit("one")
        session(run(server.base_url))

    assert found == ["Say that.", "Say that."]


def test_an_answer_is_stopped_with_what_has_arrived(repo: GitRepository) -> None:
    found: list[Any] = []

    async def run() -> None:
        async with editor(repo.root, options={"previews": True}) as user:
            user.open(PATH, TALK)
            answering = asyncio.create_task(user.command("promptops.answer", uri=user.uri(PATH)))
            while not user.texts:
                await user.answered()
            await user.command("promptops.stopAnswer")
            stopped = await answering
            (got,) = stopped["answers"]
            found.append((stopped["interrupted"], got["text"], got["problem"]))

    with fault_server(always(Answer(stream=[chunk({"content": "Say "}), Event()]))) as server:
        repo.write({PATH: TALK, "promptops.toml": MODEL.format(server.base_url)})
        repo.commit("one")
        session(run())

    assert found == [(True, "Say ", "interrupted")]
