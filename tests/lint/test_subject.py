"""What rules are given of a prompt."""

from __future__ import annotations

from promptops.catalog.catalog import Catalog
from promptops.lint.examples import DAY, PROMPT_PATH, MemoryTree
from promptops.lint.subject import Subject
from promptops.model.config import Config


def test_each_text_and_each_condition_has_the_pointer_of_its_own_key() -> None:
    contents = (
        b"format: promptops/1\nmessages:\n  - role: user\n    when: 1 == 1\n    content:\n"
        b"      - {text: hello, when: 2 == 2}\n"
        b"      - {image: {url: 'https://a.example/b.png'}, when: 3 == 3}\n"
    )
    catalog = Catalog(MemoryTree({PROMPT_PATH: contents}), Config())
    prompt = catalog.loaded(PROMPT_PATH).prompt
    assert prompt is not None

    scopes = Subject(catalog, catalog.loaded(PROMPT_PATH), DAY).scopes

    assert [(each.at, each.condition) for each in scopes] == [
        ("/messages/0/content/0/text", False),
        ("/messages/0/when", True),
        ("/messages/0/content/0/when", True),
        ("/messages/0/content/1/when", True),
    ]
    assert [prompt.locate(each.at, False) for each in scopes] == [
        each.text.place(0, len(each.text.value)) for each in scopes
    ]
