"""What `.pre-commit-hooks.yaml` and hooks/ offer."""

import os
from pathlib import Path

import click
import pytest
import yaml

from promptops.cli.group import group

ROOT = Path(__file__).parents[2]
EVERY = {
    "language": "python",
    "pass_filenames": False,
    "always_run": True,
    "require_serial": True,
}
ENTRIES = {
    "promptops": "promptops lint --staged",
    "promptops-fix": "promptops lint --fix --staged",
    "promptops-test": "promptops check --at HEAD",
}
STAGES = {"promptops-test": "pre-push"}


def hooks():
    return yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))


def test_these_hooks_are_offered():
    assert {hook["id"]: hook["entry"] for hook in hooks()} == ENTRIES


@pytest.mark.parametrize("hook", hooks(), ids=lambda hook: hook["id"])
def test_a_hook_has_the_attributes_that_all_have(hook):
    assert {key: hook[key] for key in EVERY} == EVERY
    assert STAGES.get(hook["id"], "pre-commit") in hook["stages"]
    assert {"files", "types", "types_or", "args"} & set(hook) == set()


@pytest.mark.parametrize("entry", ENTRIES.values())
def test_an_entry_is_a_command_that_there_is(entry):
    program, name, *options = entry.removesuffix(" HEAD").split()
    command = group.get_command(click.Context(group), name)
    known = {each for option in command.params for each in option.opts}

    assert (program, set(options) - known) == ("promptops", set())


def test_pre_commit_takes_the_manifest():
    from pre_commit.clientlib import load_manifest

    loaded = load_manifest(ROOT / ".pre-commit-hooks.yaml")

    assert [hook["id"] for hook in loaded] == list(ENTRIES)


@pytest.mark.parametrize("name", ["pre-commit", "pre-merge-commit", "pre-push", "update"])
def test_a_plain_hook_can_be_run_by_git(name):
    file = ROOT / "hooks" / name

    assert os.access(file, os.X_OK)
    assert file.read_text("utf-8").startswith("#!/bin/sh\n# promptops: ")
