"""A repository with releases, keys to sign them with, and `promptops` run on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promptops.bundles.build import bundle_of
from promptops.model.release import ReleaseRecord
from promptops.model.version import Version
from promptops.release.tags import write_record
from promptops.runtime.bundle.format import FORMAT, read_bundle
from promptops.workspace.workspace import workspace
from tests.conftest import GitRepository

ROOT = Path(__file__).parents[2]
MAIN = "from promptops.cli.main import main; main()"
ASK = "prompts/ask.prompt.yaml"
DRAFT = "prompts/new.prompt.yaml"
PROMPT = """\
format: promptops/1
description: Answers one question.
inputs:
  required: [question]
  properties:
    question: {type: string, maxLength: 100}
messages:
  - role: system
    content: |
      {% include "partials/style.md.j2" %}
  - role: user
    content: "{{ question }}"
"""
FILES = {
    ASK: PROMPT,
    DRAFT: PROMPT.replace("description", "status: draft\ndescription"),
    "prompts/partials/style.md.j2": "Be brief.\n",
}
VERSIONS: Mapping[str, Version] = {"ask": Version(1, 4, 2)}


@dataclass(frozen=True, slots=True)
class Key:
    """A key of ssh, and the file that says whose it is."""

    file: Path
    signers: Path

    @property
    def fingerprint(self) -> str:
        shown = ("ssh-keygen", "-l", "-f", f"{self.file}.pub")
        return subprocess.run(shown, check=True, capture_output=True, text=True).stdout.split()[1]


def key(folder: Path, name: str = "ada", passphrase: str = "") -> Key:
    """A new key, which `NAME@example.com` may sign with."""
    file = folder / name
    make = ["ssh-keygen", "-q", "-t", "ed25519", "-C", name, "-N", passphrase, "-f", str(file)]
    subprocess.run(make, check=True)
    signers = folder / f"{name}.signers"
    signers.write_text(f"{name}@example.com {Path(f'{file}.pub').read_text()}")
    return Key(file, signers)


def signing_with(repo: GitRepository, found: Key) -> None:
    repo.git("config", "gpg.format", "ssh")
    repo.git("config", "user.signingkey", f"{found.file}.pub")


def built(repo: GitRepository, name: str) -> bytes:
    """The bundle of HEAD as a release."""
    versions = {prompt: str(version) for prompt, version in VERSIONS.items()}
    with workspace(repo.root, "HEAD") as opened:
        return bundle_of(opened, release=name, versions=versions)


def tagged(repo: GitRepository, name: str, *options: str, **told: Any) -> bytes:
    """Tag HEAD as `promptops release` does; `told` stands there instead of what is so.

    Gives the bundle.
    """
    data = built(repo, name)
    contents = read_bundle(data, name)
    so = {
        "content_sha256": contents.origin.content,
        "bundle_sha256": contents.digest,
        "bundle_format": FORMAT,
    }
    message = write_record(
        ReleaseRecord(tag=name, notes="Said.", versions=VERSIONS, **{**so, **told})
    )
    repo.git("tag", "--annotate", "--cleanup=verbatim", "--message", message, *options, name)
    return data


def promptops(
    *arguments: object, cwd: Path, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """In a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", MAIN, *map(str, arguments)],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
