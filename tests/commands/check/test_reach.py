"""One edit of a partial reaches many prompts: one row with their number and an example."""

from __future__ import annotations

import re

import pytest

from promptops.cli.main import run
from promptops.commands.check.check import source_links
from promptops.commands.check.facts import alike_risks
from promptops.model.check import SourceLinks
from promptops.model.report import Risk
from tests.commands.check.test_check_page import page_of, with_class, words

HOUSE = "prompts/partials/house.md.j2"
COUNT = 7


def prompt(number: int) -> str:
    return f"""\
format: promptops/1
description: Answers questions about product {number}.
inputs:
  required: [question]
  properties:
    question: {{type: string, minLength: 1, maxLength: 100, description: Of a customer.}}
messages:
  - {{role: system, content: 'About product {number}. {{% include "partials/house.md.j2" %}}'}}
  - {{role: user, content: "{{{{ question }}}}"}}
tests:
  - {{name: one, inputs: {{question: How?}}, rendered: [{{type: contains, value: product}}]}}
"""


@pytest.fixture
def changed(repo, base):
    """The partial is changed in a way that differs in the line of each prompt."""
    files = {f"prompts/team/ask{number}.prompt.yaml": prompt(number) for number in range(COUNT)}
    base({**files, HOUSE: "Be friendly. Never promise a date.\n"})
    repo.write({HOUSE: "Be friendly. Never promise a date or a price.\n"})
    repo.commit("two")
    return repo


def written(repo, capsysbinary, *arguments: str) -> str:
    run([*arguments, "-C", str(repo.root)])
    return capsysbinary.readouterr().out.decode()


def test_a_terminal_and_a_comment_have_one_row(changed, capsysbinary):
    text = written(changed, capsysbinary, "check", "--since", "main")
    comment = written(changed, capsysbinary, "check", "--since", "main", "--format", "markdown")

    assert [line for line in text.splitlines() if line.startswith("change: ")] == [
        f"change: team/ask0 and 6 more prompts through {HOUSE}: minor: the system text differs in"
        " the only case and 1 more change"
    ]
    assert re.findall(r"\| <code>team.*\n", comment) == [
        f"| <code>team/ask0</code> and 6 more prompts through {HOUSE} | **minor** |"
        " the system text differs in the only case and 1 more change | 7 of 7 | +3 |\n"
    ]
    assert re.findall(r"<summary>(<code>team.*?)</summary>", comment) == [
        f"<code>team/ask0</code>: 2 changes, an example for 6 more prompts through {HOUSE}"
    ]
    assert "The same edit reaches <code>team/ask1</code>, <code>team/ask2</code>" in comment


def test_a_diff_shows_one_example_and_names_the_others(changed, capsysbinary):
    text = written(changed, capsysbinary, "diff", "main..HEAD")

    assert [line for line in text.splitlines() if "team/" in line] == [
        "team/ask0  (minor)",
        f"  6 more prompts through {HOUSE}: "
        + ", ".join(f"team/ask{number}" for number in range(1, COUNT)),
    ]


def test_a_page_has_one_row_and_one_section(changed, capsysbinary):
    written(changed, capsysbinary, "check", "--since", "main", "--format", "html=out.html")
    page = page_of(changed)

    rows = [words(each) for each in with_class(page, "overview") for each in each.all("tr")][1:]
    (row,) = rows
    assert row.startswith("team/ask0 and 6 more prompts that the same edit reaches")
    (section,) = [
        each for each in with_class(page, "prompt") if "changes-of" in str(each.attributes)
    ]
    assert "An example: the same edit reaches 6 more prompts: team/ask1" in words(section)


def test_a_prompt_that_fails_has_a_row_of_its_own(changed, capsysbinary):
    path = "prompts/team/ask3.prompt.yaml"
    changed.write({path: prompt(3).replace("value: product", "value: service")})
    changed.commit("three")

    written(changed, capsysbinary, "check", "--since", "main", "--format", "html=out.html")

    (overview,) = with_class(page_of(changed), "overview")
    names = [words(each) for each in overview.all("a") if words(each).startswith("team/")]
    assert names == ["team/ask3", "team/ask0"]


