"""Functions of the repository as assertions: what they get, may return, and what stops them."""

import re
from typing import Any

import pytest

from promptops.evals import functions
from promptops.evals.functions import Functions
from promptops.evals.verdict import Unjudgeable
from tests.evals.answers import judged

WAIT = "import threading\n\nwait = threading.Event().wait\n\n"


def called(source: str, name: str = "check", **given: Any) -> tuple[str, float | None, str]:
    (verdict,) = judged(
        {
            "answer": '{"a": [1]}',
            "files": {"checks.py": source},
            **given,
            "output": [{"type": "python", "value": f"checks.py:{name}"}],
        }
    )
    return verdict.status, verdict.degree, verdict.reason


def test_a_function_gets_what_is_looked_at_and_the_facts_of_the_case() -> None:
    source = """
def check(output, facts):
    same = output == facts["text"] and facts["output"]["a"] == [facts["expected"]]
    return same, str(sorted(facts))
"""

    status, degree, reason = called(source, expected=1)

    names = "['expected', 'inputs', 'output', 'text', 'tool_calls', 'usage']"
    assert (status, degree) == ("passed", 1.0)
    assert reason == (f"expected `checks.py:check` to hold in the answer, got true: `{names}`")


@pytest.mark.parametrize(
    ("returned", "status", "degree"),
    [
        ("True", "passed", 1.0),
        ("False", "failed", 0.0),
        ("0.5", "passed", 0.5),
        ("0.25", "failed", 0.25),
        ("1", "passed", 1.0),
        ("(False, 'no')", "failed", 0.0),
    ],
)
def test_a_function_returns_a_truth_or_a_degree(returned: str, status: str, degree: float) -> None:
    assert called(f"def check(output, facts): return {returned}")[:2] == (status, degree)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def check(output, facts): return None", "got null"),
        ("def check(output, facts): return 7", "got the number 7"),
        ("def check(output, facts): return float('nan')", "got the number nan"),
        ("def check(output, facts): return True, 5", "got `(True, 5)`"),
        (
            "def check(output, facts):\n  return 1 / 0",
            "ZeroDivisionError in line 2: `division by zero`",
        ),
        ("def check(output, facts):\n  raise SystemExit", "SystemExit in line 2"),
        (
            "import json\n\ndef check(o, f):\n  json.loads('{')",
            "JSONDecodeError in line 4: `Expecting property",
        ),
        ("def check(output): return True", "TypeError: `check() takes 1 positional argument"),
        ("def check(output, facts) return", "checks.py fails: SyntaxError in line 1: expected ':'"),
        ("raise ValueError('\\x1b[2J')", r"checks.py fails: ValueError in line 1: `\x1b[2J`"),
        ("def chek(): pass", "there is no function `check` in checks.py: did you mean `chek`?"),
        ("check = 5", "there is no function `check` in checks.py"),
        ("\0", "checks.py fails: "),
    ],
)
def test_a_function_that_gives_no_verdict_is_an_error(source: str, reason: str) -> None:
    status, degree, said = called(source)

    assert (status, degree) == ("error", 0.0)
    assert reason in said
    assert said.isprintable()


def test_a_file_that_is_not_in_the_tree_is_an_error() -> None:
    (verdict,) = judged(
        {"files": {"a.py": ""}, "output": [{"type": "python", "value": "./b.py:check"}]}
    )

    assert (verdict.status, verdict.reason) == ("error", "there is no file ./b.py in this revision")


def test_a_function_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions, "LONGEST_S", 0.05)

    status, _, reason = called(f"{WAIT}def check(output, facts):\n  wait()")

    # On a busy machine the file itself may take that long.
    assert (status, reason.removeprefix("`check` of ")) == ("error", "checks.py takes over 0.05 s")


@pytest.mark.parametrize(
    ("source", "what"),
    [
        (
            f"{WAIT}def quick(o, f): return True\n\ndef check(o, f):\n  wait()",
            "`check` of checks.py",
        ),
        (f"{WAIT}wait()", "checks.py"),
    ],
    ids=["a function", "a file"],
)
def test_what_was_given_up_once_is_not_waited_for_again(monkeypatch, source: str, what: str):
    known = Functions(lambda path, base: source.encode(), allowed=True)
    if what != "checks.py":  # only the function is slow, however slow the machine is
        known.call("quick", "checks.py", "", ("a", {}))
    monkeypatch.setattr(functions, "LONGEST_S", 0.05)

    said = []
    for _ in range(3):
        with pytest.raises(Unjudgeable) as raised:
            known.call("check", "checks.py", "", ("a", {}))
        said.append(raised.value.message)
    # Of another name nothing is known yet.
    with pytest.raises(Unjudgeable) as other:
        known.call("chek", "checks.py", "", ("a", {}))

    before = f"{what} took over 0.05 s before"
    assert said == [f"{what} takes over 0.05 s", before, before]
    assert (other.value.message == before) == (what == "checks.py")


def test_a_file_may_define_data_classes() -> None:
    source = """
from __future__ import annotations
from dataclasses import dataclass

@dataclass
class Facts:
    text: str

def check(output, facts):
    return Facts(facts["text"]).text == output
"""

    assert called(source, answer="Hi")[0] == "passed"


def test_what_a_function_prints_is_no_part_of_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    called("print('loaded')\n\ndef check(output, facts):\n  print('called')\n  return True")

    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "loaded\ncalled\n")


def test_what_a_function_changes_is_not_what_the_next_assertion_sees() -> None:
    source = "def check(output, facts):\n  facts['output'].clear()\n  return True"
    output = [
        {"type": "python", "value": "checks.py:check"},
        {"type": "expr", "value": "output | length == 1"},
    ]

    found = judged({"answer": '{"a": 1}', "files": {"checks.py": source}, "output": output})

    assert [each.status for each in found] == ["passed", "passed"]


@pytest.mark.parametrize("opposite", ["", "not-"])
def test_code_that_nobody_vouches_for_does_not_run(
    opposite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(path: str, base: str) -> bytes:
        raise AssertionError("it was read")

    monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")
    kept = Functions(read, allowed=True)
    monkeypatch.delenv("PROMPTOPS_UNTRUSTED")
    output = [{"type": f"{opposite}python", "value": "checks.py:check"}]

    found = [
        judged({"output": output}, beside={"functions": given})[0]
        for given in (kept, Functions(read, allowed=False), None)
    ]

    for verdict in found:
        assert (verdict.status, verdict.degree) == ("error", None)
        assert re.match("`python` assertions do not run here: ", verdict.reason)


def test_a_path_is_read_as_the_file_means_it_that_says_it() -> None:
    asked: list[tuple[str, str]] = []

    def read(path: str, base: str) -> bytes:
        asked.append((path, base))
        return b"def check(output, facts): return True"

    written = {"type": "python", "value": "./checks.py:check"}

    found = judged(
        {"output": [written, written]},
        beside={"functions": Functions(read, allowed=True)},
        assertions=[written],
    )

    assert [each.status for each in found] == ["passed"] * 3
    assert asked == [
        ("./checks.py", "/output/0"),
        ("./checks.py", "/output/1"),
        ("./checks.py", "/evaluation/assertions/0"),
    ]
