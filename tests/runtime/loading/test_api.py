"""What an application sees: one snapshot, the environment, and what it imports."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import promptops
from promptops import api
from promptops.bundles.build import bundle_of
from promptops.workspace.workspace import workspace
from tests.conftest import GitRepository
from tests.runtime.loading.site import Site
from tests.runtime.loading.site_server import ServedSite
from tests.runtime.loading.state import settle

Program = Callable[..., subprocess.CompletedProcess[str]]


def test_the_same_ref_is_the_same_snapshot(site: Site) -> None:
    first = promptops.load("production", source=site.folder)

    again = promptops.load("production", source=site.folder)

    assert again is first
    assert again["greet"] is first["greet"]
    assert first["greet"].channel == "production"


def test_a_channel_is_asked_again_when_it_is_time(site: Site) -> None:
    before = promptops.load("production", source=site.folder)
    site.channel("production", "1.0.0", 4)

    soon = promptops.load("production", source=site.folder, refresh_s=1e9)
    settle()
    later = promptops.load("production", source=site.folder, refresh_s=0)
    settle()
    after = promptops.load("production", source=site.folder)

    assert (soon, later) == (before, before)
    assert (before.release, after.release) == ("v1.1.0", "v1.0.0")


def test_a_range_is_asked_again_and_an_exact_release_never(site: Site) -> None:
    sources = {ref: promptops.load(ref, source=site.folder) for ref in ("^1", "v1.0.0")}
    site.release("1.2.0")
    (site.folder / "bundles" / "v1.0.0.jsonl").unlink()

    for ref in sources:
        promptops.load(ref, source=site.folder, refresh_s=0)
    settle()

    after = [promptops.load(ref, source=site.folder).release for ref in sources]
    assert after == ["v1.2.0", "v1.0.0"]


def test_within_a_pin_nothing_changes(site: Site) -> None:
    def load(refresh_s: float = 0) -> str | None:
        release = promptops.load("production", source=site.folder, refresh_s=refresh_s).release
        settle()
        return release

    load()
    with promptops.pin():
        inside = [load()]
        site.channel("production", "1.0.0", 4)
        inside += [load(), load()]
        with promptops.pin():
            inside.append(load())

    assert inside == ["v1.1.0"] * 4
    assert (load(), load()) == ("v1.1.0", "v1.0.0")


def test_a_pin_inside_another_is_that_one_also_where_it_loads_first(site: Site) -> None:
    with promptops.pin():
        with promptops.pin():
            first = promptops.load("production", source=site.folder)
        site.channel("production", "1.0.0", 4)
        assert promptops.load("production", source=site.folder, refresh_s=0) is first


def test_a_pin_is_of_one_thread(site: Site) -> None:
    found: list[promptops.Bundle] = []
    with promptops.pin():
        promptops.load("production", source=site.folder)
        site.channel("production", "1.0.0", 4)
        promptops.load("^1", source=site.folder)
        api._LOADED.clear()
        thread = threading.Thread(
            target=lambda: found.append(promptops.load("production", source=site.folder))
        )
        thread.start()
        thread.join()

        inside = promptops.load("production", source=site.folder)

    assert (inside.release, found[0].release) == ("v1.1.0", "v1.0.0")


def test_the_environment_names_the_source(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPTOPS_SOURCE", str(site.folder))

    assert promptops.load("production").release == "v1.1.0"


def test_without_a_source_it_says_what_to_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(promptops.UsageError) as raised:
        promptops.load("v1.0.0")

    assert raised.value.hint == "pass `source=`, or set PROMPTOPS_SOURCE"


def test_a_failure_on_this_machine_is_not_remembered(site: Site) -> None:
    with pytest.raises(promptops.NotFound):
        promptops.load("v1.2.0", source=site.folder)
    site.release("1.2.0")

    assert promptops.load("v1.2.0", source=site.folder).release == "v1.2.0"


def test_what_is_remembered_is_bounded(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "MAX_REMEMBERED", 3)
    for patch in range(6):
        site.release(f"3.0.{patch}")

    for patch in range(6):
        promptops.load(f"v3.0.{patch}", source=site.folder)

    assert [key[0] for key in api._LOADED] == ["v3.0.3", "v3.0.4", "v3.0.5"]


IMPORTS = """
import sys
import promptops
assert not [name for name in sys.modules if name.startswith("promptops.")]
prompts = promptops.load("production", source=sys.argv[1], timeout_s=60)
prompts["greet"].render(name="Ada").openai()
names = {name for name in sys.modules if name.startswith("promptops.")}
above = ("source", "analysis", "repo", "catalog", "jobs", "cli", "lint", "diff", "evals", "report")
found = [name for name in names if name.split(".")[1] in above]
found += [name for name in ("yaml", "click", "git", "rich", "jsonschema") if name in sys.modules]
print(sorted(found))
"""


@pytest.mark.parametrize("kind", ["folder", "file", "address"])
def test_an_application_with_a_bundle_imports_nothing_of_what_makes_one(
    site: Site, server: ServedSite, program: Program, kind: str
) -> None:
    sources = {
        "folder": site.folder,
        "file": site.folder / "bundles" / "v1.1.0.jsonl",
        "address": server.address,
    }
    source = IMPORTS if kind != "file" else IMPORTS.replace('"production"', '"v1.1.0"')

    done = program(source, sources[kind])

    assert (done.stdout, done.stderr) == ("[]\n", "")


WITH_PROGRAMS = """
import sys
import promptops
bundle = promptops.load("v1.0.0", source=sys.argv[1])
request = bundle["ask"].render(question="why?", issues=["a", "b"])
print(request.messages[0]["content"])
print(sorted(name for name in ("jinja2", "jsonschema_rs", "yaml") if name in sys.modules))
"""


def test_a_bundle_with_programs_renders_without_the_parser_of_templates(
    repo: GitRepository, program: Program, tmp_path: Path
) -> None:
    body = (
        "{% if question %}{{ question }}{% endif %}{% for i in issues %} {{ i }}{% endfor %}"
        '{% include "partials/end.j2" %}'
    )
    repo.write(
        {
            "prompts/ask.prompt.yaml": "format: promptops/1\ninputs:\n  properties:\n"
            "    question: {type: string}\n    issues: {type: array, items: {type: string}}\n"
            f"messages:\n  - role: user\n    when: question != ''\n    content: |-\n      {body}\n",
            "prompts/partials/end.j2": "{{ question if issues else '' }}!",
        }
    )
    repo.commit("one")
    file = tmp_path / "out.jsonl"
    with workspace(repo.root, "HEAD") as opened:
        file.write_bytes(bundle_of(opened, release="v1.0.0"))

    done = program(WITH_PROGRAMS, file)

    assert (done.stdout, done.stderr) == ("why? a bwhy?!\n[]\n", "")


def test_all_that_is_public_can_be_had_and_nothing_else() -> None:
    found = {name: getattr(promptops, name) for name in promptops.__all__}

    assert None not in found.values()
    assert set(promptops.__all__) <= set(dir(promptops))
    with pytest.raises(AttributeError, match="has no attribute 'laod'"):
        promptops.laod  # noqa: B018


PROMPT = """\
format: promptops/1
model: {provider: openai, id: gpt-5.4-mini}
inputs:
  type: object
  properties:
    name: {type: string}
  required: [name]
  additionalProperties: false
