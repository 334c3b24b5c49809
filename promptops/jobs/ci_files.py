"""What CI runs: the workflow of a platform, for the version of this tool that writes it."""

from __future__ import annotations

import json
import re
from typing import Literal

from promptops.jobs.new_files import template
from promptops.release.names import PLACE

Platform = Literal["github", "gitlab"]
WORKFLOWS: dict[Platform, str] = {
    "github": ".github/workflows/promptops.yml",
    "gitlab": ".gitlab-ci.yml",
}
_ACTION = "promptops/promptops"
_MEANS_MORE = re.compile(r"([+!?*\[\]\\])")  # in a filter of GitHub's


def workflow_text(platform: Platform, version: str, tag_format: str) -> str:
    """The file for a platform.

    Args:
        version: Of this tool. What CI runs is that version where it was released, and what is
            newest where it was not.
        tag_format: What release tags are called.
    """
    if platform == "github":
        return template("github.yml", action=action(version), tags=_filter(tag_format))
    return template("gitlab.yml", requirement=requirement(version), tags=_pattern(tag_format))


def action(version: str) -> str:
    """The action of this tool, with the tag of the version, or with its branch."""
    return f"{_ACTION}@{f'v{version}' if _released(version) else 'main'}"


def requirement(version: str) -> str:
    """What pip installs."""
    return f"git-promptops=={version}" if _released(version) else "git-promptops"


def _released(version: str) -> bool:
    return version.replace(".", "").isdigit()


def _filter(tag_format: str) -> str:
    """A glob of GitHub's, as a text of YAML."""
    before, _, after = (_MEANS_MORE.sub(r"\\\1", part) for part in tag_format.partition(PLACE))
    return json.dumps(f"{before}[0-9]*{after}")


def _pattern(tag_format: str) -> str:
    """A regular expression of GitLab's, without its slashes."""
    before, _, after = (re.escape(part).replace("/", r"\/") for part in tag_format.partition(PLACE))
    return f"^{before}[0-9].*{after}$" if after else f"^{before}[0-9]"
