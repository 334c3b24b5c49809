"""The warm catalog reports what a new run of lint reports, after any change."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from promptops.commands.lint.lint import LintOptions, lint
from promptops.commands.lint.live import Live, Touched
from promptops.errors import GitError
from promptops.model.finding import Finding
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace
from tests.conftest import GitRepository

ASK = "prompts/ask.prompt.yaml"
TELL = "prompts/tell.prompt.yaml"
BASE = "prompts/base.prompt.yaml"
TONE = "prompts/partials/tone.md.j2"
CASES = "prompts/ask.cases.yaml"
CONFIG = "promptops.toml"
CHANNELS = "channels.yaml"

FILES = {
    CONFIG: '[models.fast]\nprovider = "opneai"\nid = "gpt-5.4-mini-2026-03-17"\n'
    '[lint.per-file-ignores]\n"prompts/absent/**" = ["TST001"]\n',
    CHANNELS: "v2: {release: v1.8.0, serial: 1}\n",
    ASK: """\
format: promptops/1
description: Answer a question.
model: {profile: fast}
inputs: {required: [question], properties: {question: {type: string, maxLength: 200}}}
messages:
  - role: system
    content: '{% include "partials/tone.md.j2" %}'
  - role: user
    content: "😀 {{ qestion }}"
tests:
  - file: ./ask.cases.yaml
""",
    CASES: """\
- name: one
  inputs: {question: why}
  rendered: [{type: contain, value: why}]
""",
    BASE: """\
format: promptops/1
description: The base of others.
model: {profile: fast}
inputs: {properties: {name: {type: string, maxLength: 20, default: you}}}
messages:
  - role: system
    content: '{% include "partials/tone.md.j2" %}{% include "partials/absent.md.j2" %}'
  - {role: user, content: "Hello {{ name }}."}
