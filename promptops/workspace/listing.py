"""The list of prompts of a catalog."""

from __future__ import annotations

import hashlib
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.catalog.misnamed_prompts import unread_prompts
from promptops.errors import InputError, PromptopsError
from promptops.model.internal_error import CODE
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Place, Text
from promptops.model.prompt import Prompt
from promptops.records import fields, is_record
from promptops.workspace.selection import Selected
from promptops.workspace.workspace import Workspace


def prompt_listing(workspace: Workspace, selected: Selected) -> dict[str, Any]:
    """The output of `list`, as `schemas/list.schema.json` describes it, ordered by id."""
    catalog = workspace.catalog
    entries = [_entry(catalog, loaded) for loaded in catalog.prompts(selected.why)]
    return {
        "schema": 1,
        "revision": catalog.revision,
        "prompts": sorted(entries, key=lambda entry: str(entry["id"])),
    }


def unread_files(workspace: Workspace) -> tuple[tuple[str, str], ...]:
    """Files that look like prompts but are not read, with the command that fixes each."""
    catalog = workspace.catalog
    found = unread_prompts(catalog, catalog.files.entries)
    return tuple((one.path, one.command) for one in found)


def _entry(catalog: Catalog, loaded: LoadedPrompt) -> dict[str, Any]:
    prompt = loaded.prompt
    return {
        "id": loaded.id,
        "path": loaded.path,
        "status": prompt.status if prompt else "draft",
        "tags": list(prompt.tags) if prompt else [],
        "owners": list(prompt.owners) if prompt else [],
        "model": _model(prompt) if prompt else None,
        "cases": len(prompt.cases) if prompt else 0,
        "digest": content_digest(catalog, prompt) if prompt else None,
        "includes": sorted(text.path for text in catalog.reached(prompt)) if prompt else [],
    }


def _model(prompt: Prompt) -> str | None:
    return prompt.model.profile or prompt.model.id


def content_digest(catalog: Catalog, prompt: Prompt) -> str:
    """SHA-256 over path and content id of a prompt file and its dependencies, without cases."""
    loaded = catalog.loaded(prompt.path)
    paths = {prompt.path, *(r.target for r in loaded.references if r.kind != "cases")}
    paths |= {text.path for text in catalog.reached(prompt)}
    lines = "".join(f"{path}\0{catalog.files.blob(path) or ''}\n" for path in sorted(paths))
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()


def unreadable_error(loaded: LoadedPrompt) -> PromptopsError:
    """The error for a prompt file that can't be read."""
    problem = loaded.problems[0]
    if problem.code == CODE:
        return PromptopsError(problem.message, where=loaded.path, hint=problem.hint)
    where = str(problem.at) if isinstance(problem.at, Place) else loaded.path
    hint = problem.hint or f"`promptops lint {loaded.id}` reports all problems"
    return InputError(problem.message, where=where, hint=hint)


def plain_value(value: Any) -> Any:
    """Convert records to plain values: without source places, and without unset fields."""
    if isinstance(value, Text):
        return value.value
    if is_record(value) and not isinstance(value, type):
        names = [field.name for field in fields(value) if field.name not in ("locate", "at")]
        plain = {name: plain_value(getattr(value, name)) for name in names}
        return {name: item for name, item in plain.items() if item not in (None, (), [], {}, "")}
    if isinstance(value, dict):
        return {key: plain_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(item) for item in value]
    return value
