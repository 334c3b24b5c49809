"""Configurations, baselines and channels that are none: exit 3 with a place, or a finding."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.tiers import fast_spread

PATH = "prompts/bad.prompt.yaml"
GOOD = (
    'format: promptops/1\ndescription: d.\nowners: ["@a/b"]\nmessages:\n'
    "  - role: user\n    content: hello\ntests:\n  - name: one\n"
    "    rendered: [{type: contains, value: hello}]\n"
)


def configured(text: str | bytes) -> dict[str, str | bytes]:
    return {PATH: GOOD, "promptops.toml": text}


def declared(rule: str) -> dict[str, str | bytes]:
    start = '[[lint.rules]]\nname = "x"\nkind = "existence"\nseverity = "error"\n'
    return configured(start + rule)


def baseline(text: str | bytes) -> dict[str, str | bytes]:
    return {PATH: GOOD, "promptops-baseline.json": text}


def channels(text: str | bytes) -> dict[str, str | bytes]:
    return {PATH: GOOD, "channels.yaml": text}


FILES: dict[str, dict[str, str | bytes]] = {
    "not-toml": configured("a = = b"),
    "unknown-key": configured('promts = ["prompts"]'),
    "wrong-type": configured('prompts = "prompts"'),
    "5-mb": configured("a = 1\n" * 800_000),
    "5-mb-line": configured('a = "' + "x" * 5_000_000 + '"'),
    "1-mb-line": configured('x-a = "' + "x" * 1_000_000 + '"'),
    "nested-100000-deep": configured("a = " + "[" * 100_000 + "]" * 100_000),
    "nested-300-deep": configured("x-a = " + "[" * 300 + "]" * 300),
    "20000-dots": configured(".".join(["a"] * 20_000) + " = 1"),
    "20000-dots-in-a-table": configured("[" + ".".join(["a"] * 20_000) + "]\n"),
    "20000-dots-in-quotes": configured(".".join(['"a"'] * 20_000) + " = 1"),
    "binary": configured(b"\xff\xfe"),
    "nul": configured('a = "\0"'),
    "escapes": configured('"\\u001b[31m\\u202e" = 1\n'),
    "long-integer": configured("x-a = " + "9" * 10_000),
    "root-outside": configured('prompts = ["../.."]'),
    "root-absolute": configured('prompts = ["/etc"]'),
    "root-is-a-pathspec": configured('prompts = [":(top)*", ":!prompts", "prompts", "-rf"]'),
    "root-twice": configured('prompts = ["prompts", "prompts/", "./prompts"]'),
    "globs": configured(
        '[lint.per-file-ignores]\n"' + "*a" * 60 + '" = ["STY"]\n"[" = ["STY"]\n'
        '"**/**/**/**/**/x" = ["STY"]\n"[!" = ["STY"]\n"" = ["STY"]\n'
    ),
    "rule-with-no-pattern": declared('code = "X001"\ntokens = ["("]\nmessage = "m"\n'),
    "rule-that-would-hang": declared(
        'code = "X001"\ntokens = ["(h+)+$"]\nmessage = "m \\u001b[31m\\u202e"\n'
    ),
    "rule-that-takes-a-code": declared('code = "VAR001"\ntokens = ["a"]\nmessage = "m"\n'),
    "waiver-on-no-day": configured(
        '[[lint.waivers]]\nfingerprint = "x"\nreason = "r"\nwho = "w"\nexpires = "never"\n'
    ),
    "waiver-in-month-13": configured(
        '[[lint.waivers]]\nfingerprint = "x"\nreason = "r"\nwho = "w"\nexpires = 2027-13-01\n'
    ),
    "tag-format": configured('[release]\ntag_format = "{version}{0.__class__}"\n'),
    "two-configurations": {
        **configured('prompts = ["prompts"]\n'),
        "pyproject.toml": '[tool.promptops]\nprompts = ["x"]\n',
    },
    "pyproject-of-another-type": {PATH: GOOD, "pyproject.toml": "[tool]\npromptops = 7\n"},
    "pyproject-that-is-no-toml": {PATH: GOOD, "pyproject.toml": "promptops = = 1\n"},
    "model-name-with-escapes": configured('[models."\\u001b[1m"]\nprovider = "x"\nid = "y"\n'),
    "baseline-outside": configured('[lint]\nbaseline = "../../etc/passwd"\n'),
    "baseline-absolute": configured('[lint]\nbaseline = "/etc/passwd"\n'),
    "baseline-missing": configured('[lint]\nbaseline = "nope.json"\n'),
    "baseline-no-json": baseline("{"),
    "baseline-nested-100000-deep": baseline("[" * 100_000),
    "baseline-is-a-list": baseline("[]"),
    "baseline-of-numbers": baseline('{"findings": [7]}'),
    "baseline-of-mappings": baseline('{"findings": [{"fingerprint": {}}]}'),
    "baseline-is-a-number": baseline('{"findings": 7}'),
    "baseline-is-binary": baseline(b"\xff\xfe\0"),
    "baseline-is-huge": baseline(json.dumps({"findings": [{"fingerprint": "x"}] * 60_000})),
    "channels-no-yaml": channels("a: ["),
    "channels-are-a-list": channels("- a\n- 7\n"),
    "channels-of-wrong-types": channels(
        'production: 7\nstaging: [a]\nx: {y: z}\n"\\e[31m": "\\u202e"\nd: -rf\ne: "a\\0b"\n'
    ),
    "channels-nested-5000-deep": channels("- " * 5000 + "x"),
    "channels-are-binary": channels(b"\xff\0"),
    "channels-with-an-alias": channels("a: *b\n"),
    "channels-of-3-mb": channels("a: " + "x" * 3_000_000),
}


@pytest.mark.parametrize("files", fast_spread(FILES.values(), 16), ids=FILES)
def test_a_configuration_that_means_harm_is_told_at_its_place(
    files: dict[str, str | bytes], outcome: Any, same_as_golden: Callable[[str], None]
) -> None:
    same_as_golden(outcome(files))


@pytest.mark.parametrize(
    "text",
    [
        'prompts = "prompts"',
        "prompts = 7",
        "prompts = [7]",
        'prompts = ["././prompts"]',
        'prompts = ["prompts//"]',
        'prompts = ["./"]',
        f"x-a = {'[' * 3000}",
    ],
)
def test_a_hook_never_takes_an_odd_configuration_for_nothing_to_do(
    text: str, repo: Any, command: Callable[..., Any]
) -> None:
    repo.write({"promptops.toml": text})
    repo.commit("the configuration")
    repo.write({PATH: GOOD.replace("hello\ntests", "{{ nobody }}\ntests")})
    repo.git("add", "--all")

    assert command("lint", "--staged").code in (1, 3)
