"""no-secrets."""

from __future__ import annotations

from promptops.analysis.secrets import find_secrets
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.texts import found_in
from promptops.evals.verdict import Verdict
from promptops.records import record


@assertion("no-secrets")
@record(frozen=True, slots=True, kw_only=True)
class NoSecrets:
    """The checked text has no API key, bearer token, password or private key.

    Keys are detected by the vendors' patterns, as in the lint rule SEC001; documented example keys
    do not count. A password is detected in an address, and after `password:` and its like if it has
    6 or more characters with letters and digits. The arguments of an answer's tool calls are
    checked, too.

    Holds:
        answer: Put the key into the variable API_KEY.
        output: [{type: no-secrets}]

    Fails:
        answer: 'Connect to postgres://app:k3qT9zWm@db.acme.dev/main'
        output: [{type: no-secrets}]
    """

    def check(self, subject: Subject) -> Verdict:
        text = subject.whole
        found = find_secrets(text)
        return Verdict(
            passed=not found,
            expected="no secret",
            opposite="a secret",
            where=subject.where,
            got=found_in(text, found),
        )
