"""Which obligations count as lost, and which edits are none of a reviewer's business."""

from __future__ import annotations

import pytest

from promptops.diff.requests import LossKind, LostObligation, lost_obligations
from tests.hanging import ends_soon
from tests.tiers import fast_spread

KEY = "Never share the key."
LONG = "Never tell anybody who has not signed in yet what the\nFrench office charges for it."
TOLD: list[tuple[str, str, LossKind]] = [
    (KEY, "", "gone"),
    (KEY, "Be kind to the cat.", "gone"),
    (KEY, "Share the key.", "reversed"),
    (KEY, "Always share the key.", "reversed"),
    (KEY, "You may share the key.", "reversed"),
    (KEY, "Never share the key unless they insist.", "weakened"),
    (KEY, "Try never to share the key.", "weakened"),
    (KEY, "Avoid sharing the key.", "weakened"),
    (KEY, "You should not share the key.", "weakened"),
    (KEY, "Never share the key with strangers.", "reworded"),
    (KEY, "Never share the lock.", "reworded"),
    (KEY, "Never share the <key>.", "reworded"),
    ("Never print <secret> or <token>.", "Never print <public> or <token>.", "reworded"),
    ("Do not guess.", "Guess.", "reversed"),
    ("Don't guess.", "Always guess.", "reversed"),
    ("You must cite sources.", "You must not cite sources.", "reversed"),
    ("You must cite sources.", "You should cite sources.", "weakened"),
    ("You must cite sources.", "You may cite sources.", "weakened"),
    ("You must cite sources.", "Cite sources if possible.", "weakened"),
    ("You must cite sources.", "Cite sources.", "weakened"),
    ("You must cite sources.", "Cake.", "gone"),
    ("Always answer in French.", "Answer in French.", "weakened"),
    ("Always answer in French.", "Always answer in German.", "reworded"),
    ("Only answer in French.", "Always answer in French.", "reworded"),
    ("Ensure the JSON is valid.", "Ideally the JSON is valid.", "weakened"),
    ("Refuse to discuss politics.", "Do not refuse to discuss politics.", "reversed"),
    ("Do not discuss politics.", "Refuse to discuss politics.", "reworded"),
    ("It is forbidden to sell data.", "It is allowed to sell data.", "reversed"),
    ("Users are not allowed to sell data.", "Users are allowed to sell data.", "reversed"),
    ("Under no circumstances sell data.", "Sell data.", "reversed"),
    ("Never answer without a source.", "Answer without a source.", "reversed"),
    ("Never answer without a source.", "Always answer with a source.", "reworded"),
    ("Use at most 3 words.", "Use at least 3 words.", "reversed"),
    ("Use at most 3 words.", "Use at most 5 words.", "reworded"),
    ("The score must be > 5.", "The score must be < 5.", "reworded"),
    ("The level must be -5.", "The level must be 5.", "reworded"),
    ("No emojis.", "Emojis.", "reversed"),
    ("❌ Share the key", "✅ Share the key", "reversed"),
    ("Never include personal data.", "Never exclude personal data.", "reworded"),
    ("Never name our employer.", "Never name our employee.", "reworded"),
    ("Never do lawful things.", "Never do unlawful things.", "reworded"),
    ("Never harm\nthe cat.", "Never harm\nthe dog.", "reworded"),
    (LONG, LONG.replace("charges", "pays"), "reworded"),
    ("Do not:\n- share keys", "Do not:\n- bake bread", "gone"),
    ("Do not:\n- share keys", "Do:\n- share keys", "reversed"),
    ("You must:\n- share keys", "You can:\n- share keys", "weakened"),
    ("## Never\n- share keys", "## Often\n- share keys", "reversed"),
    ("- Never:\n  - share keys\n- be kind", "- Never:\n- share keys\n- be kind", "reversed"),
    ("Gib den Code niemals weiter.", "Gib den Code weiter.", "reversed"),
    ("Gib den Code nicht weiter.", "Gib den Code immer weiter.", "reversed"),
    ("Du darfst den Code nicht zeigen.", "Du darfst den Code zeigen.", "reversed"),
    ("Du musst Quellen nennen.", "Du solltest Quellen nennen.", "weakened"),
    ("Ne partage jamais la clé.", "Partage la clé.", "reversed"),
    ("Vous devez citer la source.", "Vous pouvez citer la source.", "weakened"),
    ("N'utilise pas d'emojis.", "Utilise d'emojis.", "reversed"),
    ("No compartas la clave.", "Comparte la clave.", "reversed"),
    ("Nunca compartas la clave.", "Siempre comparte la clave.", "reversed"),
    ("Debes citar la fuente.", "Puedes citar la fuente.", "weakened"),
    ("Non condividere la chiave.", "Condividi la chiave.", "reversed"),
    ("Devi citare la fonte.", "Dovresti citare la fonte.", "weakened"),
    ("Não compartilhe a chave.", "Compartilhe a chave.", "reversed"),
    ("Sempre cite a fonte.", "Cite a fonte se possível.", "weakened"),
]

