"""Every packaged probe on every untrusted input of a catalog, rendered: the number of requests.

python3 expand_probes.py
"""

from pathlib import Path

from promptops.commands.probe.attacks import attacked, selection
from promptops.evals.probe_library import rules_of
from promptops.records import replace
from promptops.testing.plan import plan_cases
from promptops.workspace.workspace import workspace

with workspace(Path()) as opened:
    catalog = opened.catalog
    chosen = selection((), "all", moderated=False)
    loaded = [
        replace(each, prompt=attacked(each.prompt, rules_of(each.prompt), chosen).prompt)
        for each in catalog.prompts()
        if each.prompt is not None
    ]
    attacks = list(plan_cases(catalog, loaded))
print(f"{len(loaded)} prompts, {sum(not attack.error for attack in attacks)} attacks")
