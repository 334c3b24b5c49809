"""Attack prompts with packaged probes, within the policy."""

from __future__ import annotations

from promptops.catalog.catalog import Catalog
from promptops.jobs.probing.attack_run import AttackRun
from promptops.jobs.probing.options import ProbeOptions
from promptops.jobs.recordings.roots import refuse_prompt_root
from promptops.jobs.testing.runner import within_policy
from promptops.jobs.workspace.selection import Selected, SelectionOptions, select
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.probe_run import ProbeRun
from promptops.records import replace


def probe(workspace: Workspace, wanted: SelectionOptions, options: ProbeOptions) -> ProbeRun:
    """Attack the selected prompts.

    Raises UsageError for a name without a match, an endpoint that is not approved, or a missing key
    or package; InputError if recordings can't be written.
    """
    run = within_policy(workspace, wanted, options.run)
    run = replace(run, prune=run.prune and options.everything)
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
    refuse_prompt_root("probe", workspace.config)
    return AttackRun(workspace, selected, options, policy).run()
