"""The page of a check, of a real repository, through the command."""

import re

import pytest

from promptops.cli.main import run
from tests.report.diff.html_pages import read

PROMPT = """\
format: promptops/1
description: Greets one person.
inputs:
  required: [name]
  properties:
    name: {type: string, maxLength: 100, description: Of the person.}
    formal: {type: boolean, default: false, description: Whether to be formal.}
messages:
  - role: user
    content: |
      Greet {{ name }} in one sentence.
      {% include "partials/style.md.j2" %}
tests:
  - name: Ada
    inputs: {name: Ada}
    rendered:
      - {type: contains, value: Greet Ada}
"""
STYLE = """\
Be kind.
{% if formal %}
Be formal.
{% endif %}
"""
FILES = {"prompts/greet.prompt.yaml": PROMPT, "prompts/partials/style.md.j2": STYLE}


@pytest.fixture
def reported(repo, capsysbinary):
    """Run the gate, which writes `out.html`: exit code, and what it printed on each stream."""

    def start(*arguments, to="html=out.html"):
        code = run(["check", "-C", str(repo.root), "--format", to, *arguments])
        captured = capsysbinary.readouterr()
        return code, captured.out.decode(), captured.err.decode()

    return start


def with_class(root, name):
    return [each for each in root.all() if name in (each.attributes.get("class") or "").split()]


def page_of(repo, name="out.html"):
    return read((repo.root / name).read_text("utf-8"))


def words(element):
    return " ".join(element.text.split())


def test_a_page_is_written_and_where_and_with_which_verdict_is_said(repo, reported):
    repo.write(FILES)

    code, out, err = reported()

    assert (code, out, err) == (
        0,
        "",
        "out.html: pass: 1 prompt, 1 finding (1 warning), 1 case, 1 assertion\n",
    )
    assert words(next(page_of(repo).all("h1"))) == "✓ pass"


def test_the_page_of_a_check_that_fails_is_written_all_the_same(repo, reported):
    repo.write({**FILES, "prompts/greet.prompt.yaml": PROMPT.replace("{{ name }}", "{{ nmae }}")})

    code, _, err = reported()

    root = page_of(repo)
    (remark,) = with_class(with_class(root, "stretch")[0], "remark")
    assert code == 1
    assert err.startswith("out.html: fail: 1 prompt, ")
    assert words(remark).startswith(
        "✕ Error nmae is not an input VAR001 undefined-variable · 11:16"
    )
    assert [mark.text for mark in with_class(root, "stretch")[0].all("mark")] == ["nmae"]


def test_the_page_shows_coverage_that_no_policy_requires_and_no_other_format_does(repo, reported):
    repo.write(FILES)

    code, out, _ = reported("--format", "text")

    assert (code, "coverage" in out) == (0, False)

    root = page_of(repo)
    (template,) = with_class(root, "untaken")
    assert words(next(template.all("h3"))) == "prompts/partials/style.md.j2"
    assert [each.text for each in with_class(template, "line")] == [
        "Be kind.",
        "{% if formal %}",
        "Be formal.",
        "{% endif %}",
    ]
    assert [words(each) for each in with_class(template, "remark")] == [
        "○ Not covered formal is false in every case 2:7 · greet"
    ]


def test_what_changed_since_a_base_is_shown_with_why_it_was_looked_at(repo, reported):
    repo.write(FILES)
    repo.commit("one")
    repo.write({"prompts/partials/style.md.j2": STYLE.replace("kind", "brief")})
    repo.commit("two")

    code, _, err = reported("--since", "HEAD~1", "--at", "worktree")

    root = page_of(repo)
    base, head = (repo.git("rev-parse", "--short=12", each) for each in ("HEAD~1", "HEAD"))
    (revisions,) = with_class(root, "revisions")
    assert (code, words(revisions)) == (0, f"{base} → to the work tree at {head}")
    assert "required version bump: minor" in err
    (selected,) = with_class(root, "selected")
    assert words(selected) == "it reaches prompts/partials/style.md.j2, which changed"
    changes = next(each for each in root.all("section") if each.attributes.get("id") == "changes")
    assert [each.text for each in changes.all("del")] == ["kind"]
    assert [each.text for each in changes.all("ins")] == ["brief"]


