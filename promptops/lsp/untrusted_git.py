"""Git without the programs that the configuration of an untrusted repository names."""

from __future__ import annotations

import os

from promptops.repo.process import Git, records

_PROGRAMS = r"^filter\..*\.(clean|smudge|process)$"
_MONITOR = "core.fsmonitor"


def run_no_programs(git: Git) -> None:
    """From now on, git runs neither file system monitors nor filters, in all repositories.

    Git runs them when it lists changed files. The environment overrides each configuration file.
    """
    answer = git.ask("config", "--name-only", "-z", "--get-regexp", _PROGRAMS)
    names = dict.fromkeys((*_overridden(), _MONITOR, *records(answer.stdout)))
    os.environ["GIT_CONFIG_COUNT"] = str(len(names))
    for number, name in enumerate(names):
        os.environ[f"GIT_CONFIG_KEY_{number}"] = name
        os.environ[f"GIT_CONFIG_VALUE_{number}"] = "false" if name == _MONITOR else ""


def _overridden() -> list[str]:
    """The names that were overridden before."""
    count = int(os.environ.get("GIT_CONFIG_COUNT", "0"))
    return [os.environ[f"GIT_CONFIG_KEY_{number}"] for number in range(count)]
