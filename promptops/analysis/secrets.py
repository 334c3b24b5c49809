"""Keys of vendors, private keys, bearer tokens, passwords, and assignments that look so.

Each shape is found by a literal it can't do without; only there its pattern is tried.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from math import log2

from promptops.analysis.match import TextMatch, in_order, lowered, occurrences
from promptops.patterns import lazy_pattern
from promptops.records import record


@record(frozen=True, slots=True)
class KeyShape:
    """The format of a vendor's keys.

    Attributes:
        literals: Every key contains one of them.
        pattern: Of the whole key; tried `lead` characters before the literal.
        lead: Characters of the key before the literal.
    """

    vendor: str
    literals: tuple[str, ...]
    pattern: str
    lead: int = 0


def _shape(vendor: str, literals: str, pattern: str, lead: int = 0) -> KeyShape:
    return KeyShape(vendor, tuple(literals.split()), pattern, lead)


SHAPES = (
    _shape("Anthropic", "sk-ant-", r"sk-ant-[\w-]{24,200}"),
    _shape("OpenAI", "sk-proj- sk-svcacct- sk-admin-", r"sk-(?:proj|svcacct|admin)-[\w-]{20,250}"),
    _shape("OpenRouter", "sk-or-v1-", r"sk-or-v1-[0-9a-f]{64}"),
    _shape("Langfuse", "sk-lf-", r"sk-lf-[0-9a-f]{8}-[0-9a-f-]{27}"),
    _shape("OpenAI or compatible", "sk-", r"sk-[A-Za-z0-9]{32,100}"),
    _shape("Google", "AIza", r"AIza[\w-]{35}"),
    _shape("Google OAuth", "GOCSPX-", r"GOCSPX-[\w-]{28}"),
    _shape("AWS", "AKIA ASIA", r"A[KS]IA[A-Z2-7]{16}"),
    _shape("GitHub", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{36,251}"),
    _shape("GitHub", "github_pat_", r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
    _shape("GitLab", "glpat- gldt- glrt- glptt-", r"gl(?:pat|dt|rt|ptt)-[\w.-]{20,64}"),
    _shape("Slack", "xox", r"xox[abeoprs]-(?=[A-Za-z-]{0,40}\d)[A-Za-z0-9-]{16,250}"),
    _shape("Slack", "xapp-", r"xapp-\d-[A-Z0-9]{8,20}-\d{8,20}-[0-9a-f]{32,128}"),
    _shape(
        "Slack webhook",
        "hooks.slack.com/",
        r"hooks\.slack\.com/services/T\w{6,14}/B\w{6,14}/\w{16,32}",
    ),
    _shape(
        "Discord webhook",
        "discord.com/api/webhooks/",
        r"discord\.com/api/webhooks/\d{16,20}/[\w-]{60,80}",
    ),
    _shape("Stripe", "sk_live_ rk_live_", r"[sr]k_live_[A-Za-z0-9]{16,200}"),
    _shape("Stripe webhook", "whsec_", r"whsec_[A-Za-z0-9+/]{24,64}"),
    _shape("Hugging Face", "hf_", r"hf_[A-Za-z0-9]{30,40}"),
    _shape("Twilio", "SK", r"SK[0-9a-f]{32}"),
    _shape("SendGrid", "SG.", r"SG\.[\w-]{16,32}\.[\w-]{16,64}"),
    _shape("npm", "npm_", r"npm_[A-Za-z0-9]{36}"),
    _shape("PyPI", "pypi-Ag", r"pypi-Ag[\w-]{50,250}"),
    _shape("Azure storage", "AccountKey=", r"AccountKey=[A-Za-z0-9+/]{86}=="),
    _shape("Azure AI", "JQQJ99", r"[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{26}", 52),
    _shape("Azure Entra", "8Q~", r"\w{3}8Q~[\w~.-]{31,34}", 3),
    _shape("Groq", "gsk_", r"gsk_[A-Za-z0-9]{40,64}"),
    _shape("xAI", "xai-", r"xai-[A-Za-z0-9]{60,100}"),
    _shape("Replicate", "r8_", r"r8_[A-Za-z0-9]{37}"),
    _shape("Databricks", "dapi", r"dapi[0-9a-f]{32}(?:-\d)?"),
    _shape("Perplexity", "pplx-", r"pplx-[A-Za-z0-9]{40,64}"),
    _shape("LangSmith", "lsv2_", r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}"),
    _shape("Pinecone", "pcsk_", r"pcsk_\w{40,100}"),
    _shape("Tavily", "tvly-", r"tvly-[\w-]{28,64}"),
    _shape("DigitalOcean", "_v1_", r"do[opr]_v1_[0-9a-f]{64}", 3),
    _shape("Shopify", "shpat_ shpss_ shpca_", r"shp(?:at|ss|ca)_[0-9a-fA-F]{32}"),
    _shape("Notion", "ntn_", r"ntn_[A-Za-z0-9]{40,50}"),
    _shape("Linear", "lin_api_", r"lin_api_[A-Za-z0-9]{32,48}"),
    _shape("Atlassian", "ATATT3", r"ATATT3[\w=-]{60,250}"),
    _shape("Vault", "hvs.", r"hvs\.[\w-]{24,120}"),
    _shape("Supabase", "sbp_", r"sbp_[0-9a-f]{40}"),
    _shape("Grafana", "glsa_", r"glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}"),
    _shape("JSON web", "eyJ", r"eyJ[\w-]{10,1000}\.eyJ[\w-]{10,4000}\.[\w-]{20,1000}"),
)

_SHORTEST = 16  # of any key: a string whose words are all shorter contains no key

# Published by the vendors themselves, to be copied into documentation.
_DOCUMENTED = (
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG",
    "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq",
)
_STAND_IN = lazy_pattern(
    r"xxx|\.\.\.|\*\*\*|example|your|placeholder|redacted|dummy|sample|changeme|1234567|abcdef"
    r"|insert|fake|replace|secret.?key|[<>{}$]|0{6}",
    re.IGNORECASE,
)
_PRIVATE_KEY = lazy_pattern(
    r"-----BEGIN (?:[A-Z0-9]{2,9} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:\s|\\n){0,8}(?:[\w-]{1,20}: [^\n]{0,80}\s{1,4}){0,4}[A-Za-z0-9+/=]{32}"
)
_LOGIN = lazy_pattern(r"://([^\s:/@]{0,64}):([^\s:/@]{3,128})@([\w.-]{1,253})")
_COMMON_WORDS = frozenset(
    ("password", "passwd", "pass", "pwd", "pw", "secret", "token", "apikey", "key", "admin", "root")
)
# `without_escapes` leaves a blank before an escaped quote.
_ASSIGNED = lazy_pattern(
    r"(?P<name>[\w-]{0,30})[\"']?[ \t]{0,3}(?::=|=>|=|:)[ \t]{0,3}"
    r"(?:\"(?P<double>[^\"\s]{16,200}) ?\"|'(?P<single>[^'\s]{16,200})'"
    r"|(?P<bare>[A-Za-z0-9+/_.=-]{20,200})(?![^\s,;)\]}`]))"
)
_ASSIGNABLE = (
    "api_key",
    "apikey",
    "api-key",
    "secret",
    "token",
    "password",
    "passwd",
    "access_key",
)
_PASSWORD_BEGINNINGS = ("pass", "pwd", "kennwort", "contraseña")
_PASSWORD = lazy_pattern(
    r"(?:pass(?:word|wd|phrase|wort)|pwd|kennwort|contraseña)\\?[\"'`]?"
    r"(?:[ \t]{0,3}(?::=|=>|=|:)[ \t]{0,3}| (?:is|ist|lautet|es):? )"
    r"\\?(?P<quote>[\"'`]?)(?P<value>[^\s\"'`,;<>{}()\[\]\\]{6,64}?)"
    r"(?:[ \\]?(?P=quote)(?=[\s,;.)\]}<\\]|$))",
    re.IGNORECASE,
)
_NO_PASSWORD = lazy_pattern(
    r"(?:utf|md|sha|base|bcrypt|argon|scrypt|pbkdf|aes|rsa|rfc|iso|u?int|(?:var)?char|min|max|v)"
    r"[_-]?\d[\w./-]*|[\d.+<=>~-]+[\w-]*|[./~].*"
    r"|[\w.-]*\.(?:py|js|ts|md|txt|ya?ml|json|html|env|com|org|io|net)\d?",
    re.IGNORECASE,
)
"""Matches words after "password:" that are not a password: `sha256`, `8-chars`, `/home/x1`."""
_BEARER = lazy_pattern(
    r"bearer[ \t]{1,3}(?P<token>[A-Za-z0-9._~+/-]{16,2000}={0,2})", re.IGNORECASE
)
_UUID = lazy_pattern(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def find_secrets(text: str) -> tuple[TextMatch, ...]:
    """Secrets in a text, in order. A match's message names the vendor and never the secret."""
    long_words = " ".join(word for word in text.split() if len(word) >= _SHORTEST)
    lower = lowered(text)
    found = [*_private_keys(text), *_passwords_in_addresses(text), *_passwords(text, lower)]
    if long_words:
        found += _keys(text, long_words)
        found += _assigned(text, lower)
        found += _bearer_tokens(text, lower)
    return in_order(found)


