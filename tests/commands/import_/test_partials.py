"""Templates that texts include become partials, and roles that files have become messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptops.workspace.workspace import workspace
from tests.commands.import_.imported import imported, rendered, severe, states


@pytest.fixture(autouse=True)
def _in_the_repository(repo, monkeypatch):
    monkeypatch.chdir(repo.root)


def jinja(root: Path, template: str, **inputs: object) -> str:
    """What Jinja itself renders for a file, without white space at the ends."""
    from jinja2 import Environment, FileSystemLoader

    return Environment(loader=FileSystemLoader(root)).get_template(template).render(inputs).strip()


def test_included_and_imported_templates_render_as_jinja_renders_them(repo):
    repo.write(
        {
            "old/ask.j2": (
                '{% from "lib/macros.j2" import shout %}\n{% include "lib/style.j2" %}\n'
                'Hi {{ shout(name) }}.{% include "lib/style.j2" %} End\n'
            ),
            "old/lib/macros.j2": "{% macro shout(x) %}{{ x | upper }}!{% endmacro %}\n",
            "old/lib/style.j2": 'Be {{ tone }}.\n{% include "lib/deep.j2" %}\n\n',
            "old/lib/deep.j2": "Deep {{ name }}\n",
        }
    )

    result = imported(repo.root, "old", to="prompts/legacy")

    assert (states(result), severe(result)) == (["written legacy/ask"], [])
    assert sorted(path.name for path in Path("prompts/legacy/partials").iterdir()) == [
        "deep.md.j2",
        "macros.md.j2",
        "style.md.j2",
    ]
    inputs = {"name": "ada", "tone": "{{ kind }}\n"}
    found = rendered(repo.root, "prompts/legacy/ask.prompt.yaml", **inputs)
    assert [text.strip() for text in found] == [jinja(Path("old"), "ask.j2", **inputs)]


def test_equal_partials_are_one_file_and_others_get_the_name_of_their_folder(repo):
    repo.write(
        {
            "old/a/p.j2": '{% include "style.j2" %} one',
            "old/a/style.j2": "Be kind.\n",
            "old/b/p.j2": '{% include "style.j2" %} two',
            "old/b/style.j2": "Be kind.\n",
            "old/c/p.j2": '{% include "style.j2" %} three',
            "old/c/style.j2": "Be brief.\n",
        }
    )

    result = imported(repo.root, "old")

    assert states(result) == ["written a/p", "written b/p", "written c/p"]
    assert sorted(path.name for path in Path("prompts/partials").iterdir()) == [
        "c-style.md.j2",
        "style.md.j2",
    ]
    assert rendered(repo.root, "prompts/c/p.prompt.yaml") == ["Be brief. three"]


def test_a_template_of_another_folder_is_named(repo):
    repo.write({"old/a/p.j2": '{% include "style.j2" %} one', "old/style.j2": "Be kind.\n"})

    result = imported(repo.root, "old")

    assert [found.message for found in result.findings if found.code == "IMP303"] == [
        "the template `style.j2` is taken from `style.j2`"
    ]


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ('{% include "nope.j2" %} x', "the included template `nope.j2` is missing"),
        ("{% include name %} x", "`include name` does not include a template by a constant name"),
        (
            '{% extends "base.j2" %}{% block a %}x{% endblock %}',
            '`extends "base.j2"` does not include a template by a constant name',
        ),
        ('{% include "../../outside.txt" %} x', "the included template `../../outside.txt` is"),
    ],
)
def test_a_template_that_can_not_be_included_refuses_the_prompt(repo, template, message):
    repo.write({"old/sub/a.j2": template, "old/base.j2": "x y", "outside.txt": "secret"})

    result = imported(repo.root, "old", include=("sub/*",))

    assert states(result) == ["refused sub/a"]
    assert severe(result)[0].startswith(f"old/sub/a.j2:1 IMP104 {message}")


def test_files_and_folders_with_roles_are_one_prompt(repo):
    repo.write(
        {
            "old/triage.user.txt": "Ticket: {{t}}\n",
            "old/triage.system.j2": "Be kind.\n",
            "old/agent/system.md": "You help.\n",
            "old/chat/user_prompt.md": "Ask {{q}} now.\n",
            "old/chat/system_prompt.md": "You chat.\n",
            "old/notes-system.md": "Note.\n",
        }
    )

    result = imported(repo.root, "old")

    assert states(result) == [
        "written notes-system",
        "written triage",
        "written agent",
        "written chat",
    ]
    with workspace(repo.root) as opened:
        found = {
            path: [getattr(message, "role", "") for message in loaded.prompt.messages]
            for path in ("prompts/triage.prompt.yaml", "prompts/chat.prompt.yaml")
            if (loaded := opened.catalog.loaded(path)).prompt is not None
        }
    assert set(map(tuple, found.values())) == {("system", "user")}
    assert len(found) == 2