def test_a_revision_is_looked_at_and_named(repo, reported):
    repo.write(FILES)
    commit = repo.commit("one")
    repo.git("tag", "before")
    repo.write({"prompts/greet.prompt.yaml": PROMPT.replace("{{ name }}", "{{ nmae }}")})

    _, _, err = reported("--at", "before")

    (revisions,) = with_class(page_of(repo), "revisions")
    assert err.startswith("out.html: pass: ")
    assert words(revisions) == f"before at {commit[:12]}"


def test_before_the_first_commit_no_commit_is_named(repo, reported):
    repo.write(FILES)

    reported()

    (revisions,) = with_class(page_of(repo), "revisions")
    assert words(revisions) == "the work tree"


def test_some_prompts_are_reported_by_name_and_by_tag(repo, reported):
    tagged = PROMPT.replace("description: Greets", "tags: [other]\ndescription: Greets")
    repo.write({**FILES, "prompts/b/other.prompt.yaml": tagged})

    _, _, by_name = reported("b/*")
    _, _, by_tag = reported("--select", "tag:other")
    code, _, unknown = reported("nobody")

    said = "out.html: pass: 1 prompt, 1 finding (1 warning), 1 case, 1 assertion\n"
    assert [by_name, by_tag] == [said, said]
    assert code == 2
    assert "nobody" in unknown


def test_a_page_goes_to_stdout_whole_and_nothing_else_does(repo, reported):
    repo.write(FILES)

    code, out, err = reported(to="html")

    assert code == 0
    assert out.startswith("<!doctype html>")
    assert out.endswith("</html>\n")
    assert err == ""


def test_a_file_that_can_t_be_written_is_said(repo, reported):
    repo.write(FILES)

    code, _, err = reported(to="html=nowhere/out.html")

    assert code == 3
    assert "nowhere/out.html: error: can't be written" in err


def test_the_page_shows_the_coverage_that_the_policy_requires(repo, reported):
    repo.write({**FILES, "promptops.toml": "[check]\ncoverage = 90\n"})

    code, _, _ = reported()

    root = page_of(repo)
    assert code == 1
    assert len(with_class(root, "untaken")) == 1
    assert "coverage" in [each.attributes.get("id") for each in root.all("section")]


def test_a_repository_without_prompts_has_a_page_that_says_so(repo, reported):
    repo.write({"notes.txt": "nothing\n"})

    code, _, err = reported()

    (verdict,) = with_class(page_of(repo), "verdict")
    said = "nothing to check, there are no prompts (`promptops init` creates one)"
    assert (code, err) == (0, f"out.html: pass: {said}\n")
    assert words(verdict) == said.replace("`", "")


def test_an_error_in_a_file_that_prompts_share_is_counted_for_each_of_them(repo, reported):
    body = "content: {file: ./greet.md.j2}\n"
    prompt = PROMPT.partition("    content: |")[0] + f"    {body}"
    repo.write(
        {
            "prompts/greet.prompt.yaml": prompt,
            "prompts/greet.md.j2": "Greet {{ nmae }}.\n{% include 'partials/style.md.j2' %}\n",
            "prompts/other.prompt.yaml": PROMPT,
            "prompts/partials/style.md.j2": STYLE + "{{ nobody }}\n",
        }
    )
    repo.commit("one")

    reported()

    (table,) = with_class(page_of(repo), "overview")
    found = {}
    for row in list(table.all("tr"))[1:]:
        (cell,) = (each for each in row.all("td") if each.attributes["data-title"] == "Findings")
        (link,) = cell.all("a")
        found[words(next(row.all("th")))] = (words(cell), link.attributes["href"])
    assert {name: told[0].split(" ! ")[0] for name, told in found.items()} == {
        "greet": "✕ 2 errors",
        "other": "✕ 1 error",
    }
    anchors = {each.attributes.get("id") for each in page_of(repo).all()}
    assert {href.removeprefix("#") for _, href in found.values()} <= anchors


def test_files_that_can_t_be_read_are_findings_without_a_source(repo, reported):
    repo.write({**FILES, "prompts/broken.prompt.yaml": b"\xff\xfe\x00"})

    reported()

    root = page_of(repo)
    titles = [words(next(each.all("h3"))) for each in with_class(root, "file")]
    assert "prompts/broken.prompt.yaml" in titles


def test_the_page_has_no_address_whatever_the_prompts_hold(repo, reported):
    repo.write(FILES)
    repo.commit("one")
    repo.write({"prompts/partials/style.md.j2": STYLE.replace("kind", "brief")})

    _, out, _ = reported("--since", "HEAD", to="html")

    assert re.findall(r"https?://|url\(|@import|[\"'(]//", out) == []
