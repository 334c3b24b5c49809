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
    """Nothing that is looked at looks like a key, a password in an address or a private key.

    By the patterns of the vendors, as SEC001 of lint; what is documented as an example is none.
    Of an answer, the arguments of the tools that it calls are looked at, too.

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
