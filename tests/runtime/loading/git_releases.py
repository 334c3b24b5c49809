"""A repository with releases and a channel, made as `promptops` makes them."""

from __future__ import annotations

import promptops
from promptops.bundles.build import bundle_of
from promptops.workspace.workspace import workspace
from tests.conftest import GitRepository
from tests.runtime.loading.site import digest_of

PROMPT = """\
format: promptops/1
model: {{provider: openai, id: gpt-5.4-mini}}
inputs:
  type: object
  properties:
    name: {{type: string}}
  required: [name]
  additionalProperties: false
messages:
  - role: user
    content: {word} {{{{ name }}}}.
"""
FILE = "prompts/greet.prompt.yaml"


def release(repo: GitRepository, version: str, word: str) -> None:
    """Say so, and tag it."""
    repo.write({FILE: PROMPT.format(word=word)})
    repo.commit(word)
    repo.git("tag", "--annotate", "--message", f"v{version}", f"v{version}")


def promote(repo: GitRepository, release: str, serial: int) -> None:
    digest = digest_of(built(repo, release))
    line = f"production: {{release: {release}, bundle: 'sha256:{digest}', serial: {serial}}}\n"
    repo.write({"channels.yaml": line})
    repo.commit(f"promote {release}")


def built(repo: GitRepository, release: str) -> bytes:
    """A tag that records no format has the first one."""
    versions = {"greet": release.removeprefix("v")}
    with workspace(repo.root, release) as opened:
        return bundle_of(opened, release=release, versions=versions, number=1)


def said(bundle: promptops.Bundle) -> object:
    return bundle["greet"].render(name="Ada").messages[0]["content"]
