"""Cases and names that can't be tested are errors with their place."""

import pytest

from promptops.errors import UsageError
from tests.servers.fault_server import fault_server
from tests.testing.served import (
    PROMPT,
    cases,
    configured,
    contracts,
    run,
)


def told(found):
    """Status, reason and place of each case."""
    return [(case.status, case.reason, str(case.place)) for case in found.cases]


UNKNOWN = (PROMPT + contracts(1)).replace("profile: served", "profile: serve")


def test_a_model_that_there_is_not_is_an_error_with_its_place_and_what_is_near(repo):
    with fault_server() as server:
        configured(repo, server, UNKNOWN)

        found = run(repo)

    message = "there is no profile `serve`: did you mean `served`?"
    assert told(found) == [("error", message, "prompts/ask.prompt.yaml:4:18")]


def test_a_request_without_a_model_is_an_error_though_no_answer_is_needed(repo):
    with fault_server() as server:
        configured(repo, server, UNKNOWN.replace("output: [", "rendered: [").replace("good", "q0"))

        found = run(repo)

    message = "there is no profile `serve`: did you mean `served`?"
    assert told(found) == [("error", message, "prompts/ask.prompt.yaml:4:18")]


@pytest.mark.parametrize("expected", ["", ", expected: pass", ", expected: {verdict: 1}"])
def test_an_anchor_that_says_no_verdict_is_an_error(repo, expected):
    row = ", tags: [anchor], output: [{type: contains, value: good}]" + expected
    with fault_server() as server:
        configured(repo, server, PROMPT + cases(1, row))

        found = run(repo)

    message = "an anchor needs the verdict of people: `expected: {verdict: pass}`"
    assert told(found) == [("error", message, "prompts/ask.prompt.yaml:13:5")]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("c00", "did you mean `c0`?"), ("nothing*", "one of: 'c0', 'c1'")],
)
def test_a_name_that_no_case_has_is_wrong_usage(repo, name, hint):
    with fault_server() as server:
        configured(repo, server, PROMPT + contracts(2))

        with pytest.raises(UsageError) as caught:
            run(repo, cases=("c1", name))

    assert (caught.value.message, caught.value.hint) == (f"no case has the name {name!r}", hint)
