"""A key is hidden however a server shows it, and the rest stays to be read."""

from __future__ import annotations

import pytest

from promptops.evals.providers.redaction import redacted, secrets_of, shown_profile
from promptops.model.config import ModelProfile

KEY = "acme-7f3a9b2c5d1e"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("nothing to hide", "nothing to hide"),
        (f"the key {KEY} is wrong", "the key [hidden] is wrong"),
        (f"{KEY}{KEY} {KEY}", "[hidden][hidden] [hidden]"),
        (f"it begins with {KEY[:9]}", "it begins with [hidden]"),
        (f"it ends with {KEY[-8:]}!", "it ends with [hidden]!"),
        ("Incorrect: acme****5d1e.", "Incorrect: [hidden]"),
        ("sent Bearer abcdefgh12345678", "sent [hidden]"),
        (
            "POST https://host/v1/m?alt=sse&key=Qx8k4m1w9z6t3u7v&x=1",
            "POST https://host/v1/m?alt=sse&key=[hidden]&x=1",
        ),
        ("x-api-key: Qx8k4m1w9z6t3u7v5y2, Accept: a", "x-api-key: [hidden], Accept: a"),
        ("{'X-Goog-Api-Key': 'Qx8k4m1w9z6t3u7v5y2'}", "{'X-Goog-Api-Key': '[hidden]'}"),
        ('{"x-api-key": "Qx8k4m1w9z6t3u7v5y2"}', '{"x-api-key": "[hidden]"}'),
        ("missing x-api-key: required", "missing x-api-key: required"),
        ("see https://user:word@host/v1", "see https://[hidden]host/v1"),
        ("another sk-proj-abc123", "another [hidden]"),
        ("the task-based risk-free tokens", "the task-based risk-free tokens"),
        ("a%2Fb%2Bc%2Fd%2Fe", "[hidden]"),
        ("two\n\nlines\x1b[0m", "two lines\\x1b[0m"),
        ("x" * 400, "x" * 300 + "…"),
    ],
)
def test_a_text_is_shown_without_secrets(text, shown):
    assert redacted(text, (KEY, "a/b+c/d/e")) == shown


def test_a_short_secret_is_hidden_and_a_tiny_one_is_none():
    assert redacted("the word pass1 and a", ("pass1", "a")) == "the word [hidden] and a"


def test_a_profile_has_its_key_its_user_and_its_headers_for_secrets():
    profile = ModelProfile(
        name="a", provider="b", id="c", base_url="https://u:p@host/v1", headers={"X-A": "token"}
    )

    assert secrets_of(profile, KEY) == (KEY, "u", "p", "token")


def test_much_text_takes_no_time():
    assert redacted("a-" * 10**6 + "*" * 10**6, (KEY * 100,)).endswith("…")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (None, "`fast`"),
        ("http://127.0.0.1:8080/v1", "`fast` (http://127.0.0.1:8080/v1)"),
        (f"https://me:{KEY}@host:8443/v1?key={KEY}#{KEY}", "`fast` (https://host:8443/v1)"),
        (f"https://host/{KEY}/v1", "`fast` (https://host/[hidden]/v1)"),
        ("http://[::1/v1", "`fast`"),
        ("host/v1", "`fast`"),
    ],
)
def test_a_profile_is_shown_by_its_name_and_where_it_is(address, shown):
    profile = ModelProfile(
        name="fast", provider="theirs", id="m-1", base_url=address, api_key_env="THE_KEY"
    )

    assert shown_profile(profile, {"THE_KEY": f" {KEY}\n"}) == shown