def test_few_prompts_are_shown_one_by_one(repo, base, capsysbinary):
    files = {f"prompts/team/ask{number}.prompt.yaml": prompt(number) for number in range(5)}
    base({**files, HOUSE: "Be friendly. Never promise a date.\n"})
    repo.write({HOUSE: "Be friendly. Never promise a date or a price.\n"})
    repo.commit("two")

    text = written(repo, capsysbinary, "check", "--since", "main")

    assert len([line for line in text.splitlines() if line.startswith("change: ")]) == 5


def test_risks_with_the_same_sentence_are_one():
    many = [Risk(message="another model", prompt=f"ask{number}") for number in range(11)]
    few = [Risk(message="replaced", prompt=f"ask{number}") for number in range(10)]

    assert alike_risks([many[0], *few, *many[1:]]) == [(many[0], 10), *((risk, 0) for risk in few)]


COMMIT = "c" * 40


@pytest.mark.parametrize(
    ("environment", "links"),
    [
        (
            {"GITHUB_SERVER_URL": "https://git.example.com", "GITHUB_REPOSITORY": "acme/app"},
            SourceLinks(
                f"https://git.example.com/acme/app/commit/{COMMIT}",
                f"https://git.example.com/acme/app/blob/{COMMIT}/",
                "#L",
            ),
        ),
        (
            {"CI_PROJECT_URL": "https://git.example.com/acme/app"},
            SourceLinks(
                f"https://git.example.com/acme/app/-/commit/{COMMIT}",
                f"https://git.example.com/acme/app/-/blob/{COMMIT}/",
                "#L",
            ),
        ),
        ({"CI_PROJECT_URL": "javascript:alert(1)"}, None),
        ({"GITHUB_SERVER_URL": "https://git.example.com"}, None),
        ({}, None),
    ],
)
def test_links_follow_the_variables_of_ci(environment, links):
    assert source_links(environment, COMMIT) == links
    assert source_links(environment, "") is None


def test_the_page_links_to_commit_file_and_line_where_ci_knows_them(
    changed, capsysbinary, monkeypatch
):
    monkeypatch.setenv("CI_PROJECT_URL", "https://git.example.com/acme/app")
    path = "prompts/team/ask 3.prompt.yaml"
    changed.write({path: prompt(3).replace("{{ question }}", "{{ qestion }}")})
    commit = changed.commit("three")

    written(changed, capsysbinary, "check", "--since", "main", "--format", "html=out.html")

    links = {each.attributes.get("href", ""): words(each) for each in page_of(changed).all("a")}
    files = f"https://git.example.com/acme/app/-/blob/{commit}/prompts/team/ask%203.prompt.yaml"
    assert links[f"https://git.example.com/acme/app/-/commit/{commit}"] == commit[:12]
    assert links[files] == path
    assert links[f"{files}#L9"] == f"{path}:9:31"


def test_the_page_of_files_on_disk_has_no_links(changed, capsysbinary, monkeypatch):
    monkeypatch.setenv("CI_PROJECT_URL", "https://git.example.com/acme/app")

    written(
        changed, capsysbinary, "check", "--since", "main", "--at", "worktree",
        "--format", "html=out.html",
    )  # fmt: skip

    assert "git.example.com" not in (changed.root / "out.html").read_text("utf-8")


def test_changes_precede_cases_also_if_these_fail(changed, capsysbinary):
    path = "prompts/team/ask3.prompt.yaml"
    changed.write({path: prompt(3).replace("value: product", "value: service")})
    changed.commit("three")

    written(changed, capsysbinary, "check", "--since", "main", "--format", "html=out.html")

    groups = [each.attributes["id"] for each in with_class(page_of(changed), "group")]
    assert groups[:3] == ["changes", "cases", "findings"]