messages:
  - role: user
    content: Hello {{ name }}.
"""


@pytest.fixture
def tree(repo: GitRepository, monkeypatch: pytest.MonkeyPatch) -> GitRepository:
    """A work tree that PROMPTOPS_OVERRIDE names."""
    repo.write({"prompts/greet.prompt.yaml": PROMPT, "promptops.toml": ""})
    repo.commit("a prompt")
    monkeypatch.setenv("PROMPTOPS_OVERRIDE", str(repo.root))
    return repo


def said(bundle: promptops.Bundle) -> object:
    return bundle["greet"].render(name="Ada").messages[0]["content"]


def test_the_work_tree_is_read_as_it_is_whatever_was_asked_for(
    tree: GitRepository, site: Site
) -> None:
    def load() -> promptops.Bundle:
        return promptops.load("production", source=site.folder)

    before = load()
    same = load()
    tree.write({"prompts/greet.prompt.yaml": PROMPT.replace("Hello", "Good evening")})
    after = load()
    tree.write({"prompts/more.prompt.yaml": PROMPT})

    assert same is before
    assert (said(before), said(after), sorted(load())) == (
        "Hello Ada.",
        "Good evening Ada.",
        ["greet", "more"],
    )
    assert (after.release, after.channel, after.stale) == (None, None, False)


def test_a_broken_file_of_the_work_tree_says_where_and_can_be_mended(
    tree: GitRepository, site: Site
) -> None:
    tree.write({"prompts/greet.prompt.yaml": "messages: ["})

    with pytest.raises(promptops.InputError) as raised:
        promptops.load("production", source=site.folder)
    tree.write({"prompts/greet.prompt.yaml": PROMPT})

    assert str(raised.value.where).startswith("prompts/greet.prompt.yaml:")
    assert said(promptops.load("production", source=site.folder)) == "Hello Ada."


@pytest.mark.parametrize("frozen", ["PROMPTOPS_FROZEN", "sys.frozen"])
def test_the_work_tree_is_refused_where_the_program_is_frozen(
    tree: GitRepository, site: Site, frozen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    freeze(monkeypatch, frozen)

    with pytest.raises(promptops.UsageError, match="PROMPTOPS_OVERRIDE is for development"):
        promptops.load("production", source=site.folder)


def test_that_the_work_tree_is_read_is_said_once(
    tree: GitRepository, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    for ref in ("production", "v1.0.0"):
        promptops.load(ref, source=site.folder)

    expected = f"PROMPTOPS_OVERRIDE is set: prompts are those of {str(tree.root)!r}"
    assert caplog.messages == [expected]


@pytest.mark.parametrize("name", ["", "nowhere"])
def test_an_override_that_names_no_work_tree_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("PROMPTOPS_OVERRIDE", str(tmp_path / name))

    with pytest.raises(promptops.GitError, match="PROMPTOPS_OVERRIDE is not a work tree: "):
        promptops.load("v1.0.0")


@pytest.mark.parametrize("frozen", ["PROMPTOPS_FROZEN", "sys.frozen"])
def test_a_revision_is_refused_where_the_program_is_frozen(
    repo: GitRepository, frozen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    freeze(monkeypatch, frozen)

    with pytest.raises(promptops.UsageError, match="'git:HEAD' is for development"):
        promptops.load("git:HEAD", source=repo.root)


def freeze(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    if how == "sys.frozen":
        monkeypatch.setattr("sys.frozen", True, raising=False)
    else:
        monkeypatch.setenv(how, "1")
