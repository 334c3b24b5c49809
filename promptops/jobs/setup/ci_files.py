"""CI workflows: what `init` writes for a platform, installing one commit of promptops."""

from __future__ import annotations

import json
import re
from typing import Literal
from urllib.parse import urlsplit

from promptops.jobs.setup.new_files import template
from promptops.model.distribution import NAME, InstallOrigin
from promptops.patterns import lazy_pattern
from promptops.release.tags import PLACE

Platform = Literal["github", "gitlab"]
WORKFLOWS: dict[Platform, str] = {
    "github": ".github/workflows/promptops.yml",
    "gitlab": ".gitlab-ci.yml",
}
FETCHED = ".promptops-action"
"""The folder in which a GitHub workflow puts an action fetched from another host."""

_SPECIAL = lazy_pattern(r"([+!?*\[\]\\])")  # in a filter of GitHub's


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
