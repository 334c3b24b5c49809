"""Imported prompts render what the tools of their sources render.

`references/NAME.reference.json` holds what the tool rendered; see scripts/record_references.py.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from promptops.commands.import_.importing import import_prompts
from promptops.commands.import_.planning import ImportOptions
from promptops.formats.source_file import ReadOptions
from promptops.runtime.request.render import Renderer, RenderError
from promptops.workspace.workspace import workspace

REFERENCES = Path(__file__).parent / "references"
NAMES = sorted(path.name.split(".")[0] for path in REFERENCES.glob("*.reference.json"))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_imported_renders_as_its_own_tool_renders_it(name, repo, monkeypatch):
    """`NAME.differences.txt` names each difference with the losses that report it."""
    shutil.copytree(REFERENCES / name, repo.root / name)
    monkeypatch.chdir(repo.root)
    cases = json.loads((REFERENCES / f"{name}.cases.json").read_text("utf-8"))
    recorded = json.loads((REFERENCES / f"{name}.reference.json").read_text("utf-8"))

    found = "".join(_differences(repo.root, name, cases, recorded["prompts"]))

    golden = REFERENCES / f"{name}.differences.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(found, "utf-8")
        pytest.fail(f"wrote {golden}")
    assert found == golden.read_text("utf-8")
    unexplained = [line for line in found.splitlines() if line.endswith(": no loss")]
    assert unexplained == []


def _differences(root, name, cases, recorded):
    with workspace(root) as opened:
        reading = ReadOptions(syntax=cases["syntax"], sample=_sample(cases["cases"]))
        report = import_prompts(opened, [name], ImportOptions(reading=reading))
    with workspace(root) as opened:
        catalog = opened.catalog
        for identity, assignments in recorded.items():
            own = identity.removeprefix("prompts/")
            prompt = next((one for one in report.prompts if one.id == own), None)
            if prompt is None or prompt.state == "refused":
                yield f"{identity}: not imported: {_codes(report, own, 'error')}\n"
                continue
            loaded = catalog.loaded(prompt.path).prompt
            renderer = Renderer(loaded, catalog.load)
            for title, tried in assignments.items():
                difference = _difference(renderer, loaded, tried)
                if difference is not None:
                    losses = _codes(report, own, "warning")
                    why = f": {losses or 'no loss'}" if difference[:2] != "((" else ""
                    yield f"{identity}, {title}: {difference}{why}\n"


def _sample(cases):
    """The example inputs that are more than a text; those would decide against numbers."""
    return {
        name: value
        for case in cases
        for name, value in case["inputs"].items()
        if isinstance(value, dict | list | bool)
    }


def _difference(renderer, prompt, tried):
    """None for the same messages; else the first difference, or why there is nothing to compare."""
    if "error" in tried:
        return "((the tool can't render it))"
    names = {
        schema["x-aliases"][0]: name
        for name, schema in prompt.inputs.get("properties", {}).items()
        if "x-aliases" in schema
    }
    inputs = {names.get(name, name): value for name, value in tried["inputs"].items()}
    known = prompt.inputs.get("properties", {})
    try:
        rendered = renderer.messages({k: v for k, v in inputs.items() if k in known})[1]
    except RenderError as error:
        return f"((refused: {error}))" if error.inputs else f"not rendered: {error}"
    ours = [(one["role"], str(one["content"]).strip()) for one in rendered]
    theirs = [(one["role"], one["content"].strip()) for one in tried["messages"]]
    theirs = [message for message in theirs if message[1]]
    ours = [message for message in ours if message[1]]
    if ours == theirs:
        return None
    pairs = zip(ours, theirs, strict=False)
    first = next((pair for pair in pairs if pair[0] != pair[1]), (len(ours), len(theirs)))
    return f"{_beginning(*first)} is not {_beginning(*reversed(first))}"


def _beginning(one, other):
    """What differs in two messages, from the first character on."""
    if isinstance(one, int) or one[0] != other[0]:
        return repr(one)
    pairs = enumerate(zip(one[1], other[1], strict=False))
    at = next((index for index, (ours, theirs) in pairs if ours != theirs), len(other[1]))
    return repr(one[1][max(0, at - 10) : at + 30])


def _codes(report, identity, severity):
    found = {one.code for one in report.findings if one.prompt == identity}
    return " ".join(sorted(found)) if severity == "error" else " ".join(sorted(found & EXPLAINING))


EXPLAINING = frozenset(
    ("IMP210", "IMP211", "IMP213", "IMP218", "IMP224", "IMP231", "IMP232", "IMP233", "IMP103")
)
"""The losses that report a difference in what is rendered."""
