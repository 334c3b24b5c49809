"""Recordings aside: the answers of other arms and to probes, in folders of their own.

`comparisons/strong/support/triage.recordings.jsonl` has the answers of the arm `strong` to the
cases of the prompt `support/triage`. They can't be in the file next to the prompt: an answer there
replaces the one with the same case, judge and repeat.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from promptops.catalog.files import Files
from promptops.catalog.prompt_ids import PROMPT_ENDINGS, without_ending
from promptops.errors import UsageError
from promptops.model.config import Config
from promptops.records import record
from promptops.source.paths import overlapping
from promptops.source.recording_files import ENDING, by_first


@record(frozen=True, slots=True, kw_only=True)
class RecordingRoots:
    """The folders of recordings.

    Attributes:
        prompts: Roots of prompts, whose recordings are next to their prompt files.
        comparisons: The folder with one folder for each arm; "" if unknown.
        probes: The folder of the answers to probes; "" if unknown.
    """

    prompts: tuple[str, ...] = ()
    comparisons: str = ""
    probes: str = ""

    def has_prompt(self, root: Path, file: str) -> bool:
        """Whether the prompt of a first file of recordings is in the work tree at `root`."""
        stem = file.removesuffix(ENDING)
        identity = self._id_aside(stem)
        stems = [stem] if identity is None else [_in_root(at, identity) for at in self.prompts]
        return any(
            (root / f"{found}{ending}").is_file() for found in stems for ending in PROMPT_ENDINGS
        )

    def are_aside(self, file: str) -> bool:
        """Whether a file of recordings is in one of the folders aside."""
        return self._id_aside(file) is not None

    def _id_aside(self, path: str) -> str | None:
        if self.comparisons and path.startswith(f"{self.comparisons}/"):
            return path.removeprefix(f"{self.comparisons}/").partition("/")[2]
        if self.probes and path.startswith(f"{self.probes}/"):
            return path.removeprefix(f"{self.probes}/")
        return None


def recording_roots(config: Config) -> RecordingRoots:
    """The folders that a configuration names."""
    return RecordingRoots(
        prompts=config.prompts,
        comparisons=config.compare.recordings,
        probes=config.probe.recordings,
    )


@record(frozen=True, slots=True)
class RecordingsAside:
    """The recordings of one arm.

    Attributes:
        folder: `comparisons/ARM`.
        files: A tree with the files below it.
        ids: From the arm's prompt files to the ids of the prompts that they are compared with.
    """

    folder: str
    files: Files
    ids: Mapping[str, str]

    def first_file(self, path: str) -> str:
        """The path of the first file of recordings of a prompt file, whether or not it exists."""
        return f"{self.folder}/{self.ids.get(path) or without_ending(path)}{ENDING}"

    def left_behind(self) -> Iterator[str]:
        """The first files of recordings of prompts that are not in `ids`, in order of paths."""
        own = {f"{self.folder}/{identity}{ENDING}" for identity in self.ids.values()}
        inside = (path for path in self.files.entries if path.startswith(f"{self.folder}/"))
        yield from sorted(by_first(inside).keys() - own)


def refuse_prompt_root(section: Literal["compare", "probe"], config: Config) -> None:
    """Raise UsageError for a folder of recordings in a prompt root.

    The default folder may be in one, such as `.`; a configured one is checked when read.
    """
    folder = getattr(config, section).recordings
    root = next((root for root in config.prompts if overlapping(folder, root)), None)
    if root is not None:
        raise UsageError(
            f"the folder of recordings, `{folder}`, is in the prompt root `{root}`",
            where=config.path,
            hint=f'name a folder outside of it: [{section}] recordings = "…"',
        )


def arm_folder(comparisons: str, arm: str) -> str:
    """The folder of an arm; names such as `origin/main` are escaped to one part of a path."""
    name = quote(arm, safe=" @+=,()[]{}")
    return f"{comparisons}/{name.replace('.', '%2E', 1) if name.startswith('.') else name}"


def _in_root(root: str, identity: str) -> str:
    return identity if root == "." else f"{root}/{identity}"