def _keys(text: str, long_words: str) -> Iterator[TextMatch]:
    for shape in SHAPES:
        for literal in shape.literals:
            if literal in long_words:
                yield from _keys_of(shape, literal, text)


def _keys_of(shape: KeyShape, literal: str, text: str) -> Iterator[TextMatch]:
    pattern = _compiled(shape.pattern)
    for at in occurrences(text, literal):
        key = pattern.match(text, at - shape.lead) if at >= shape.lead else None
        if key and not _is_stand_in(key[0]):
            yield TextMatch(key.start(), key.end(), f"a secret: {shape.vendor} key", shape.vendor)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when first needed: most texts hold no such literal, and a hook is in a hurry."""
    # Neither a letter, a digit, `_` nor `-` before it: `task-…` holds no `sk-`, and a text made of
    # nothing but prefixes is tried once and not at each of them.
    return re.compile(rf"(?<![A-Za-z0-9_\-])(?:{pattern})(?![A-Za-z0-9])")


def _is_stand_in(secret: str) -> bool:
    """A documented example, or a placeholder for the key."""
    if any(documented in secret for documented in _DOCUMENTED):
        return True
    return len(set(secret)) < 10 or _STAND_IN.search(secret) is not None


def _private_keys(text: str) -> Iterator[TextMatch]:
    for at in occurrences(text, "-----BEGIN "):
        key = _PRIVATE_KEY.match(text, at)
        if key:
            end = text.find("-----END ", key.end())
            yield TextMatch(
                at, end if end > 0 else key.end(), "a secret: a private key", "private key"
            )


def _passwords_in_addresses(text: str) -> Iterator[TextMatch]:
    for at in occurrences(text, "://"):
        login = _LOGIN.match(text, at)
        if login and not _is_made_up(login[1], login[2], login[3]):
            yield TextMatch(
                login.start(2), login.end(2), "a secret: a password in an address", "URL"
            )


def _is_made_up(user: str, password: str, host: str) -> bool:
    if password.lower() in _COMMON_WORDS or password.lower() == user.lower():
        return True
    if host == "localhost" or "example." in f"{host}.":
        return True
    return password.isdigit() or _STAND_IN.search(password) is not None


def _passwords(text: str, lower: str) -> Iterator[TextMatch]:
    """`password: …`, where the value has letters and digits and is no placeholder."""
    for beginning in _PASSWORD_BEGINNINGS:
        for at in occurrences(lower, beginning):
            found = _PASSWORD.match(text, at)
            if found and _looks_like_password(found["value"]):
                yield TextMatch(*found.span("value"), "a secret: a password", "password")


def _looks_like_password(value: str) -> bool:
    letters = "".join(char for char in value if char.isalpha())
    if not letters or letters == value or not any(char.isdigit() for char in value):
        return False
    is_made_up = letters.lower() in _COMMON_WORDS or _STAND_IN.search(value) is not None
    return not is_made_up and _NO_PASSWORD.fullmatch(value) is None


def _bearer_tokens(text: str, lower: str) -> Iterator[TextMatch]:
    for at in occurrences(lower, "bearer"):
        found = _BEARER.match(text, at)
        if found and _looks_drawn_by_chance(found["token"], 3.0):
            yield TextMatch(*found.span("token"), "a secret: a bearer token", "bearer token")


def _assigned(text: str, lower: str) -> Iterator[TextMatch]:
    """`api_key = "…"` and its like, where the value looks drawn by chance."""
    for word in _ASSIGNABLE:
        for at in occurrences(lower, word):
            value = _ASSIGNED.match(text, at)
            group = value.lastgroup if value else None
            if value and group and _looks_drawn_by_chance(value[group]):
                message = f"a secret: `{value['name']}` is set to what looks like a key"
                yield TextMatch(value.start(group), value.end(group), message, value["name"])


def _looks_drawn_by_chance(value: str, least_entropy: float = 3.7) -> bool:
    if not any(char.isdigit() for char in value) or not any(char.isalpha() for char in value):
        return False
    if _is_stand_in(value) or _UUID.fullmatch(value):
        return False
    return _entropy(value) >= (3.0 if _is_hex(value) else least_entropy)


def _is_hex(value: str) -> bool:
    return all(char in "0123456789abcdefABCDEF" for char in value)


def _entropy(value: str) -> float:
    """Bits a character, by how often each occurs."""
    return -sum(n / len(value) * log2(n / len(value)) for n in Counter(value).values())


# Texts as they may be shown: with each secret in them replaced by asterisks.

PIECE = 12
"""This many characters of a known secret are not a coincidence; a message may quote its start."""

_SHORTEST_START = 3
"""Fewer characters before an ellipsis are too often something else."""


@record(frozen=True, slots=True)
class Masked:
    """A text without its secrets.

    Attributes:
        text: As long as the original, with the same lines.
        secrets: The replaced strings of at least `PIECE` characters.
    """

    text: str
    secrets: tuple[str, ...]


@lru_cache(maxsize=64)
def masked(text: str) -> Masked:
    """The text with every character of a secret but newlines as `*`."""
    found = find_secrets(without_escapes(text))
    secrets = [text[match.start : match.end] for match in found]
    for match in found:
        stars = "\n".join("*" * len(row) for row in text[match.start : match.end].split("\n"))
        text = f"{text[: match.start]}{stars}{text[match.end :]}"
    return Masked(text, tuple(secret for secret in secrets if len(secret) >= PIECE))


def without_secrets(text: str, known: Iterable[str] = ()) -> str:
    """A message with secrets, and with parts of known secrets, masked."""
    for secret in known:
        for at in occurrences(text, secret[:PIECE]):
            end = at
            while end < len(text) and text[end] == secret[end - at : end - at + 1]:
                end += 1
            text = f"{text[:at]}{'*' * (end - at)}{text[end:]}"
        text = _without_cut_start(text, secret)
    return masked(text).text


def _without_cut_start(text: str, secret: str) -> str:
    """The text without a start of a secret that was cut: `sk-proj…`."""
    for length in range(PIECE - 1, _SHORTEST_START - 1, -1):
        text = text.replace(f"{secret[:length]}…", f"{'*' * length}…")
    return text


def without_escapes(text: str) -> str:
    """As long as the text, with the escapes of quoted strings blanked out.

    So no `n` of a newline is glued to the word behind it.
    """
    if "\\" not in text:
        return text
    for escape in ("\\n", "\\t", "\\r"):
        text = text.replace(escape, "  ")
    return text.replace('\\"', ' "')
