"""One prompt resolved."""

from __future__ import annotations

from typing import Any

from promptops.jobs.workspace.file_shape import file_shape
from promptops.jobs.workspace.listing import unreadable
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.prompt import Model


def shown(workspace: Workspace, path: str) -> dict[str, Any]:
    """What `show` prints, in the shape of `schemas/show.schema.json`.

    Raises InputError for a file that is not a prompt.
    """
    loaded = workspace.catalog.loaded(path)
    prompt = loaded.prompt
    if prompt is None:
        raise unreadable(loaded)
    return {
        "schema": 2,
        "revision": workspace.catalog.revision,
        "id": prompt.id,
        "path": prompt.path,
        "extends": prompt.extends,
        "model": _model(prompt.model),
        "prompt": file_shape(prompt, workspace.config),
    }


def _model(model: Model) -> dict[str, str | None]:
    """What is called, whichever file names it."""
    return {"profile": model.profile, "provider": model.provider, "id": model.id}
