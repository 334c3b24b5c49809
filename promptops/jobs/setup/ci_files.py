"""The CI workflow that `init` writes for a platform; it installs one commit of promptops."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

from promptops.jobs.setup.new_files import SetupStep, attempt, mentions, template, write_step
from promptops.jobs.workspace.workspace import configuration
from promptops.model.distribution import NAME, InstallOrigin
from promptops.patterns import lazy_pattern
from promptops.release.tag_format import PLACE
from promptops.repo.process import decode
from promptops.repo.repository import WORKTREE, Repository

Platform = Literal["github", "gitlab"]
WORKFLOWS: dict[Platform, str] = {
    "github": ".github/workflows/promptops.yml",
    "gitlab": ".gitlab-ci.yml",
}
FETCHED = ".promptops-action"
"""The folder in which a GitHub workflow puts an action fetched from another host."""

_SPECIAL = lazy_pattern(r"([+!?*\[\]\\])")  # in a filter of GitHub's


def workflow_steps(
    repository: Repository, wanted: Platform | None, origin: InstallOrigin | None
) -> Iterator[SetupStep]:
    """The CI workflow, if a platform is named or detected."""
    platform = wanted or _platform(repository)
    if platform is None:
        return
    path = WORKFLOWS[platform]
    if (repository.root / path).exists() or origin is not None:
        yield attempt(path, lambda: _workflow(repository, platform, origin))
    else:
        option = _name_origin(platform)
        note = f"the source that CI should install promptops from is unknown ({option})"
        yield SetupStep(path=path, action="failed" if wanted else "skipped", note=note)


def _name_origin(platform: Platform) -> str:
    return f"name it: promptops init --ci {platform} --from URL@COMMIT"


def _workflow(
    repository: Repository, platform: Platform, origin: InstallOrigin | None
) -> SetupStep:
    path = WORKFLOWS[platform]
    if origin is None:
        return SetupStep(path=path, action="kept", note="it exists already")
    tag_format = configuration(repository, WORKTREE).release.tag_format
    text = workflow_text(platform, origin, tag_format)
    step = write_step(repository.root, path, text)
    ours = platform == "github" or mentions(repository.root / path, "promptops")
    if ours or step.action == "wrote":
        return step
    note = "it exists already; add these jobs"
    return SetupStep(path=path, action="kept", note=note, snippet=text)


def _platform(repository: Repository) -> Platform | None:
    """The CI platform of a repository, by its files and its remote's address."""
    answer = repository.git.ask("config", "--get", "remote.origin.url")
    address = decode(answer.stdout)
    if (repository.root / WORKFLOWS["gitlab"]).exists() or "gitlab" in address:
        return "gitlab"
    if (repository.root / ".github").is_dir() or "github" in address:
        return "github"
    return None


def workflow_text(platform: Platform, origin: InstallOrigin, tag_format: str) -> str:
    """The file for a platform.

    Args:
        origin: What CI installs; a commit, since a branch or a tag can be moved.
        tag_format: How release tags are named.
    """
    if platform == "github":
        return template("github.yml", action=_action_steps(origin), tags=_filter(tag_format))
    requirement = f"{NAME} @ git+{origin}"
    return template("gitlab.yml", requirement=requirement, tags=_pattern(tag_format))


def _action_steps(origin: InstallOrigin) -> str:
    """The last steps of a job, the first one without its dash: `uses` knows GitHub only."""
    address = urlsplit(origin.url)
    if address.netloc == "github.com" and address.path.count("/") == 2:
        return f"uses: {address.path[1:].removesuffix('.git')}@{origin.commit}"
    steps = template("github-fetch.yml", url=origin.url, commit=origin.commit, folder=FETCHED)
    return steps.rstrip("\n")


def _filter(tag_format: str) -> str:
    """A glob of GitHub's, as a YAML string."""
    before, _, after = (_SPECIAL.sub(r"\\\1", part) for part in tag_format.partition(PLACE))
    return json.dumps(f"{before}[0-9]*{after}")


def _pattern(tag_format: str) -> str:
    """A regular expression of GitLab's, without its slashes."""
    before, _, after = (re.escape(part).replace("/", r"\/") for part in tag_format.partition(PLACE))
    return f"^{before}[0-9].*{after}$" if after else f"^{before}[0-9]"
