"""Pairwise assertions: each repeat with the same repeat of the baseline."""

import re

from tests.servers.fault_server import fault_server
from tests.testing.served import (
    PROMPT,
    asked,
    by_turn,
    cases,
    configured,
    judges,
    reworded,
    run,
    statuses,
    with_judge,
)

PAIRWISE = (
    PROMPT
    + """\
evaluation:
  repeats: 2
  judge: {profile: served}
  assertions:
    - {type: pairwise, value: IT IS GOOD}
"""
    + cases(1)
)

PAIR = re.compile(r"<first_answer>\n(.*)\n</first_answer>\n\n<second_answer>\n(.*)\n</second")


def test_each_repeat_is_compared_with_the_same_repeat_of_the_baseline(repo):
    def answer(text, turn):
        return f"{'new' if 'short' in text else 'old'} {turn}"

    with fault_server(with_judge(by_turn(answer), lambda _: judges("tie"))) as server:
        configured(repo, server, PAIRWISE)
        repo.commit("one")
        repo.git("tag", "-a", "-m", "one", "v1.0.0")
        reworded(repo, PAIRWISE)

        found = run(repo, "live")

    compared = [PAIR.search(asked(one)) for one in server.requests if b"IT IS GOOD" in one.body]
    assert statuses(found) == {("ask", "c0"): "passed"}
    # Six repeats in the end; those of the baseline are compared with themselves, which asks nobody.
    assert [pair.groups() for pair in compared] == [
        pair for n in range(6) for pair in ((f"new {n}", f"old {n}"), (f"old {n}", f"new {n}"))
    ]
