"""Attaches files to the GitHub release of a tag, and creates the release if there is none.

    python attach.py TAG NOTES.md FILE...

A release stays a draft until all its files are attached, because users must not see an incomplete
one and a published release may be immutable. A second run continues where the first one stopped.
An attached file is never replaced.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from github_api import GitHub, Refused
from runner import annotate, log


def main(tag: str, notes: str, *files: str) -> int:
    """Exits 1 if a file could not be attached; "" means no file."""
    api = GitHub.from_environment()
    releases = Releases(api, os.environ["GITHUB_REPOSITORY"])
    prerelease = os.environ["PRERELEASE"] == "true"
    try:
        release = releases.find(tag) or releases.draft(
            tag, Path(notes).read_text("utf-8"), prerelease=prerelease
        )
        for file in filter(None, files):
            log(releases.attach(release, Path(file)))
        log(releases.publish(release, prerelease=prerelease))
    except Refused as refused:
        annotate("error", f"the release {tag!r} is not attached to: {refused}{_hint(refused)}")
        return 1
    return 0


class Releases:
    """The releases of one repository."""

    def __init__(self, api: GitHub, repository: str) -> None:
        self._api = api
        self._releases = f"/repos/{repository}/releases"

    def find(self, tag: str) -> dict[str, Any] | None:
        """The release of a tag, or its draft."""
        try:
            found: dict[str, Any] = self._api.get(f"{self._releases}/tags/{quote(tag, safe='')}")
        except Refused as refused:
            if refused.status != 404:
                raise
            every = self._api.every(self._releases)
            return next((each for each in every if each["tag_name"] == tag), None)
        return found

    def draft(self, tag: str, notes: str, *, prerelease: bool) -> dict[str, Any]:
        """Create a draft release."""
        value = {"tag_name": tag, "name": tag, "body": notes, "draft": True}
        made: dict[str, Any] = self._api.send(
            "POST", self._releases, {**value, "prerelease": prerelease}
        )
        log(f"created a draft of the release {tag}")
        return made

    def attach(self, release: dict[str, Any], file: Path) -> str:
        """Attach a file; returns what was done. Raises Refused if a different file is attached."""
        data = file.read_bytes()
        there = self._attached(release, file.name)
        if there is None:
            made = self._api.upload(release["upload_url"], file.name, data)
            _expect_whole(made, data)
            return f"attached {file.name}: {made['browser_download_url']}"
        # Signatures of the same bytes differ, and all are valid.
        if file.suffix != ".sig" and self._digest(there) != _sha256(data):
            raise Refused(f"another {file.name} is attached already and is not replaced")
        return f"{file.name} is attached already: {there['browser_download_url']}"

    def publish(self, release: dict[str, Any], *, prerelease: bool) -> str:
        """Publish the release, unless it is a draft that a person created."""
        address = release["html_url"]
        if not release["draft"]:
            return f"the release is published already: {address}"
        if (release["author"] or {}).get("login") != self._api.viewer():
            return f"the release is a draft by another user and was not published: {address}"
        # `legacy`: a fix of an older line is not the latest release, though it is the newest.
        latest = "false" if prerelease else "legacy"
        value = {"draft": False, "make_latest": latest}
        made = self._api.send("PATCH", f"{self._releases}/{release['id']}", value)
        return f"published the release: {made['html_url']}"

    def _attached(self, release: dict[str, Any], name: str) -> dict[str, Any] | None:
        """The attached file of that name; an incomplete upload is deleted."""
        files = self._api.every(f"{self._releases}/{release['id']}/assets")
        found = next((each for each in files if each["name"] == name), None)
        if found is None or found["state"] == "uploaded":
            return found
        self._api.send("DELETE", f"{self._releases}/assets/{found['id']}")
        log(f"deleted an incomplete upload of {name}")
        return None

    def _digest(self, attached: dict[str, Any]) -> str:
        """The digest that GitHub reports, or else that of the downloaded file."""
        return attached.get("digest") or _sha256(self._api.download(attached["url"]))


def _expect_whole(made: dict[str, Any], data: bytes) -> None:
    if (made["state"], made["size"]) != ("uploaded", len(data)):
        raise Refused(f"the upload is incomplete: {made['size']} of {len(data)} bytes arrived")


def _sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _hint(refused: Refused) -> str:
    return "; the job needs `contents: write`" if refused.not_allowed else ""


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
