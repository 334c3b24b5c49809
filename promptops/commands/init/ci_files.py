"""The CI workflows that `init` writes for a platform; they install one commit of promptops."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

from promptops.evals.providers import COMPATIBLE
from promptops.evals.providers.endpoint import key_variable
from promptops.evals.providers.registry import CLIENT_PACKAGES
from promptops.model.config import Config
from promptops.model.distribution import NAME, InstallOrigin
from promptops.model.prompt import provider_name
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.release.tags import VERSION_PLACE
from promptops.repo.process import decode
from promptops.repo.repository import WORKTREE, Repository
from promptops.workspace.new_files import SetupStep, attempt, mentions, template, write_step
from promptops.workspace.workspace import configuration

Platform = Literal["github", "gitlab"]
WORKFLOWS: dict[Platform, str] = {
    "github": ".github/workflows/promptops.yml",
    "gitlab": ".gitlab-ci.yml",
}
NIGHTLY = ".github/workflows/promptops-nightly.yml"
"""The workflow that runs `promptops drift` on GitHub; on GitLab it is a job beside the others."""

NIGHTLY_JOB = "promptops drift"
"""The name of the nightly job on GitLab."""

FETCHED_ACTION = ".promptops-action"
"""The folder in which a GitHub workflow puts an action fetched from another host."""

_SPECIAL_IN_FILTER = lazy_pattern(r"([+!?*\[\]\\])")  # in a filter of GitHub's


@record(frozen=True, slots=True, kw_only=True)
class CiOptions:
    """What CI should do.

    Attributes:
        platform: None to detect it from the repository.
        origin: What CI installs; None if it is unknown: then no workflow is written.
        nightly: Also run `promptops drift` every night.
    """

    platform: Platform | None = None
    origin: InstallOrigin | None = None
    nightly: bool = False


NO_CI_OPTIONS = CiOptions()
"""The platform is detected, and nothing is known about it."""


def workflow_steps(repository: Repository, wanted: CiOptions) -> Iterator[SetupStep]:
    """The CI workflows, if a platform is named or detected."""
    platform = wanted.platform or _platform(repository)
    if platform is None:
        if wanted.nightly:
            note = "the CI platform is unknown (name it: promptops init --ci github --nightly)"
            yield SetupStep(path=NIGHTLY, action="failed", note=note)
        return
    both = wanted.nightly and platform == "github"
    for path in (WORKFLOWS[platform], *((NIGHTLY,) if both else ())):
        yield _workflow_step(repository, platform, path, wanted)


def _platform(repository: Repository) -> Platform | None:
    """The CI platform of a repository, by its files and its remote's address."""
    answer = repository.git.ask("config", "--get", "remote.origin.url")
    address = decode(answer.stdout)
    if (repository.root / WORKFLOWS["gitlab"]).exists() or "gitlab" in address:
        return "gitlab"
    if (repository.root / ".github").is_dir() or "github" in address:
        return "github"
    return None


def _workflow_step(
    repository: Repository, platform: Platform, path: str, wanted: CiOptions
) -> SetupStep:
    if (repository.root / path).exists() or wanted.origin is not None:
        return attempt(path, lambda: _new_workflow(repository, platform, path, wanted))
    option = f"name it: promptops init{_typed_options(platform, wanted)} --install-from URL@COMMIT"
    note = f"the source that CI should install promptops from is unknown ({option})"
    is_named = wanted.platform is not None or wanted.nightly
    return SetupStep(path=path, action="failed" if is_named else "skipped", note=note)


def _typed_options(platform: Platform, wanted: CiOptions) -> str:
    return f" --ci {platform}{' --nightly' if wanted.nightly else ''}"


_NIGHTLY_NEXT = (
    "store the API key as a secret of the environment `promptops-nightly` (Settings, Environments)"
    " on GitHub, and push the file to the default branch"
)


def _new_workflow(
    repository: Repository, platform: Platform, path: str, wanted: CiOptions
) -> SetupStep:
    if wanted.origin is None:
        return SetupStep(path=path, action="kept", note="it exists already")
    config = configuration(repository, WORKTREE)
    if path == NIGHTLY:
        step = write_step(repository.root, path, nightly_text(wanted.origin, config))
        return step if step.action in ("kept", "failed") else replace(step, note=_NIGHTLY_NEXT)
    text = workflow_text(platform, wanted.origin, config.release.tag_format)
    if platform == "gitlab" and wanted.nightly:
        text += nightly_job(wanted.origin, config)
    return _written_step(repository, path, text, wanted)


