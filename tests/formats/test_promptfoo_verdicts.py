"""Imported tests have the verdicts that promptfoo itself has, and so have exported ones.

`scripts/record_promptfoo.py` records what promptfoo does.
"""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from hashlib import sha256
from pathlib import Path

import pytest

from promptops.commands.export import ExportOptions, export_prompts
from promptops.commands.import_.importing import import_prompts
from promptops.commands.import_.planning import ImportOptions
from promptops.evals.conversations import Conversation, case_of_turn
from promptops.evals.judge_answer import judge_answer, record_of_answer, status_of
from promptops.formats.source_file import ReadOptions
from promptops.model.answer import Answer
from promptops.runtime.request.render import Renderer
from promptops.workspace.workspace import workspace

HERE = Path(__file__).parent
RECORDED = json.loads((HERE / "promptfoo_verdicts.json").read_text("utf-8"))
AGAIN = "record the verdicts again: scripts/record_promptfoo.py"
PROMPTS = ("summary", "support", "translate", "review", "dialogue")


@pytest.fixture(scope="module")
def imported(tmp_path_factory, _empty_repository):
    root = Path(shutil.copytree(_empty_repository, tmp_path_factory.mktemp("project") / "repo"))
    shutil.copytree(HERE / "promptfoo_project", root / "old")
    with pytest.MonkeyPatch.context() as patch, workspace(root) as opened:
        patch.chdir(root)
        result = import_prompts(opened, ["old"], ImportOptions(reading=ReadOptions()))
    assert tuple(prompt.id for prompt in result.prompts) == PROMPTS
    return root


def test_requests_and_verdicts_are_those_of_promptfoo(imported):
    wanted = defaultdict(list)
    for row in RECORDED["project"]:
        messages = [(role, _spaced(text)) for role, text in row["messages"]]
        wanted[row["prompt"]].append((messages, row["passed"]))

    with workspace(imported) as opened:
        found = {name: list(_verdicts(opened.catalog, name)) for name in PROMPTS}

    assert found == wanted


def test_exported_tests_have_the_same_verdicts_in_promptfoo(imported, tmp_path):
    result = _export(imported, "promptfoo", PROMPTS, tmp_path)

    wanted = defaultdict(list)
    for row in RECORDED["project"]:
        wanted[row["prompt"]].append(row["passed"])
    found = {name: one["passed"] for name, one in RECORDED["functions"]["prompts"].items()}
    assert result.findings == ()
    assert _digests(tmp_path) == RECORDED["functions"]["files"], AGAIN
    assert found == wanted


def test_exported_templates_render_the_same_in_promptfoo(imported, tmp_path):
    recorded = RECORDED["templates"]
    result = _export(imported, "promptfoo-templates", tuple(recorded["prompts"]), tmp_path)

    wanted = defaultdict(list)
    for row in RECORDED["project"]:
        wanted[row["prompt"]].append(row["messages"])
    found = {name: one["messages"] for name, one in recorded["prompts"].items()}
    assert {finding.code for finding in result.findings} == {"EXP106"}
    assert _digests(tmp_path) == recorded["files"], AGAIN
    assert found == {name: wanted[name] for name in found}


def test_conversations_have_the_same_requests_and_verdicts_in_promptfoo(repo, tmp_path):
    text = (HERE / "promptfoo_conversations.prompt.yaml").read_text("utf-8")
    repo.write({"promptops.toml": 'prompts = ["prompts"]\n', "prompts/desk.prompt.yaml": text})
    repo.commit("conversations")

    out = tmp_path / "out"
    result = _export(repo.root, "promptfoo", ("desk",), out)

    recorded = RECORDED["conversations"]
    with workspace(repo.root) as opened:
        found = list(_conversation_rows(opened.catalog, iter(recorded["tests"])))
    assert [(each.code, each.place.line) for each in result.findings] == [
        ("EXP106", 25),
        ("EXP114", 38),
    ]
    assert _digests(out) == recorded["files"], AGAIN
    assert [row["passed"] for row in recorded["tests"]] == [True, True, False, True, True, True]
    assert found == recorded["tests"]


def _conversation_rows(catalog, recorded):
    """What each turn sends, and whether the answer that promptfoo got passes."""
    prompt = catalog.loaded("prompts/desk.prompt.yaml").prompt
    renderer = Renderer(prompt, catalog.load)
    for case in prompt.cases[:-1]:
        request = renderer.request(case.inputs)
        conversation = Conversation(request, case.turns)
        while case.turns and conversation.next() is not None:
            conversation.answer(Answer(text=next(recorded)["answer"]))
        for turn in conversation.turns:
            own = case_of_turn(case, turn)
            yield _row(turn.request, turn.answer, own, prompt)
        if not case.turns:
            yield _row(request, Answer(text=next(recorded)["answer"]), case, prompt)


def _row(request, answer, case, prompt):
    judged = judge_answer(record_of_answer(answer, request, case, prompt), case, prompt)
    return {
        "prompt": "desk",
        "messages": [[one["role"], one["content"]] for one in request.messages],
        "answer": answer.text,
        "passed": status_of(judged) == "passed",
    }


def _export(root, name, prompts, to):
    with workspace(root) as opened:
        return export_prompts(opened, ExportOptions(format=name, patterns=prompts, to=to))


def _digests(folder):
    return {file.name: sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def _verdicts(catalog, name):
    """The messages of each case, and whether the recorded answer passes."""
    prompt = catalog.loaded(f"prompts/{name}.prompt.yaml").prompt
    renderer = Renderer(prompt, catalog.load)
    rows = [row for row in RECORDED["project"] if row["prompt"] == name]
    for case, row in zip(prompt.cases, rows, strict=True):
        request = renderer.request(case.inputs)
        record = record_of_answer(Answer(text=row["answer"]), request, case, prompt)
        status = status_of(judge_answer(record, case, prompt))
        messages = [(one["role"], one["content"].strip()) for one in request.messages]
        yield messages, status == "passed"


def _spaced(text):
    """A list in JSON with blanks between its items, as `json` writes it: IMP213."""
    return text.replace('","', '", "').replace('.","', '.", "')
