"""Keys are put together here, so that no scanner takes this file for a leak."""

from __future__ import annotations

import pytest

from promptops.analysis.secrets import find_secrets

HEX = "3f9a7c1e5b2d8046e1c9"
MIXED = "q7Zt2RkV9xLm4Wn8Yp3Hb6Jd5Fs1Gc0Ae"
LONG = MIXED * 4

VENDORS = [
    ("OpenAI", "sk-proj-" + MIXED + "_" + MIXED),
    ("OpenAI", "sk-svcacct-" + MIXED),
    ("OpenAI or compatible", "sk-" + (MIXED * 2)[:48]),
    ("Anthropic", "sk-ant-" + "api03-" + MIXED + "-" + MIXED + "AA"),
    ("OpenRouter", "sk-or-v1-" + (HEX * 4)[:64]),
    ("Google", "AIza" + "Sy" + MIXED[:33]),
    ("AWS", "AKIA" + "Z7Q3XW5LN2VKTB4R"),
    ("AWS", "ASIA" + "Z7Q3XW5LN2VKTB4R"),
    ("GitHub", "ghp_" + (MIXED * 2)[:36]),
    ("GitHub", "gho_" + (MIXED * 2)[:36]),
    ("GitHub", "ghs_" + (MIXED * 2)[:36]),
    ("GitHub", "github_pat_" + MIXED[:22] + "_" + LONG[:59]),
    ("GitLab", "glpat-" + MIXED[:20]),
    ("Slack", "xoxb-" + "718293645041-826354917304-" + MIXED[:24]),
    ("Slack webhook", "hooks.slack.com/" + "services/T0Q8W7E6R/B0P9O8I7U/" + MIXED[:24]),
    ("Stripe", "sk_live_" + MIXED[:24]),
    ("Stripe", "rk_live_" + MIXED[:24]),
    ("Hugging Face", "hf_" + (MIXED * 2)[:34]),
    ("Twilio", "SK" + (HEX * 2)[:32]),
    ("SendGrid", "SG." + MIXED[:22] + "." + (MIXED * 2)[:43]),
    ("npm", "npm_" + (MIXED * 2)[:36]),
    ("PyPI", "pypi-" + "AgEIcHlwaS5vcmcCJD" + LONG[:60]),
    ("Azure storage", "AccountKey=" + LONG[:86] + "=="),
    ("Azure AI", LONG[:52] + "JQQJ99" + LONG[:26]),
    ("Groq", "gsk_" + LONG[:52]),
    ("xAI", "xai-" + LONG[:80]),
    ("Replicate", "r8_" + (MIXED * 2)[:37]),
    ("Databricks", "dapi" + (HEX * 2)[:32]),
    ("JSON web", "eyJ" + "hbGciOiJIUzI1NiJ9.eyJ" + "zdWIiOiI4MzYxIn0." + (MIXED * 2)[:43]),
]


@pytest.mark.parametrize(("vendor", "key"), VENDORS, ids=[v for v, _ in VENDORS])
def test_a_vendors_key_is_found_and_never_repeated_in_the_message(vendor: str, key: str) -> None:
    text = f"Use the key {key} for it."

    (match,) = find_secrets(text)

    assert (text[match.start : match.end], match.name) == (key, vendor)
    assert match.message == f"a secret: {vendor} key"


@pytest.mark.parametrize(
    ("text", "secret", "message"),
    [
        (
            "postgres://app:" + "Tr0ub4dor9@db.internal.acme.io/app",
            "Tr0ub4dor9",
            "a secret: a password in an address",
        ),
        (
            'API_KEY = "' + MIXED + '"',
            MIXED,
            "a secret: `API_KEY` is set to what looks like a key",
        ),
        (
            "client_secret: " + MIXED,
            MIXED,
            "a secret: `secret` is set to what looks like a key",
        ),
        (
            "aws_secret_access_key = " + "h7Kq/2Lw+9ZxP4vBn8RtY6mCd1Gs3JfEu5AoXi0T",
            "h7Kq/2Lw+9ZxP4vBn8RtY6mCd1Gs3JfEu5AoXi0T",
            "a secret: `secret_access_key` is set to what looks like a key",
        ),
        ("password: " + "hunter2", "hunter2", "a secret: a password"),
        ("Ihr Passwort lautet " + "Geheim99!.", "Geheim99!", "a secret: a password"),
        ('{"password": "' + 'Tr0ub4dor"}', "Tr0ub4dor", "a secret: a password"),
        (r"{\"password\": \"" + r"Tr0ub4dor\"}", "Tr0ub4dor", "a secret: a password"),
        ("DB_PASSWORD=" + "k3qT9zWm", "k3qT9zWm", "a secret: a password"),
        ("pwd = '" + "k3qT9zWm'", "k3qT9zWm", "a secret: a password"),
        ("Authorization: Bearer " + MIXED, MIXED, "a secret: a bearer token"),
        (
            "curl -H 'authorization: bearer " + MIXED[:18] + "'",
            MIXED[:18],
            "a secret: a bearer token",
        ),
    ],
)
def test_passwords_in_addresses_and_assigned_keys_are_found(
    text: str, secret: str, message: str
) -> None:
    found = [(text[m.start : m.end], m.message) for m in find_secrets(text)]

    assert found == [(secret, message)]


def test_a_private_key_block_is_found_as_a_whole() -> None:
    block = "-----BEGIN RSA " + "PRIVATE KEY-----\n" + LONG[:64] + "\n" + LONG[:40] + "\n"
    text = f"key:\n{block}-----END RSA PRIVATE KEY-----\n"

    (match,) = find_secrets(text)

    assert (text[match.start : match.end], match.message) == (block, "a secret: a private key")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Answer in at most 120 words. Never mention the API key.",
        "AKIAIOSFODNN7EXAMPLE",
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "sk-proj-your-key-goes-right-here-please",
        "OPENAI_API_KEY=<YOUR_KEY>",
        "OPENAI_API_KEY=sk-...",
        "api_key = os.environ['OPENAI_API_KEY']",
        'api_key: "{{ api_key_of_the_customer }}"',
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "a task-" + MIXED + " and a risk-" + MIXED,
        "postgres://postgres:postgres@localhost:5432/app",
        "https://user:password@host.acme.io",
        "https://user:{password}@host.acme.io",
        "https://api.acme.io:8443/v1?to=a@b.io",
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        'token: "3f2504e0-4f89-41d3-9a0c-0305e82c3301"',
        "secret: the-quick-brown-fox-jumps-over",
        "password: string, password: required, password: at least 8 characters, Password: sha256",
        "password: {{ password1 }}, password=$PASSWORD1, password: <your password1>, pwd: /home/x1",
        "password: os.environ['PW1'], password: password123, password: ****1234",
        "password: 8-16 chars",
        "password policy: 2FA-required, max_password_length: 64, password: v2_flow, password is 7",
        "Bearer YOUR_TOKEN_1234567890, Authorization: Bearer <token1>",
        "the bearer of q8Zt3LmWv0XyRb7N",
        "max_output_tokens: 4096, token: 12345678901234567890",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0."
        "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    ],
)
def test_documented_examples_and_stand_ins_are_no_secrets(text: str) -> None:
    assert find_secrets(text) == ()
