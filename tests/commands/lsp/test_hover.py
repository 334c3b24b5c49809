"""What hovering shows, and that text of the repository stays text."""

from __future__ import annotations

import pytest

from promptops.analysis.models import find
from promptops.commands.lint.live import Live
from promptops.commands.lsp.hovers import code, excerpt, prose, sentence
from tests.commands.lsp.at_mark import hovered
from tests.commands.lsp.conftest import DESK, PATH

TICKET = """\
input **`ticket`**: string, required, untrusted

The message.

- maxLength: `80`
- used in `prompts/desk.prompt.yaml:26`
- given in 2 of 2 cases"""
TONE = """\
input **`tone`**: warm \\| formal, default warm

- default: `"warm"`
- used in `prompts/partials/tone.md.j2:1`
- given in 0 of 2 cases"""
TONE_FILE = """\
**`prompts/partials/tone.md.j2`**: 6 tokens (estimated)

```jinja
Be {{ tone }}.

```"""
FACTS = find("openai", "gpt-3.5-turbo-0125")
assert FACTS is not None
OLD = f"""\
profile **`old`**: `openai gpt-3.5-turbo-0125`

- input $0.5, output $1.5 for a million tokens
- context window 16,385 tokens
- retires on {FACTS.retires_on}; use `{FACTS.successor}`"""


def at(old: str, new: str) -> str:
    assert DESK.count(old) == 1
    return DESK.replace(old, new)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (at("{{ ticket }}", "{{ ti¦cket }}"), TICKET),
        (at("    ticket: {type", "    tic¦ket: {type"), TICKET),
        (at("inputs: {ticket: help", "inputs: {ticke¦t: help"), TICKET),
        (at("    tone:", "    t¦one:"), TONE),
        (at("{{ order.id }}", "{{ order.i¦d }}"), "**`id`**: string, required\n\nIts number."),
        (at("{{ order.id }}", "{{ or¦der.id }}"), "**`order`**: item of `orders`"),
        (at("{{ one.id }}", "{{ o¦ne.id }}"), "**`one`**: item of `orders`"),
        (
            at("{{ ticket }}", "{{ ticket | up¦per }}"),
            "filter **`upper`**: The text in upper case.",
        ),
        (at("{{ ticket }}", "{{ 1 is od¦d }}"), "test **`odd`**: The number is odd."),
        (at("{{ ticket }}", "{{ ter¦m(1) }}"), "**`term`**: a macro of `partials/terms.macros.j2`"),
        (at("import term", "import te¦rm"), "macro `term(word)` of `partials/terms.macros.j2`"),
        (at("{% endfor", "{% end¦for"), "statement **`endfor`**: The end of a `for`."),
        (at("partials/tone", "parti¦als/tone"), TONE_FILE),
        (at("profile: fast", "profile: ol¦d"), OLD),
        (at("budget:", "title: x ¦\nbudget:"), ""),
        (
            at("role: system", "ro¦le: system"),
            "**`role`**: The role: system, developer, user, assistant or tool.",
        ),
        (at("{{ ticket }}", "plain pro¦se"), ""),
        (at("description: d.", "description: ¦d."), ""),
    ],
)
def test_hovering_explains_what_is_under_the_cursor(desk: Live, text: str, expected: str) -> None:
    meaning = hovered(desk, PATH, text).split("\n\n---\n\n")[-1]  # after the findings, if any

    assert meaning == expected


def test_the_messages_show_their_tokens_and_their_share_of_the_budget(desk: Live) -> None:
    shown = hovered(desk, PATH, DESK.replace("\nmessages:", "\nmess¦ages:"))

    assert shown.split("\n") == [
        "**`messages`**: The messages of the request, in order.",
        "",
        "- 9 tokens in 1 rendered case (estimated)",
        "- 9% of the budget of 100 tokens",
        "- $0.00000675 for the largest request, without the answer",
        "- less than 0.1% of the context window of `gpt-5.4-mini-2026-03-17`",
    ]


def test_a_finding_shows_its_message_and_the_page_of_its_rule(desk: Live) -> None:
    shown = hovered(desk, PATH, at("{{ ticket }}", "{{ tic¦ekt }}"))

    message, page, *_ = shown.split("\n\n---\n\n")
    assert message == "**`VAR001`** `ticekt` is not an input  \ndid you mean `ticket`?"
    assert page.startswith("### VAR001 undefined-variable (error)\n\n")


def test_a_description_cannot_show_links_commands_or_structure(desk: Live) -> None:
    evil = "[x](command:evil) <a href=y> https://a.b www.c.d me@e.f ![i](j) **k** | # `l"

    text = at("The message.", f"'{evil}'").replace("{{ ticket }}", "{{ ti¦cket }}")

    shown = hovered(desk, PATH, text).split("\n\n---\n\n")[-1]

    assert shown.split("\n")[2] == (
        r"\[x\]\(command\:evil\) \<a href=y\> https\://a.b www\.c.d me\@e.f \!\[i\]\(j\)"
        r" \*\*k\*\* \| \# \`l"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- a", r"\- a"),
        ("12. a", r"12\. a"),
        ("a\n\n# b", r"a \# b"),
        ("\u202e\x1b[0m", r"\\u202e\\x1b\[0m"),
    ],
)
def test_prose_is_one_line_without_structure(text: str, expected: str) -> None:
    assert prose(text) == expected


def test_code_and_excerpts_cannot_be_left(desk: Live) -> None:
    assert code("a `` b") == "``` a `` b ```"
    assert sentence("`a*b` is *c* here") == r"`a*b` is \*c\* here"
    assert excerpt("jinja", "```\nx") == "````jinja\n```\nx\n````"
