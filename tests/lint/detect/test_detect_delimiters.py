from __future__ import annotations

import pytest

from promptops.lint.rules.unbalanced_delimiter import find_unbalanced

FIRING = [
    ("<doc>\nThe text\n\nAnswer now.", "<doc>", "`<doc>` is never closed"),
    ("<doc>The text\n\nAnswer now.", "<doc>", "`<doc>` is never closed"),
    ('  <doc id="1">  \nThe text', '<doc id="1">', "`<doc>` is never closed"),
    ("<a>\n<b>\nx\n</a>\n", "<b>", "`<b>` is never closed"),
    ("<doc>\nx\n<\\doc>\n", "<doc>", "`<doc>` is never closed"),
    ("x\n</doc>\ny", "</doc>", "`</doc>` has no opening tag"),
    ("<doc>\nx\n</doc>\n<doc>\ny", "<doc>", "`<doc>` is never closed"),
    ("Reply as\n```json\n{}\n", "```", "a code fence is never closed"),
    ("```\na\n```\n~~~~\nb\n~~~\n", "~~~~", "a code fence is never closed"),
    ("<doc>\n```\n</doc>\n```\nThe text", "<doc>", "`<doc>` is never closed"),
]


@pytest.mark.parametrize(("text", "mark", "message"), FIRING, ids=[text for text, _, _ in FIRING])
def test_a_delimiter_without_its_other_half_is_found(text: str, mark: str, message: str) -> None:
    found = [(text[m.start : m.end], m.message) for m in find_unbalanced(text)]

    assert found == [(mark, message)]


def test_the_unclosed_one_of_several_is_told() -> None:
    text = "<doc>\none\n</doc>\n<doc>\ntwo"

    (match,) = find_unbalanced(text)

    assert match.start == text.rindex("<doc>")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<doc>\nThe text\n</doc>",
        "<doc>The text</doc> and <doc>more</doc>",
        "<a>\n<b>\n</b>\n</a>",
        "Text:<doc>\nx\n</doc>\n",
        "Put it between <answer> and </answer> tags.\n<answer>\nx\n</answer>",
        "Greet <name> and sign as <role>.",
        "Visit <https://example.com> or <ada@example.com>",
        "<br>\n<hr>\n<img src='x'>\n<input>",
        "<doc/>\n<doc />",
        "List<String>\nMap<K, V>\nif a < b and c > d",
        "Use `<doc>` here\n```\n<doc>\n```\n",
        "<<name>>\n",
        "Think step by step.\n<answer>",
        "Think step by step.\n<answer>\n\n",
        "```python\nx\n```\n~~~\ny\n~~~\n",
        "````markdown\n```python\nx\n```\n````\n",
        "```markdown\n```python\nx\n```\n```\n",
        "```\nshown:\n    ```bash\n    x\n    ```\n```\n",
        "inline ```x``` and ```y```\n```x``` at the line's beginning\n",
    ],
)
def test_what_is_balanced_or_no_delimiter_is_left_alone(text: str) -> None:
    assert find_unbalanced(text) == ()