""",
    TELL: "format: promptops/1\nextends: ./base.prompt.yaml\ndescription: Tell it.\n",
    TONE: "{# promptops: ignore[SEC004] known #}\nBe brief brief. Ask {{ person }}.\n",
    "prompts/partials/idle.md.j2": "Nothing uses this.\n",
    "prompts/loose.yaml": "format: promptops/1\nmessages: []\n",
    "prompts/broken.prompt.yaml": "format: promptops/1\nmessages: [\n",
}


@pytest.fixture
def project(repo: GitRepository) -> GitRepository:
    repo.write(FILES)
    repo.commit("start")
    return repo


@pytest.fixture
def live(project: GitRepository) -> Iterator[Live]:
    opened = Live(project.root)
    yield opened
    opened.close()


def linted(root: Path) -> dict[str, list[str]]:
    """What a new run reports, by the path of the place."""
    with workspace(root) as found:
        report = lint(found, SelectionOptions(), LintOptions(use_cache=False))
    by_path: dict[str, list[str]] = {}
    for each in report.findings:
        by_path.setdefault(each.place.path, []).append(f"{each.place} {each.code} {each.message}")
    return by_path


def shown(live: Live) -> dict[str, list[str]]:
    """What the warm catalog reports, in the same form."""
    for _ in live.catalog_checks():
        pass
    paths = [path for path in live.catalog.files.entries if live.findings(path)]
    return {
        path: [f"{each.place} {each.code} {each.message}" for each in live.findings(path)]
        for path in paths
    }


def test_a_prompt_alone_has_no_findings_of_those_that_extend_it(live: Live) -> None:
    list(live.warm())
    live.put(TELL, FILES[TELL] + "inputs: {properties: {name: null}}\n")

    alone, all_users = live.own_findings(BASE), live.findings(BASE)

    assert [each.code for each in set(all_users) - set(alone)] == ["VAR001"]
    assert live.own_findings(ASK) == live.findings(ASK)


def test_every_file_has_the_findings_of_a_whole_run(live: Live, project: GitRepository) -> None:
    whole = linted(project.root)
    unused_glob = "promptops.toml:5:1 REP009 `prompts/absent/**` matches no file"
    whole[CONFIG].remove(unused_glob)  # only a run over all prompts knows what is unused

    assert shown(live) == whole
    assert {*whole} == {*FILES}


def test_an_unsaved_text_counts_until_it_is_dropped(live: Live, project: GitRepository) -> None:
    before = shown(live)
    fixed = FILES[ASK].replace("qestion", "question")

    assert live.put(ASK, fixed) == Touched(own=frozenset([ASK]))
    assert ASK not in shown(live)
    assert live.put(ASK, fixed) == Touched()
    assert linted(project.root)[ASK] == before[ASK]
    assert live.put(ASK, None) == Touched(own=frozenset([ASK]))
    assert shown(live) == before


def test_what_uses_a_changed_file_is_checked_again(live: Live) -> None:
    shown(live)

    touched = live.put(TONE, "Be brief.\n")

    assert touched == Touched(own=frozenset([TONE]), dependents=frozenset([ASK, BASE, TELL]))
    assert live.findings(TONE) == ()
    assert live.put(CASES, "[]\n").dependents == {ASK}
    assert [found.code for found in live.findings(ASK)] == ["VAR001", "SCH002"]


def test_files_come_and_go(live: Live) -> None:
    before = shown(live)

    new = live.put("prompts/partials/absent.md.j2", "I am here.\n")
    assert new.dependents == {BASE, TELL}
    assert [found.code for found in live.findings(BASE)] == ["TST001", "REP005"]  # untracked
    twin = "prompts/Ask.prompt.yaml"
    live.put(twin, FILES[ASK])
    assert any("REP001" in found for found in shown(live)[twin])
    live.put("prompts/partials/absent.md.j2", None)
    live.put(twin, None)

    assert shown(live) == before


def test_files_outside_of_the_roots_are_not_read(live: Live) -> None:
    assert live.put("notes/ask.prompt.yaml", "format: 2\n") == Touched()
    assert not live.manages("notes/ask.prompt.yaml")
    assert live.findings("notes/ask.prompt.yaml") == ()


def test_the_configuration_is_in_force_when_it_is_valid(live: Live) -> None:
    assert [found.code for found in live.findings(ASK)] == ["VAR001"]

    assert live.put(CONFIG, '[lint]\nignore = ["VAR"]\n').everything
    assert [found.code for found in live.findings(ASK)] == ["CFG014"]
    assert not live.put(CONFIG, '[lint\nignore = ["TST"]\n').everything
    assert [error.where for error in live.errors] == ["promptops.toml:1:6"]
    assert live.put(CONFIG, '[lint]\nignore = ["ALL0"]\n').everything
    assert [(error.where, error.message) for error in live.errors] == [
        ("promptops.toml:2:11", "there is no rule `ALL0`")
    ]
    live.put(CONFIG, None)
    assert live.errors == ()
    assert [found.code for found in live.findings(ASK)] == ["VAR001"]


def test_other_texts_are_tried_for_one_question(live: Live) -> None:
    before = shown(live)
    live.put(ASK, FILES[ASK].replace("qestion", "questio"))

    with live.trying({ASK: "format: promptops/1\n", TONE: "Hi."}) as catalog:
        assert catalog.loaded(ASK).prompt is None
        assert catalog.files.data(TONE) == b"Hi."
    assert any("questio" in found.message for found in live.findings(ASK))
    live.put(ASK, None)

    assert shown(live) == before


def test_a_broken_prompt_is_known_as_it_last_was(live: Live) -> None:
    assert live.readable(ASK) is not None
    live.put(ASK, FILES[ASK].replace("description: Answer", "description: Reply to"))
    live.put(ASK, "format: promptops/1\nmessages: [")
    found = live.readable(ASK)

    assert found is not None
    assert found.prompt is not None
    assert found.prompt.description == "Answer a question."  # the text between was never read
    assert live.readable("prompts/broken.prompt.yaml") is None
    assert live.readable(TONE) is None


def test_changes_outside_are_read(live: Live, project: GitRepository) -> None:
    shown(live)
    live.put(TONE, "Unsaved {{ question }}.\n")

    project.write({ASK: FILES[ASK].replace("qestion", "question"), "prompts/new.md.j2": "New."})
    (project.root / TELL).unlink()
    touched = live.refreshed()
    assert touched.own == {ASK, "prompts/new.md.j2", TELL}
    assert live.catalog.files.data(TONE) == b"Unsaved {{ question }}.\n"
    live.put(TONE, None)
    project.commit("fix")
    live.refreshed()
    project.write({CONFIG: 'prompts = ["prompts/partials"]\n'})

    assert live.refreshed().everything
    assert TELL not in live.catalog.files.entries
    assert shown(live) == linted(project.root)


def test_a_file_that_was_absent_when_it_was_read_is_read_again(
    live: Live, project: GitRepository
) -> None:
    (project.root / ASK).unlink()
    [found] = live.findings(ASK)
    assert found.message == "a prompt file that can't be read"

    project.write({ASK: FILES[ASK]})

    assert live.refreshed().own == {ASK}
    assert shown(live)[ASK] == linted(project.root)[ASK]
    assert live.refreshed() == Touched()


def test_a_file_with_another_content_when_it_was_read_is_read_again(
    live: Live, project: GitRepository
) -> None:
    project.write({ASK: FILES[TELL]})
    assert "VAR001" not in {found.code for found in live.findings(ASK)}

    project.write({ASK: FILES[ASK]})

    assert live.put(ASK, None).own == {ASK}
    assert shown(live)[ASK] == linted(project.root)[ASK]
    assert live.refreshed() == Touched()


def test_a_configuration_with_equal_settings_is_one_change_of_its_file(
    live: Live, project: GitRepository
) -> None:
    shown(live)

    project.write({CONFIG: f"# the same\n{FILES[CONFIG]}", "prompts/new.md.j2": "New."})
    (project.root / TELL).unlink()

    assert live.refreshed() == Touched(own=frozenset([CONFIG, "prompts/new.md.j2", TELL]))
    assert shown(live)[CHANNELS] == linted(project.root)[CHANNELS]
    assert TELL not in live.catalog.ids


def test_findings_are_those_of_the_day_on_which_they_are_needed(project: GitRepository) -> None:
    """A server runs for days; the model of the profile retires on 2026-10-23."""
    days = [date(2026, 10, 1)]
    project.write({CONFIG: '[models.fast]\nprovider = "openai"\nid = "gpt-4-0613"\n'})
    opened = Live(project.root, today=lambda: days[-1])

    def retires() -> list[str]:
        found = (each for each in opened.findings(CONFIG) if each.code == "CFG002")
        return [each.message for each in found]

    opened.findings(ASK)
    before = retires()
    days.append(date(2026, 10, 22))
    after = retires()
    opened.close()

    assert before == ["`gpt-4-0613` is retired on 2026-10-23, in 22 days"]
    assert after == ["`gpt-4-0613` is retired on 2026-10-23, in 1 day"]


def test_a_bare_repository_has_nothing_to_edit(tmp_path: Path, project: GitRepository) -> None:
    project.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))

    with pytest.raises(GitError, match="the repository is bare: there are no files to edit"):
        Live(tmp_path / "bare")


EDITS = (
    lambda text, draw: text[: draw.randrange(len(text) + 1)],
    lambda text, draw: text.replace("question", draw.choice(["question", "person", "q"])),
    lambda text, draw: text.replace("tone.md.j2", draw.choice(["idle.md.j2", "absent.md.j2"])),
    lambda text, draw: text + draw.choice(["# note\n", "{{ name }}\n", "aliases: [tell]\n"]),
    lambda text, draw: "",
)


@pytest.mark.parametrize("seed", range(3))
def test_after_many_edits_the_findings_are_those_of_a_whole_run(
    seed: int, live: Live, project: GitRepository
) -> None:
    draw = random.Random(seed)
    paths = [path for path in FILES if path not in (CONFIG, CHANNELS)]
    shown(live)
    texts: dict[str, str | None] = {}

    for _ in range(60):
        path = draw.choice(paths)
        edit = draw.choice(EDITS)
        texts[path] = draw.choice([FILES[path], None, edit(texts.get(path) or FILES[path], draw)])
        live.put(path, texts[path])
        live.findings_now(path)
        live.findings(draw.choice(paths))
    project.write({path: text for path, text in texts.items() if text is not None})
    whole = linted(project.root)
    whole[CONFIG] = live_config(whole)

    assert shown(live) == whole


def live_config(whole: dict[str, list[str]]) -> list[str]:
    """The findings in the configuration, without what only a run over all prompts knows."""
    return [found for found in whole[CONFIG] if "REP009" not in found]


def test_a_prompt_shows_what_is_found_through_those_that_extend_it(repo: GitRepository) -> None:
    one, two = "prompts/one.prompt.yaml", "prompts/two.prompt.yaml"
    repo.write({one: "format: promptops/1\nextends: two.prompt.yaml\n"})
    repo.write({two: "format: promptops/1\nextends: one.prompt.yaml\n"})
    circular = Live(repo.root)
    for _ in circular.catalog_checks():
        pass

    found = [
        (each.place.path, each.code) for path in (one, two) for each in circular.findings(path)
    ]

    assert found == [(one, "REP002"), (two, "REP002")]
    circular.close()


def test_what_git_ignores_is_asked_anew_after_changes_outside(repo: GitRepository) -> None:
    text = "messages: [{role: user, content: '{% include \"partials/x.j2\" %}'}]\n"
    repo.write({ASK: f"format: promptops/1\n{text}", ".gitignore": "*.j2\n"})
    opened = Live(repo.root)
    assert "TPL003" in {each.code for each in opened.findings(ASK)}

    repo.write({"prompts/partials/x.j2": "Hello.\n"})
    opened.refreshed()

    (found,) = (each for each in opened.findings(ASK) if each.code in ("TPL003", "REP005"))
    assert f"{found.place} {found.code} {found.message}" in linted(repo.root)[ASK]
    assert found.code == "REP005"
    opened.close()


TWICE = """\
format: promptops/1
description: Say it twice.
inputs: {required: [word], properties: {word: {type: string, maxLength: 20}}}
messages:
  - {role: user, content: "Say {{ word }} {{ word }} now."}
tests:
  - {name: one, inputs: {word: yes it is}, rendered: [{type: contains, value: never}]}
"""


def test_at_once_findings_about_rendered_cases_are_the_earlier_ones(repo: GitRepository) -> None:
    repo.write({ASK: TWICE})
    live = Live(repo.root)

    def lines(findings: tuple[Finding, ...]) -> list[tuple[str, int]]:
        return [(each.code, each.place.line) for each in findings]

    assert lines(live.findings(ASK)) == [("TST012", 7)]

    live.put(ASK, TWICE.replace("messages:", "\nmessages:").replace("now.", "{{ wrod }}"))
    at_once = lines(live.findings_now(ASK))
    parts = list(live.check(ASK))
    later = lines(live.findings_now(ASK))
    live.close()

    assert at_once == [("VAR001", 6), ("TST012", 8)]
    assert later == [("VAR001", 6)]
    assert parts == [None, None]  # after the case, and after the prompt
