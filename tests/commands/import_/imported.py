"""An import in a repository, as tests read its result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from promptops.commands.import_.importing import import_prompts
from promptops.commands.import_.planning import ImportOptions
from promptops.formats.source_file import ReadOptions
from promptops.model.imported import Import
from promptops.runtime.request.render import Renderer
from promptops.workspace.render import readable_prompt
from promptops.workspace.workspace import workspace


def imported(root: Path, *sources: str, **options: Any) -> Import:
    """The result for sources below the root, which is the current directory."""
    reading = {name: options.pop(name) for name in ("syntax", "role", "sample") if name in options}
    with workspace(root) as opened:
        chosen = ImportOptions(reading=ReadOptions(**reading), **options)
        return import_prompts(opened, sources, chosen)


def states(result: Import) -> list[str]:
    """Such as `written support/triage`."""
    return [f"{prompt.state} {prompt.id}" for prompt in result.prompts]


def severe(result: Import) -> list[str]:
    """The findings that are not notes: `old/a.txt:1 IMP002 the file is not UTF-8`."""
    return [
        f"{found.place.path}:{found.place.line} {found.code} {found.message}"
        for found in result.findings
        if str(found.severity) != "info"
    ]


def codes(result: Import) -> list[str]:
    """The codes of all findings, each once, sorted."""
    return sorted({found.code for found in result.findings})


def rendered(root: Path, path: str, **inputs: object) -> list[str]:
    """The texts of the messages of a prompt file."""
    with workspace(root) as opened:
        prompt = readable_prompt(opened, path)
        renderer = Renderer(prompt, opened.catalog.load)
        return [str(message["content"]) for message in renderer.request(inputs).messages]
