"""no-personal-data."""

from __future__ import annotations

from promptops.analysis.personal_data import find_personal_data
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.texts import found_in
from promptops.evals.verdict import Verdict
from promptops.records import record


@assertion("no-personal-data")
@record(frozen=True, slots=True, kw_only=True)
class NoPersonalData:
    """The checked text has no e-mail or IP address, and no phone, account, card or ID number.

    Numbers count if their checksum is right, as in the lint rule SEC002. A phone number has a
    country code, the form of a national one (`0171 2345678`, `212-736-5000`), or a word such as
    "phone" before it. An e-mail address may be spelled out, as in `ada [at] firma [dot] at`.
    Private IP addresses, and values that are reserved for examples, do not count. Names and postal
    addresses are not detected. The arguments of an answer's tool calls are checked, too.

    Holds:
        answer: Write to help@example.com.
        output: [{type: no-personal-data}]

    Fails:
        answer: Anna's account is DE44 5001 0517 5407 3249 31.
        output: [{type: no-personal-data}]
    """

    def check(self, subject: Subject) -> Verdict:
        text = subject.whole
        found = find_personal_data(text)
        return Verdict(
            passed=not found,
            expected="no personal data",
            opposite="personal data",
            where=subject.where,
            got=found_in(text, found),
        )
