"""An internal error in one prompt or one rule is one finding; everything else is shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from promptops.cli.main import run

GOOD = """\
format: promptops/1
description: Answers one question.
owners: ["@acme/ai"]
inputs:
  required: [ticket]
  properties:
    ticket: {type: string, maxLength: 100}
messages:
  - role: user
    content: NAME says {{ ticket }}.
tests:
  - name: one
    inputs: {ticket: t}
    rendered:
      - {type: contains, value: says}
"""
FINE = "prompts/fine.prompt.yaml"
BAD = "prompts/bad.prompt.yaml"
UNDEFINED = (FINE, "VAR001", "`tikcet` is not an input")
HINT = "report it with the output of PROMPTOPS_DEBUG=1"


class Panic(BaseException):
    """As a native module raises it: no `Exception`."""


@contextmanager
def fault(module: str, function: str, text: str, error: BaseException) -> Iterator[None]:
    """Raise an error once, where a function is entered whose local variables show a text."""

    def entered(frame: FrameType, event: str, _argument: object) -> None:
        here = frame.f_globals.get("__name__"), frame.f_code.co_name
        if event == "call" and here == (module, function) and text in repr(frame.f_locals):
            raise error

    sys.setprofile(entered)
    try:
        yield
    finally:
        sys.setprofile(None)


@pytest.fixture
def command(
    repo: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, Any, str]]:
    """Runs a command line: its exit code, its report and what it writes to stderr."""
    repo.write({FINE: GOOD, BAD: GOOD})
    repo.commit("good")
    repo.write({FINE: GOOD.replace("{{ ticket }}", "{{ tikcet }}"), BAD: GOOD.replace("NAME", "B")})
    monkeypatch.chdir(repo.root)

    def ended(*arguments: str) -> tuple[int, Any, str]:
        capfd.readouterr()
        code = run([*arguments, "--format", "json"])
        out, err = capfd.readouterr()
        return code, json.loads(out) if out else None, err

    return ended


def seen(report: Any) -> set[tuple[str, str, str]]:
    found = report.get("lint", report)["findings"]
    return {(each["place"]["path"], each["code"], each["message"]) for each in found}


PLACES = {
    "a file is read": ("promptops.source.document", "read", BAD),
    "a prompt is built": ("promptops.catalog.build", "_prompt", "B says"),
    "a rule judges a prompt": ("promptops.lint.rules.no_assertion", "no_assertion", "id='bad'"),
    "what rules ask for is worked out": ("promptops.analysis.template_walk", "walk", BAD),
    "comments are read": ("promptops.lint.engine", "_suppressions", BAD),
    "its files are listed": ("promptops.catalog.catalog", "dependencies", BAD),
}


@pytest.mark.parametrize("error", [KeyError("s3cret"), MemoryError(), RecursionError(), Panic()])
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_lint_and_check_show_all_other_findings(
    place: tuple[str, str, str], error: BaseException, command: Callable[..., Any]
) -> None:
    for arguments in (("lint", "--no-cache"), ("check", "--no-cache")):
        with fault(*place, error):
            code, report, err = command(*arguments)

        assert (code, "Traceback" in err, "s3cret" in f"{report}{err}") == (70, False, False)
        assert UNDEFINED in seen(report)
        internal = [each for each in seen(report) if each[1] == "internal-error"]
        assert [path for path, _, _ in internal] == [BAD]
        assert internal[0][2].startswith(f"internal error: {type(error).__name__} at promptops.")


def test_a_rule_that_fails_is_named_with_its_place(command: Callable[..., Any]) -> None:
    with fault(*PLACES["a rule judges a prompt"], KeyError("s3cret")):
        _, report, _ = command("lint", "--no-cache")

    (found,) = (each for each in report["findings"] if each["code"] == "internal-error")
    message = found["message"]
    assert message.startswith("internal error: KeyError at promptops.lint.rules.no_assertion:")
    assert "(rule TST005 no-assertion)" in message
    assert (found["severity"], found["hint"], found["prompt"]) == ("error", HINT, "bad")


def test_a_rule_over_all_prompts_that_fails_hides_no_other(command: Callable[..., Any]) -> None:
    with fault("promptops.lint.rules.duplicate_id", "duplicate_id", "", KeyError()):
        code, report, _ = command("lint", "--no-cache")

    assert code == 70
    assert {UNDEFINED[:2], ("promptops.toml", "internal-error")} <= {f[:2] for f in seen(report)}


def test_no_configuration_and_no_option_silences_an_internal_error(
    repo: Any, command: Callable[..., Any]
) -> None:
    repo.write({
        BAD: GOOD.replace("format:", "# promptops: ignore-file[internal-error] quiet\nformat:"),
        "promptops.toml": '[lint]\nignore = ["TST"]\n[lint.per-file-ignores]\n"**" = ["VAR"]\n',
    })  # fmt: skip
    with fault("promptops.analysis.template_walk", "walk", BAD, KeyError()):
        code, report, _ = command("lint", "--no-cache", "--rule", "VAR", "--exit-zero")

    assert code == 70
    assert (BAD, "internal-error") in {each[:2] for each in seen(report)}


def test_an_internal_error_is_never_answered_from_the_cache(command: Callable[..., Any]) -> None:
    with fault("promptops.analysis.template_walk", "walk", BAD, KeyError()):
        first, _, _ = command("lint")

    again, report, _ = command("lint")

    assert (first, again) == (70, 1)
    assert {each[0] for each in seen(report)} == {FINE}


def test_an_internal_error_is_no_part_of_a_baseline(repo: Any, command: Callable[..., Any]) -> None:
    with fault("promptops.analysis.template_walk", "walk", BAD, KeyError()):
        code, _, _ = command("lint", "--write-baseline")

    assert (code, (repo.root / "promptops-baseline.json").exists()) == (70, False)


@pytest.mark.parametrize(
    "place",
    [
        ("promptops.source.document", "read", BAD),
        ("promptops.testing.plan", "_plan_case", "id='bad'"),
        ("promptops.testing.plan", "_assertion_error", "id='bad'"),
        ("promptops.evals.result", "_judgement_of", "B says"),
        ("promptops.runtime.request.canonical", "request_digest", "B says"),
    ],
)
def test_a_case_that_can_not_be_judged_is_an_error_and_the_others_run(
    place: tuple[str, str, str], command: Callable[..., Any]
) -> None:
    with fault(*place, KeyError("s3cret")):
        code, report, err = command("test")

    found = {each["prompt"]: each for each in report["cases"]}
    assert (code, "s3cret" in f"{report}{err}") == (70, False)
    assert found["fine"]["reason"] == "it can't be rendered: `tikcet` is undefined"
    assert found["bad"]["status"] == "error"
    assert "internal error: KeyError at promptops." in json.dumps(found["bad"])


@pytest.mark.parametrize(
    "place",
    [
        ("promptops.source.document", "read", BAD),
        ("promptops.diff.inputs", "input_changes", BAD),
        ("promptops.diff.rendering", "render_both", BAD),
    ],
)
def test_a_prompt_that_can_not_be_compared_is_one_entry_of_the_diff(
    place: tuple[str, str, str], command: Callable[..., Any]
) -> None:
    with fault(*place, KeyError("s3cret")):
        code, report, _ = command("diff", "--worktree")

    changes = {each["id"]: [c["code"] for c in each["changes"]] for each in report["prompts"]}
    assert (code, changes["bad"], "s3cret" in str(report)) == (70, ["CHG505"], False)
    assert "CHG310" in changes["fine"]


def test_a_diff_that_fails_fails_the_gate(repo: Any, command: Callable[..., Any]) -> None:
    repo.write({FINE: GOOD})
    with fault("promptops.diff.inputs", "input_changes", BAD, KeyError()):
        code, report, _ = command("check", "--since", "HEAD", "--at", "worktree")

    assert (code, report["verdict"]) == (70, "fail")


def test_a_release_is_refused_where_a_comparison_fails(
    repo: Any, command: Callable[..., Any]
) -> None:
    repo.git("tag", "-a", "v1.0.0", "-m", "one")
    repo.write({FINE: GOOD})
    repo.commit("changed")
    with fault("promptops.diff.inputs", "input_changes", BAD, KeyError()):
        code, report, _ = command("release", "--dry-run")

    messages = [each["message"] for each in report["problems"]]
    assert code == 1
    assert "an internal error of promptops: not everything was checked" in messages


def test_the_page_is_written_without_what_failed(repo: Any, command: Callable[..., Any]) -> None:
    with fault("promptops.analysis.template_walk", "walk", BAD, KeyError()):
        code = run(["check", "--format", "html=page.html"])

    page = Path(repo.root, "page.html").read_text("utf-8")
    assert (code, "tikcet" in page, "internal error: KeyError" in page) == (70, True, True)


def test_a_prompt_that_is_asked_for_alone_ends_with_the_error(command: Callable[..., Any]) -> None:
    with fault("promptops.source.document", "read", BAD, KeyError("s3cret")):
        code, report, err = command("render", "bad")

    (error,) = report["errors"]
    assert (code, error["where"], error["hint"], "s3cret" in f"{report}") == (70, BAD, HINT, False)
    assert err.startswith(f"{BAD}: error: internal error: KeyError at promptops.")
    assert err.endswith(f"  tip: {HINT}\n")


def test_the_traceback_is_shown_with_the_debug_variable(
    command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPTOPS_DEBUG", "1")
    with fault("promptops.analysis.template_walk", "walk", BAD, KeyError("wanted")):
        code, _, err = command("lint", "--no-cache")

    assert (code, "Traceback" in err, "wanted" in err) == (70, True, True)


def test_an_interruption_is_no_internal_error(command: Callable[..., Any]) -> None:
    with fault("promptops.analysis.template_walk", "walk", BAD, KeyboardInterrupt()):
        code, report, _ = command("lint", "--no-cache")

    assert (code, report) == (130, None)
