"""Templates with role lines become turns."""

from __future__ import annotations

import pytest

from promptops.formats.chat_messages import RoleLines
from promptops.formats.document import SourceHistory, SourceLoop, SourceMessage
from promptops.formats.languages.jinja import default_jinja
from promptops.formats.prompt_file import stripped
from promptops.formats.translation import InputNames, jinja
from promptops.model.place import Place, plain_text


def read(text, first_role="system"):
    parts = default_jinja(plain_text("a", text), InputNames()).parts
    reader = RoleLines(lambda: Place("a"), first_role)
    turns = [shown(turn) for turn in reader.turns(parts)]
    return turns, [loss.message for loss in reader.losses if loss.code == "IMP101"]


def shown(turn):
    if isinstance(turn, SourceMessage):
        return turn.role, jinja(stripped(turn.content[0].parts)), turn.when
    if isinstance(turn, SourceHistory):
        return "history", turn.source
    assert isinstance(turn, SourceLoop)
    return "loop", turn.source, turn.name, [shown(message) for message in turn.messages]


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        (
            "system:\nBe {{ tone }}.\n\nuser:\n{{ q }}\n",
            [("system", "Be {{ tone }}.", None), ("user", "{{ q }}", None)],
        ),
        ("Hi.\n# User:\nyou", [("system", "Hi.", None), ("user", "you", None)]),
        (
            "system:\nuser: not a role\nassistant:\nx",
            [("system", "user: not a role", None), ("assistant", "x", None)],
        ),
        (
            "system:\na\n{% for m in history %}\n{{ m.role }}:\n{{ m.content }}\n{% endfor %}\n"
            "user:\nb",
            [("system", "a", None), ("history", "history"), ("user", "b", None)],
        ),
        (
            "{% for e in examples %}\nuser:\n{{ e.q }}\nassistant:\n{{ e.a }}\n{% endfor %}\n"
            "user:\nb",
            [
                (
                    "loop",
                    "examples",
                    "e",
                    [("user", "{{ e.q }}", None), ("assistant", "{{ e.a }}", None)],
                ),
                ("user", "b", None),
            ],
        ),
        (
            "{% if a %}\nsystem:\nx\n{% elif b == 1 %}\nsystem:\ny\n{% else %}\nsystem:\nz\n"
            "{% endif %}",
            [
                ("system", "x", "a"),
                ("system", "y", "not (a) and (b == 1)"),
                ("system", "z", "not (a) and not (b == 1)"),
            ],
        ),
        (
            "{% set n = 3 %}\nsystem:\n{{ n }}\nuser:\n{{ n + 1 }}",
            [
                ("system", "{% set n = 3 %}{{ n }}", None),
                ("user", "{% set n = 3 %}{{ n + 1 }}", None),
            ],
        ),
        (
            "system:\n{% if a %}x{% endif %} y {% for i in s %}{{ i }}{% endfor %}",
            [("system", "{% if a %}x{% endif %} y {% for i in s %}{{ i }}{% endfor %}", None)],
        ),
        ("no roles at all", []),
    ],
)
def test_role_lines_begin_messages(text, turns):
    assert read(text) == (turns, [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ m.role }}:\nx", "text precedes the first role"),
        (
            "{% if a %}\nuser:\nx\n{% endif %}\nmore",
            "text follows a condition or loop around whole messages",
        ),
        (
            "{% for e in a.b %}\nuser:\nx\n{% endfor %}",
            "a loop around whole messages must iterate over an input",
        ),
        (
            "{% if a %}{% if b %}\nuser:\nx\n{% endif %}{% endif %}",
            "a loop or a condition is nested around whole messages",
        ),
        ("text\nuser:\nx", "text precedes the first role"),
    ],
)
def test_what_is_not_a_list_of_turns_is_refused(text, message):
    assert read(text, first_role=None)[1] == [message]
