"""An assertion that another package offers: found by its name, loaded where it may be."""

from __future__ import annotations

import sys

import pytest

from promptops.cli.main import run
from promptops.errors import InputError
from promptops.evals import registry
from promptops.evals.parse import parse, problems
from promptops.evals.result import judge_request
from promptops.model.prompt import Request
from tests.evals.answers import case_of

SHORT = """
from dataclasses import dataclass

from promptops.evals.registry import assertion
from promptops.evals.verdict import Verdict


@assertion("{name}")
@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    value: int

    def check(self, subject):
        found = len(subject.text)
        return Verdict(
            passed=found <= self.value,
            expected=f"at most {{self.value}} characters",
            opposite=f"more than {{self.value}} characters",
            where=subject.where,
            got=f"{{found}}",
        )
"""
REQUEST = Request(messages=({"role": "user", "content": "Hello!"},))


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a package whose one module offers an assertion."""
    monkeypatch.syspath_prepend(tmp_path)
    registry._plugin.cache_clear()

    def install(module: str, text: str, name: str = "acme.short") -> None:
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{name} = {module}\n")
        (tmp_path / f"{module}.py").write_text(text)
        monkeypatch.delitem(sys.modules, module, raising=False)

    yield install
    registry._plugin.cache_clear()
    for name in filter(registry.is_name_of_plugin, tuple(registry._FOUND)):
        del registry._FOUND[name]


def told(*written):
    case = case_of({"rendered": list(written), "messages": []})
    return [(each.type, each.status, each.reason) for each in judge_request(REQUEST, case)]


def test_another_package_offers_an_assertion_which_can_be_negated(install):
    install("short_of_a_test", SHORT.format(name="acme.short"))

    assert told({"type": "acme.short", "value": 6}, {"type": "not-acme.short", "value": 6}) == [
        ("acme.short", "passed", "expected at most 6 characters in the request, got 6"),
        ("not-acme.short", "failed", "expected more than 6 characters in the request, got 6"),
    ]


def test_its_arguments_are_read_as_those_of_any_assertion(install):
    install("read_of_a_test", SHORT.format(name="acme.short"))

    _, wrong = parse({"type": "acme.short", "value": "six"}, "request")

    assert [(each.message, each.at) for each in wrong] == [
        ("expected a whole number, got the string `six`", "/value")
    ]


def test_one_that_nobody_offers_can_not_be_judged(install):
    reason = "there is no assertion `acme.short`: install the package that provides it"

    assert told({"type": "acme.short", "value": 6}) == [("acme.short", "error", reason)]


def test_none_is_loaded_where_a_stranger_may_have_written_it(install, monkeypatch):
    install("unwanted_of_a_test", "raise SystemExit('loaded')\n")
    monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")

    assert told({"type": "acme.short", "value": 6}) == [
        ("acme.short", "error", "plug-ins are not loaded because PROMPTOPS_UNTRUSTED is set")
    ]


def test_a_hook_loads_none(install):
    install("unasked_of_a_test", "raise SystemExit('loaded')\n")
    case = case_of({"rendered": [{"type": "acme.short"}], "output": [{"type": "acme.short"}]})

    assert list(problems(case)) == []


@pytest.mark.parametrize(
    ("module", "text", "message", "hint"),
    [
        (
            "broken_assertion_of_a_test",
            "import nothing_of_that_name\n",
            "the plug-in `acme.short` can't be imported: No module named 'nothing_of_that_name'",
            "fix or uninstall it",
        ),
        (
            "misnamed_assertion_of_a_test",
            SHORT.format(name="acme.brief"),
            "the plug-in does not define `acme.short`",
            'decorate its class with @assertion("acme.short")',
        ),
    ],
)
def test_a_plugin_that_does_not_work_is_named(install, module, text, message, hint):
    install(module, text)

    with pytest.raises(InputError) as refused:
        parse({"type": "acme.short", "value": 6}, "request")

    assert (refused.value.message, refused.value.where, refused.value.hint) == (
        message,
        module,
        hint,
    )


def test_two_plugins_of_one_name_are_refused(install):
    for module in ("one_assertion_of_a_test", "two_assertion_of_a_test"):
        install(module, SHORT.format(name="acme.short"))

    with pytest.raises(InputError) as refused:
        parse({"type": "acme.short", "value": 6}, "request")

    assert refused.value.message == (
        "two packages provide the assertion `acme.short`: "
        "one_assertion_of_a_test and two_assertion_of_a_test"
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("raise SystemExit(0)", "SystemExit: 0"),
        ("raise ValueError('bad \\x1b[31m')", "ValueError: bad \x1b[31m"),
        ("return None", "TypeError: `check` returned no verdict"),
    ],
)
def test_one_that_fails_is_an_error_of_the_case_by_its_name(install, line, said):
    begun, _, _ = SHORT.partition("        found =")
    install(
        "failing_of_a_test", begun.format(name="acme.fails") + f"        {line}\n", "acme.fails"
    )

    found = told({"type": "not-acme.fails", "value": 6}, {"type": "contains", "value": "Hello"})

    assert found == [
        ("not-acme.fails", "error", f"the plug-in failed: {said}"),
        ("contains", "passed", "expected `Hello` in the request, got line 1: `Hello!`"),
    ]


def test_a_plugin_that_leaves_is_no_pass(install, repo, capsys):
    install("leaving_of_a_test", "raise SystemExit(0)\n", "acme.leaves")
    repo.write(
        {
            "prompts/ask.prompt.yaml": "format: promptops/1\ndescription: Asks.\n"
            "messages:\n  - {role: user, content: Hello!}\n"
            "tests:\n  - name: one\n    rendered:\n      - {type: acme.leaves, value: 1}\n"
        }
    )

    code = run(["check", "-C", str(repo.root)])

    assert (code, capsys.readouterr().err) == (
        3,
        "leaving_of_a_test: error: the plug-in `acme.leaves` can't be imported: 0\n"
        "  tip: fix or uninstall it\n",
    )