def _written_step(repository: Repository, path: str, text: str, wanted: CiOptions) -> SetupStep:
    """Write a file, or show what to add to the existing one of all jobs of GitLab."""
    step = write_step(repository.root, path, text)
    if step.action == "wrote" or path != WORKFLOWS["gitlab"]:
        return step
    file = repository.root / path
    if not mentions(file, "promptops"):
        note = "it exists already; add these jobs"
        return SetupStep(path=path, action="kept", note=note, snippet=text)
    if wanted.nightly and not mentions(file, NIGHTLY_JOB):
        note = "it exists already; add this job"
        snippet = text[text.index(f"\n{NIGHTLY_JOB}:") + 1 :]
        return SetupStep(path=path, action="kept", note=note, snippet=snippet)
    return step


# The text of a workflow.


def workflow_text(platform: Platform, origin: InstallOrigin, tag_format: str) -> str:
    """The file for a platform.

    Args:
        origin: What CI installs; a commit, since a branch or a tag can be moved.
        tag_format: How release tags are named.
    """
    if platform == "github":
        return template("github.yml", action=_action_steps(origin), tags=_tag_filter(tag_format))
    requirement = f"{NAME} @ git+{origin}"
    return template("gitlab.yml", requirement=requirement, tags=_tag_pattern(tag_format))


def nightly_text(origin: InstallOrigin, config: Config) -> str:
    """The workflow of GitHub that runs `promptops drift` every night.

    Args:
        config: Its profiles name the API keys, which are secrets, and the clients to install.
    """
    return template(
        "github-nightly.yml",
        action=_action_steps(origin, "/action/drift"),
        extras=",".join(client_extras(config)),
        keys=f"\n{' ' * 10}".join(map(_secret_line, key_variables(config))),
    )


def nightly_job(origin: InstallOrigin, config: Config) -> str:
    """The job of GitLab that runs `promptops drift` on a schedule."""
    extras = ",".join(client_extras(config))
    requirement = f"{NAME}[{extras}] @ git+{origin}"
    return template("gitlab-nightly.yml", requirement=requirement, job=NIGHTLY_JOB)


def client_extras(config: Config) -> tuple[str, ...]:
    """The extras that install the clients of all profiles."""
    providers = [provider_name(profile.provider) for profile in config.models.values()]
    known = (CLIENT_PACKAGES.get(name) for name in providers)
    extras = dict.fromkeys(package.extra for package in known if package)
    others = any(name not in CLIENT_PACKAGES for name in providers)
    compatible = CLIENT_PACKAGES[COMPATIBLE].extra
    return tuple(extras | ({compatible: None} if others or not extras else {}))


def key_variables(config: Config) -> tuple[str, ...]:
    """The environment variables with the API keys of all profiles; that of OpenAI without any."""
    found = dict.fromkeys(key_variable(profile) for profile in config.models.values())
    return tuple(name for name in found if name) or ("OPENAI_API_KEY",)


def _secret_line(variable: str) -> str:
    return f"{variable}: ${{{{ secrets.{variable} }}}}"


def _action_steps(origin: InstallOrigin, part: str = "") -> str:
    """The last steps of a job, the first one without its dash: `uses` knows GitHub only.

    Args:
        part: The folder of the action in the repository of promptops.
    """
    address = urlsplit(origin.url)
    if address.netloc == "github.com" and address.path.count("/") == 2:
        return f"uses: {address.path[1:].removesuffix('.git')}{part}@{origin.commit}"
    values = {"url": origin.url, "commit": origin.commit, "folder": FETCHED_ACTION, "part": part}
    return template("github-fetch.yml", **values).rstrip("\n")


def _tag_filter(tag_format: str) -> str:
    """A glob of GitHub's, as a YAML string."""
    before, _, after = (
        _SPECIAL_IN_FILTER.sub(r"\\\1", part) for part in tag_format.partition(VERSION_PLACE)
    )
    return json.dumps(f"{before}[0-9]*{after}")


def _tag_pattern(tag_format: str) -> str:
    """A regular expression of GitLab's, without its slashes."""
    before, _, after = (
        re.escape(part).replace("/", r"\/") for part in tag_format.partition(VERSION_PLACE)
    )
    return f"^{before}[0-9].*{after}$" if after else f"^{before}[0-9]"
