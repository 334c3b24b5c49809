"""Attack prompts with packaged probes, within the policy."""

from __future__ import annotations

from promptops.catalog.catalog import Catalog
from promptops.errors import UsageError
from promptops.jobs.probing.attack_run import AttackRun
from promptops.jobs.probing.options import ProbeOptions
from promptops.jobs.testing.runner import within_policy
from promptops.jobs.workspace.selection import Selected, SelectionOptions, select
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.config import Config
from promptops.model.probe_run import ProbeRun
from promptops.records import replace
from promptops.source.paths import overlapping


def probe(workspace: Workspace, wanted: SelectionOptions, options: ProbeOptions) -> ProbeRun:
    """Attack the selected prompts.

    Raises UsageError for a name without a match, an endpoint that is not approved, or a missing key
    or package; InputError if recordings can't be written.
    """
    run = within_policy(workspace, wanted, options.run)
    selected = select(workspace, wanted)
    return probe_selected(workspace, selected, replace(options, run=run))


def probe_selected(
    workspace: Workspace,
    selected: Selected,
    options: ProbeOptions,
    policy: Catalog | None = None,
) -> ProbeRun:
    """Attack prompts that were selected before.

    Args:
        policy: The catalog whose `evaluation.probes` apply to the prompts that it has, too.
    """
    _refuse_prompt_root(workspace.config)
    return AttackRun(workspace, selected, options, policy).run()


def _refuse_prompt_root(config: Config) -> None:
    """The default folder may be in a root, such as `.`; a configured one is checked when read."""
    folder = config.probe.recordings
    root = next((root for root in config.prompts if overlapping(folder, root)), None)
    if root is not None:
        raise UsageError(
            f"the folder of recordings, `{folder}`, is in the prompt root `{root}`",
            where=config.path,
            hint='name a folder outside of it: [probe] recordings = "…"',
        )
