"""Open the arms: where the answers of each one are, and who answers."""

from __future__ import annotations

from collections.abc import Mapping

from promptops.catalog.files import Files
from promptops.jobs.comparing.alternatives import Alternative, Alternatives, arms_of
from promptops.jobs.comparing.arm_run import ArmRun
from promptops.jobs.recordings.roots import RecordingsAside, arm_folder, refuse_prompt_root
from promptops.jobs.recordings.store import AnswerCache, Store
from promptops.jobs.testing.answering import Answering, Mode
from promptops.jobs.testing.arm import Arm
from promptops.jobs.testing.model_calls import ModelCalls
from promptops.jobs.workspace.workspace import Workspace


def open_arms(
    workspace: Workspace, found: Alternatives, calls: ModelCalls, mode: Mode
) -> list[ArmRun]:
    """The arms, the reference first; raises UsageError if their recordings have no folder."""
    refuse_prompt_root("compare", workspace.config)
    repository, root = workspace.repository, workspace.config.compare.recordings
    files = Files(repository.tree(workspace.revision, under=(root,)))
    # Answers that only this machine has must not make an arm complete here and stale elsewhere.
    cache = AnswerCache(repository.common_dir) if mode == "record" else None
    arms: list[ArmRun] = []
    for alternative in arms_of(found):
        catalog, ids = alternative.catalog, prompt_paths(alternative, found)
        aside = RecordingsAside(arm_folder(root, alternative.name), files, ids)
        store = Store(catalog, cache, aside, found.head)
        answering = Answering(catalog, store, mode, repository=repository, calls=calls)
        arm = Arm(
            alternative.name,
            catalog,
            found.head,
            opinions=answering,
            store=store,
            ids=alternative.ids,
            reference=arms[0].arm if arms else None,
        )
        arms.append(ArmRun(name=alternative.name, arm=arm, answering=answering, catalog=catalog))
    return arms


def prompt_paths(alternative: Alternative, found: Alternatives) -> Mapping[str, str]:
    """From the prompt files of an arm to the ids of the reference's prompts."""
    paths = alternative.catalog.paths
    ids: dict[str, str] = {}
    for loaded in found.loaded:
        aliases = loaded.prompt.aliases if loaded.prompt is not None else ()
        names = (alternative.ids.get(loaded.id, loaded.id), *aliases)
        path = next((paths[name] for name in names if name in paths), None)
        if path is not None:
            ids[path] = loaded.id
    return ids
