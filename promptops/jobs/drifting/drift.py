"""Check a release against the model of today."""

from __future__ import annotations

from promptops.jobs.drifting.options import DriftOptions
from promptops.jobs.workspace.selection import SelectionOptions
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.night import Drift


def drift(workspace: Workspace, wanted: SelectionOptions, options: DriftOptions) -> Drift:
    """Answer the cases of the release with the model of today, and decide.

    Raises UsageError for a name without a match, an unknown release, an endpoint that is not
    approved, or a missing key; InputError if a history file can't be read or written.
    """
    raise NotImplementedError
