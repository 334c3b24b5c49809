"""What rules are given of a prompt."""

from __future__ import annotations

from promptops.catalog.catalog import Catalog
from promptops.lint.examples import DAY, PROMPT_PATH, MemoryTree
from promptops.lint.subject import CASE_CHARS, MAX_RENDERED_CHARS, PromptFacts
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

    scopes = PromptFacts(catalog, catalog.loaded(PROMPT_PATH), DAY).scopes

    assert [(each.at, each.condition) for each in scopes] == [
        ("/messages/0/content/0/text", False),
        ("/messages/0/when", True),
        ("/messages/0/content/0/when", True),
        ("/messages/0/content/1/when", True),
    ]
    assert [prompt.locate(each.at, False) for each in scopes] == [
        each.text.place(0, len(each.text.value)) for each in scopes
    ]


def _renders(text: str, cases: str) -> list[tuple[str, bool, str]]:
    contents = (
        f"format: promptops/1\nmessages:\n  - {{role: user, content: '{text}'}}\ntests:\n{cases}"
    )
    catalog = Catalog(MemoryTree({PROMPT_PATH: contents.encode()}), Config())
    renders = PromptFacts(catalog, catalog.loaded(PROMPT_PATH), DAY).renders
    return [(r.case.name, r.traced is not None, str(r.error or "")) for r in renders]


def test_cases_that_render_to_very_much_are_refused_once_and_not_remembered() -> None:
    text = "{% for n in range(9000) %}" + "x" * 100 + "{% endfor %}"
    enough = MAX_RENDERED_CHARS // (900_000 - CASE_CHARS) + 1
    cases = "".join(f"  - name: c{n}\n" for n in range(enough + 5))

    renders = _renders(text, cases)

    assert [traced for _, traced, _ in renders] == [True] * enough + [False] * 5
    assert [name for name, _, error in renders if error] == [f"c{enough}"]
    assert (
        "the cases before this one render to over 6 million characters in all" in renders[enough][2]
    )


def test_many_cases_of_ordinary_size_are_all_remembered() -> None:
    cases = "".join(f"  - name: c{n}\n" for n in range(1_000))

    renders = _renders("x" * 15_000, cases)

    assert [traced for _, traced, _ in renders] == [True] * 1_000
