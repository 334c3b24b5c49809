"""The installed distribution: name, version, packages of its extras, origin."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable

from promptops.patterns import lazy_pattern
from promptops.records import record

NAME = "git-promptops"

_URL = lazy_pattern(
    "https://" r"[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)+"
)
_HOMES = ("homepage", "documentation", "docs", "source", "repository", "sourcecode", "github")
_COMMIT = lazy_pattern(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@record(frozen=True, slots=True, kw_only=True)
class InstallOrigin:
    """A git repository that promptops can be installed from, at one commit.

    Attributes:
        url: `https://…`, without credentials, and with no character that a shell or YAML reads.
        commit: The full id, in hexadecimal.
    """

    url: str
    commit: str

    def __str__(self) -> str:
        return f"{self.url}@{self.commit}"


def parse_origin(text: str) -> InstallOrigin:
    """`URL@COMMIT`, with or without `git+` before it; raises ValueError for anything else."""
    url, at, commit = text.removeprefix("git+").rpartition("@")
    if not at or not _COMMIT.fullmatch(commit):
        raise ValueError("no full commit id after `@`")
    if not _URL.fullmatch(url):
        raise ValueError("not an `https://` address of a git repository")
    return InstallOrigin(url=url, commit=commit)


def version() -> str:
    """The installed version; "unknown" in a checkout that is not installed."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed(NAME)
    except PackageNotFoundError:
        return "unknown"


def home() -> str:
    """The project's address, from the `[project.urls]` it was installed with, or "".

    Labels are compared as PyPI does: without case and punctuation; `Homepage` counts before others.
    """
    from importlib.metadata import PackageNotFoundError, metadata

    try:
        found = metadata(NAME).get_all("Project-URL") or ()
    except PackageNotFoundError:
        return ""
    return home_of(found)


def home_of(project_urls: Iterable[str]) -> str:
    """The address of the first `LABEL, URL` with the best label; "" if none is a web page."""
    urls: dict[str, str] = {}
    for project_url in project_urls:
        label, _, url = project_url.partition(",")
        if url.strip().startswith("https://"):
            urls.setdefault(re.sub(r"[\W_]", "", label).lower(), url.strip())
    return next((urls[label] for label in _HOMES if label in urls), "")


def installed_origin() -> InstallOrigin | None:
    """The origin of this installation; None unless pip installed it from a repository on the web.

    pip writes it to `direct_url.json` (PEP 610), except for an index. A folder has no commit.
    """
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        found = json.loads(distribution(NAME).read_text("direct_url.json") or "{}")
        return parse_origin(f"{found['url']}@{found['vcs_info']['commit_id']}")
    except (PackageNotFoundError, ValueError, KeyError, TypeError):
        return None


def install_command(extra: str) -> str:
    """The command that installs the packages of an extra.

    It names those packages and not this one: an index may have another project of our name. In a
    checkout that is not installed, which has no list of packages, it names the checkout.
    """
    from importlib.metadata import PackageNotFoundError, requires
    from pathlib import Path

    try:
        packages = _packages_of(extra, requires(NAME) or ())
    except PackageNotFoundError:
        packages = [f"{Path(__file__).parents[2]}[{extra}]"]
    return f"pip install {shlex.join(packages)}"


def _packages_of(extra: str, requirements: Iterable[str]) -> list[str]:
    markers = (f"extra == '{extra}'", f'extra == "{extra}"')  # build tools quote either way
    parts = [requirement.partition(";") for requirement in requirements]
    return [name.strip() for name, _, condition in parts if condition.strip() in markers]
