"""Lint runs again when a file changes, and checks again only what depends on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from promptops.commands.lint.lint import LintOptions, lint
from promptops.commands.lint.live import Live
from promptops.commands.lint.watching import Linted, watch
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace
from tests.commands.lint.test_live import ASK, BASE, CONFIG, FILES, TELL, TONE
from tests.conftest import GitRepository

OPTIONS = LintOptions(use_cache=False)


@pytest.fixture
def live(repo: GitRepository) -> Iterator[Live]:
    repo.write(FILES)
    repo.commit("start")
    opened = Live(repo.root)
    yield opened
    opened.close()


class Runs:
    """The runs of `watch`; each change is made while it pauses."""

    def __init__(self, live: Live, wanted: SelectionOptions) -> None:
        self._change: Callable[[], object] = lambda: None
        self._runs = watch(live, wanted, OPTIONS, lambda _seconds: self._change())

    def first(self) -> Linted:
        return next(self._runs)

    def after(self, change: Callable[[], object]) -> Linted:
        self._change = change
        return next(self._runs)


def in_short(linted: Linted) -> list[str]:
    assert linted.report is not None
    return [f"{each.place} {each.code}" for each in linted.report.findings]


def of_a_new_run(root: Path, wanted: SelectionOptions) -> list[str]:
    with workspace(root) as found:
        return [f"{each.place} {each.code}" for each in lint(found, wanted, OPTIONS).findings]


@pytest.mark.parametrize("patterns", [(), ("ask", "tell")])
def test_each_run_reports_what_a_new_run_reports(
    patterns: tuple[str, ...], live: Live, repo: GitRepository
) -> None:
    wanted = SelectionOptions(patterns=patterns)
    runs = Runs(live, wanted)
    texts = {
        ASK: FILES[ASK].replace("qestion", "question"),
        TONE: "Be brief. {{ somebody }}\n",
        BASE: FILES[BASE].replace("{{ name }}", "{{ nome }}"),
        TELL: FILES[TELL] + "messages: [\n",
    }

    found = [in_short(runs.first())]
    whole = [of_a_new_run(repo.root, wanted)]
    for path, text in texts.items():
        linted = runs.after(lambda path=path, text=text: repo.write({path: text}))
        assert linted.changed == {path}
        found.append(in_short(linted))
        whole.append(of_a_new_run(repo.root, wanted))

    assert found == whole
    assert len({tuple(each) for each in found}) >= 4


def test_an_error_of_the_configuration_is_shown_until_it_is_fixed(
    live: Live, repo: GitRepository
) -> None:
    runs = Runs(live, SelectionOptions())
    before = in_short(runs.first())

    broken = runs.after(lambda: repo.write({CONFIG: "[lint\n"}))
    missing = runs.after(lambda: repo.write({CONFIG: 'prompts = ["absent"]\n'}))

    assert broken.report is missing.report is None
    assert [error.where for error in broken.errors] == ["promptops.toml:1:1"]
    assert [error.message for error in missing.errors] == [
        "there are no files below `absent`, which `prompts` names as a folder of prompts"
    ]
    assert in_short(runs.after(lambda: repo.write({CONFIG: FILES[CONFIG]}))) == before


def test_a_selected_prompt_may_be_renamed(live: Live, repo: GitRepository) -> None:
    runs = Runs(live, SelectionOptions(patterns=("tell",)))
    before = in_short(runs.first())
    there, elsewhere = repo.root / TELL, repo.root / "prompts/say.prompt.yaml"

    gone = runs.after(lambda: there.rename(elsewhere))

    assert [error.message for error in gone.errors] == ["no prompt matches 'tell'"]
    assert in_short(runs.after(lambda: elsewhere.rename(there))) == before


def test_on_the_next_day_all_prompts_are_checked_again(repo: GitRepository) -> None:
    repo.write({**FILES, CONFIG: '[models.fast]\nprovider = "openai"\nid = "gpt-4-0613"\n'})
    days = [date(2026, 10, 1)]
    opened = Live(repo.root, today=lambda: days[-1])
    runs = Runs(opened, SelectionOptions(patterns=("ask",)))

    def retires(linted: Linted) -> list[str]:
        assert linted.report is not None
        return [each.message for each in linted.report.findings if each.code == "CFG002"]

    def next_day() -> None:
        days.append(date(2026, 10, 22))
        repo.write({BASE: FILES[BASE] + "# a comment\n"})

    found = [retires(runs.first()), retires(runs.after(next_day))]
    opened.close()

    assert found == [
        ["`gpt-4-0613` is retired on 2026-10-23, in 22 days"],
        ["`gpt-4-0613` is retired on 2026-10-23, in 1 day"],
    ]