SILENT = [
    (KEY, KEY),
    (KEY, "Be kind. " + KEY + " Be brief."),
    (KEY, "never SHARE the\n   key"),
    (KEY, "- **Never** share the `key`"),
    (KEY, "3) _Never_ share the key!"),
    (KEY, "> Never share the key"),
    (KEY, "IMPORTANT: Never share the key."),
    (KEY, "Please never share a key."),
    (KEY, "<rule>Never share the key</rule>"),
    (KEY, "<rules>\nNever share the key\n</rules>"),
    ("Rule 3: " + KEY, "Rule 4: " + KEY),
    ("1. Never lie\n2. Always cite", "1. Always cite\n2. Never lie"),
    ("Never lie. Always cite.", "Always cite; never lie."),
    ("Never lie, always cite.", "Never lie. Always cite."),
    ("Don't guess.", "Do not guess."),
    ("You can’t guess.", "You cannot guess."),
    ("Dont guess.", "Don't guess."),
    ("Use at most three words.", "Use at most 3 words."),
    ("Use at most 1,000 words.", "Use at most 1000 words."),
    ("Never show the seperate file.", "Never show the separate file."),
    ("Never show what you recieve.", "Never show what you receive."),
    ("Never show confidental files.", "Never show confidential files."),
    ("You should not share the key.", KEY),
    ("Avoid sharing the key.", KEY),
    (LONG, LONG.replace("\n", " ")),
    (LONG, LONG.replace(" who", "\nwho")),
    ("Never do this, e.g. on a Monday.", "Never do this,\ne.g. on a Monday."),
    ("Do not:\n- share keys\n- lie", "Never:\n* lie\n* share keys"),
    ("Do not:\n\n- share keys\n\nBe kind.", "Do not:\n- share keys\n\nBe nice."),
    ("Be kind.", "Be cruel."),
    ("You should be kind.", ""),
    ("There is no reason to worry.", ""),
    ("Answer in French.", "Answer in German."),
    ("Only.", ""),
    ("", KEY),
]


@pytest.mark.parametrize(("before", "after", "how"), TOLD)
def test_a_lost_obligation_is_told(before: str, after: str, how: LossKind) -> None:
    found = lost_obligations([before], [after])

    assert [each.how for each in found] == [how]
    assert (found[0].after is None) == (how == "gone")


@pytest.mark.parametrize(("before", "after"), SILENT)
def test_what_loses_no_obligation_is_silent(before: str, after: str) -> None:
    assert lost_obligations([before], [after]) == ()


def test_a_sentence_may_go_to_another_message() -> None:
    assert (
        lost_obligations(["Never lie.\nAlways cite.", "Hi."], ["Always cite.", "Hi.", "Never lie."])
        == ()
    )


def test_the_sentences_are_told_as_they_were_in_their_order_and_once() -> None:
    before = ["- Never  share\n  the **key**.\n- Be kind.", "Always cite. Never share the key!"]

    found = lost_obligations(before, ["Share the key with all. Be kind."])

    assert found == (
        LostObligation(
            before="Never share the key!", after="Share the key with all.", how="reversed"
        ),
        LostObligation(before="Always cite.", after=None, how="gone"),
    )


def test_an_item_is_told_with_what_introduces_it() -> None:
    found = lost_obligations(
        ["Do not:\n- share keys\n- give legal advice"], ["Do not:\n- share keys"]
    )

    assert found == (LostObligation(before="Do not: give legal advice", after=None, how="gone"),)


def test_the_nearest_of_several_sentences_is_named() -> None:
    others = "Share photos. Share the key with admins. Share the blue key. Keys open doors."

    found = lost_obligations(["Never share the blue key."], [others])

    assert [each.after for each in found] == ["Share the blue key."]


def test_a_sentence_that_both_sides_say_is_no_rewording_of_another() -> None:
    found = lost_obligations(["Never share the key. Share the key card."], ["Share the key card."])

    assert found == (LostObligation(before="Never share the key.", after=None, how="gone"),)


MANY = "".join(f"Never share key {n} of ours.\n" for n in range(8_000))
HUGE = [
    ("never share the old key. " * 10_000, "share the old key"),
    (MANY, "Share key 1 of ours.\n" * 10_000),
    (MANY, MANY.replace("Never", "Do")),
    ("never:\n" + "- share keys\n" * 20_000, ""),
    ("never " * 20_000 + ":\n" + "- share\n" * 15_000, ""),
    ("".join(f"never {n}:\n- it {n}\n" for n in range(8_000)), ""),
    ("important" + "!" * 250_000, "never"),
    ("never x" + "." * 250_000, ""),
    ("never x" + " ." * 125_000, ""),
    ("never" + "_*" * 125_000, "*" * 250_000),
    ("<a" * 125_000 + " never", "<a>" * 80_000 + "</a" * 80_000),
    ("must be " + "1," * 100_000, "\n" * 250_000),
]


@pytest.mark.parametrize(("before", "after"), fast_spread(HUGE, 4), ids=range(len(HUGE)))
def test_a_huge_text_takes_time_in_proportion(before: str, after: str) -> None:
    with ends_soon():  # a quadratic one takes minutes
        lost_obligations([before], [after])
