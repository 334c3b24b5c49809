"""The configuration, read and refused."""

from __future__ import annotations

import sys
import tracemalloc
from datetime import date

import pytest

from promptops.errors import InputError, PromptopsError, UsageError
from promptops.model.config import (
    AlertRule,
    Config,
    CustomRule,
    DiffSettings,
    LintSettings,
    ModelProfile,
    ReleaseSettings,
    ScoreSettings,
    TestSettings,
    Waiver,
)
from promptops.model.finding import Severity
from promptops.source.config import load
from promptops.source.toml_places import TomlPlaces

FULL = b"""\
prompts = ["prompts", "more/prompts/"]
schemas = ["."]

[models.fast]
provider = "openai"
id = "gpt-5.4-mini-2026-03-17"
base_url = "http://127.0.0.1:8080/v1"
api_key_env = "OPENAI_API_KEY"
params = {temperature = 0}
price = {input = 0.25, output = 2.0}

[lint]
select = ["ALL"]
ignore = ["STY006"]
required-metadata = ["description", "owners"]
fail-on = "warning"
per-file-ignores = {"prompts/legacy/**" = ["TST"]}
severity = {STY003 = "info"}
[[lint.rules]]
code = "X001"
name = "no-competitors"
kind = "existence"
tokens = ["Globex"]
message = "don't name competitors"
severity = "error"
[[lint.waivers]]
fingerprint = "3f9a"
reason = "agreed"
who = "lena@acme.example"
expires = 2027-03-01

[test]
concurrency = 4
timeout_s = 2.5
total_timeout_s = 60
budget = {commit = 0, pull_request = 1.0, nightly = 5.0}

[release]
tag_format = "r{version}"
tags = "per-prompt"
branches = ["main", "release"]
sign = "always"
allowed_signers = "allowed_signers"
on_inconclusive = "fail"

[diff]
whitespace = "patch"
provider_change = "minor"

[score]
fields = {output = "/response/text", prompt = "/meta/prompt"}
by = ["prompt", "model", "hour"]
judge = 20
[[score.alerts]]
metric = "contracts"
below = 98
prompts = ["support/*"]
[[score.alerts]]
metric = "cost_1000"
above = 4.5
"""


def refused(error: type[PromptopsError], text: bytes, *overrides: str) -> tuple[object, ...]:
    with pytest.raises(error) as caught:
        load({"promptops.toml": text}, overrides)
    return caught.value.message, caught.value.where, caught.value.hint


def test_every_setting_is_read() -> None:
    assert load({"promptops.toml": FULL}) == Config(
        path="promptops.toml",
        prompts=("prompts", "more/prompts"),
        schemas=(".",),
        models={
            "fast": ModelProfile(
                name="fast",
                provider="openai",
                id="gpt-5.4-mini-2026-03-17",
                base_url="http://127.0.0.1:8080/v1",
                api_key_env="OPENAI_API_KEY",
                params={"temperature": 0},
                price={"input": 0.25, "output": 2.0},
            )
        },
        lint=LintSettings(
            select=("ALL",),
            ignore=("STY006",),
            required_metadata=("description", "owners"),
            fail_on=Severity.WARNING,
            per_file_ignores={"prompts/legacy/**": ("TST",)},
            severity={"STY003": Severity.INFO},
            rules=(
                CustomRule(
                    code="X001",
                    name="no-competitors",
                    kind="existence",
                    tokens=("Globex",),
                    message="don't name competitors",
                    severity=Severity.ERROR,
                ),
            ),
            waivers=(
                Waiver(
                    fingerprint="3f9a",
                    reason="agreed",
                    who="lena@acme.example",
                    expires=date(2027, 3, 1),
                ),
            ),
        ),
        test=TestSettings(
            concurrency=4,
            timeout_s=2.5,
            total_timeout_s=60,
            budget={"commit": 0, "pull_request": 1.0, "nightly": 5.0},
        ),
        release=ReleaseSettings(
            tag_format="r{version}",
            tags="per-prompt",
            branches=("main", "release"),
            sign="always",
            allowed_signers="allowed_signers",
            on_inconclusive="fail",
        ),
        diff=DiffSettings(whitespace="patch", provider_change="minor"),
        score=ScoreSettings(
            fields={"output": "/response/text", "prompt": "/meta/prompt"},
            by=("prompt", "model", "hour"),
            judge=20,
            alerts=(
                AlertRule(metric="contracts", below=98, prompts=("support/*",)),
                AlertRule(metric="cost_1000", above=4.5),
            ),
        ),
    )


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"pyproject.toml": b"[project]\nname = 'x'\n"},
        {"pyproject.toml": b"tool = 'promptops'\n"},
    ],
)  # fmt: skip
def test_without_a_configuration_there_are_defaults(files: dict[str, bytes]) -> None:
    assert load(files) == Config()


def test_an_empty_file_is_the_defaults() -> None:
    assert load({"promptops.toml": b""}) == Config(path="promptops.toml")


def test_pyproject_is_read_where_it_has_a_table() -> None:
    config = load({"pyproject.toml": b"[tool.promptops]\nprompts = ['p']\n"})

    assert config == Config(path="pyproject.toml", prompts=("p",))


def test_two_configurations_are_an_error() -> None:
    files = {"promptops.toml": b"", "pyproject.toml": b"[tool.promptops]\n"}

    with pytest.raises(InputError) as caught:
        load(files)

    assert (
        caught.value.message
        == "both promptops.toml and [tool.promptops] in pyproject.toml contain configuration"
    )


@pytest.mark.parametrize(
    ("text", "message", "where", "hint"),
    [
        (b"promts = []\n", "unknown key `promts`", "promptops.toml:1:1",
         "did you mean `prompts`?"),
        (b"\n[lint]\nselct = []\n", "unknown key `selct`", "promptops.toml:3:1",
         "did you mean `select`?"),
        (b"[lint]\nfail-on = 'eror'\n",
         "expected one of error, warning, info, got the string `eror`", "promptops.toml:2:1",
         "did you mean `error`?"),
        (b"[models.fast]\nprovider = 'x'\n", "`id` is missing", "promptops.toml:2:1", None),
        (b"[models.'a b']\nprovider = 1\nid = 'x'\n", "expected a string, got the number 1",
         "promptops.toml:2:1", "quote it"),
        (b"[models.fast]\nprovider = 'x'\nid = 'y'\nparams.seed = 9007199254740992\n",
         "9007199254740992 is an integer beyond 9007199254740991", "promptops.toml:4:1",
         "other languages can't read it exactly: use a smaller one, or quote it"),
        (b"prompts = ['..']\n", "`..` is not a valid root: the path names no file",
         "promptops.toml:1:1", None),
        (b"prompts = ['/etc']\n", "`/etc` is not a valid root: an absolute path",
         "promptops.toml:1:1", None),
        (b"[[lint.rules]]\ncode='X001'\nname='a'\nkind='existence'\nmessage='m'\ntokens=['a']\n"
         b"[[lint.rules]]\ncode = 'Y1'\nname='a'\nkind='existence'\nmessage='m'\ntokens=['a']\n",
         "the string `Y1` does not fit the pattern `^X[0-9]{3}$`", "promptops.toml:8:1", None),
        (b"[[lint.rules]]\ncode='X001'\nname='a'\nkind='existence'\nmessage='m'\n",
         "`tokens` is missing", "promptops.toml:2:1", None),
        (b"[[lint.waivers]]\nfingerprint='a'\nreason='b'\nwho='c'\nexpires = '2027-02-31'\n",
         "2027-02-31 is not a valid date", "promptops.toml:5:1", None),
        (b"[test]\nbudget.nightly = nan\n", "expected a number, got the number nan",
         "promptops.toml:2:1", None),
        (b"[mutate]\nfail-under = 'high'\n", "expected a number, got the string `high`",
         "promptops.toml:2:1", "a number, such as `fail-under = 80`"),
        (b"[score]\nby = ['prompt', 'verison']\n",
         "expected one of prompt, version, release, channel, model, day, hour, got the string"
         " `verison`", "promptops.toml:2:1", "did you mean `version`?"),
        (b"[score.fields]\noutput = '/text'\nprmpt = '/meta/prompt'\n", "unknown key `prmpt`",
         "promptops.toml:3:1", "did you mean `prompt`?"),
        (b"[score]\nfields = {output = 'response.text'}\n",
         "expected a JSON pointer, got the string `response.text`", "promptops.toml:2:1",
         "write `/response/text`"),
        (b"[release]\ntag_format = 'prompts'\n",
         "the string `prompts` does not fit the pattern `\\{version\\}`", "promptops.toml:2:1",
         "write `{version}` where the version belongs, such as `v{version}`"),
        (b"[[score.alerts]]\nmetric = 'errors'\n[[score.alerts]]\nmetric = 'p95'\nabove = 4\n",
         "the alert on `errors` has no limit", "promptops.toml:1:3",
         "write `below = 98` or `above = 4`"),
        (b"[[score.alerts]]\nmetric = 'p95'\nabove = 4\nbelow = 1\n",
         "`below` and `above` exclude each other", "promptops.toml:3:1", "write two alerts"),
        (b"[[score.alerts]]\nmetric = 'p95'\nabove = 400\n[[score.alerts]]\nmetric = 'max-chars'\n"
         b"below = 198\n",
         "`below` can't be 198", "promptops.toml:6:1",
         "write a number over 0 and at most 100"),
        (b"[release]\ntag_format = 'v${version}'\n", "`${` would be a part of each tag",
         "promptops.toml:2:1", 'write "v{version}"'),
        (b"[release]\ntag_format = 'v{{version}}'\n", "`{{` would be a part of each tag",
         "promptops.toml:2:1", 'write "v{version}"'),
        (b"[release]\ntag_format = 'release {version}'\n", "git refuses a tag with a space",
         "promptops.toml:2:1", 'such as "v{version}"'),
        (b"[release]\ntag_format = '/{version}'\n", "git refuses a tag with `/` there",
         "promptops.toml:2:1", 'such as "v{version}"'),
        (b"[release]\ntag_format = 'a/.v{version}'\n", "git refuses a tag with `/.` there",
         "promptops.toml:2:1", 'such as "v{version}"'),
        (b"[release]\ntag_format = 'a.lock/v{version}'\n",
         "git refuses a tag with `.lock` there", "promptops.toml:2:1", 'such as "v{version}"'),
        (b"[lint]\nTST001 = 'off'\n", "unknown key `TST001`", "promptops.toml:2:1",
         'write `ignore = ["TST001"]`, or `severity = {TST001 = "warning"}`'),
        (b"[lint.severity]\nTST001 = 'off'\n",
         "expected one of error, warning, info, got the string `off`", "promptops.toml:2:1",
         "`lint.ignore` switches off a rule"),
        (b"[lint]\ndisable = ['TST001']\n", "unknown key `disable`", "promptops.toml:2:1",
         "write `ignore`"),
        (b"[lint.rules]\nTST001 = 'off'\n", "expected a list, got a mapping",
         "promptops.toml:1:2",
         "rules of your own are `[[lint.rules]]`; `lint.ignore` switches off a rule"),
        (b"[[lint.waivers]]\ncode = 'TST001'\nreason = 'r'\nwho = 'w'\nexpires = 2027-03-01\n",
         "unknown key `code`", "promptops.toml:2:1",
         "a waiver names one finding, by the fingerprint in `--format json`"),
        (b"[check]\nfail-on = 'breaking'\n", "expected a list, got the string `breaking`",
         "promptops.toml:2:1", 'write `["breaking"]`'),
        (b"[check]\nfail-on = ['warning']\n",
         "expected one of breaking, risk, got the string `warning`", "promptops.toml:2:1",
         "severities of findings are `lint.fail-on`"),
        (b"[test]\ntimeout_s = '30s'\n", "expected a number, got the string `30s`",
         "promptops.toml:2:1", "write 30, without quotes"),
        (b"[models.fast]\nprovider = 'openai'\nmodel = 'gpt-5'\n", "unknown key `model`",
         "promptops.toml:3:1", "write `id`"),
        (b"[[models]]\nid = 'gpt-5'\n", "expected a mapping, got a list", "promptops.toml:1:3",
         "write `[models.NAME]`"),
        (b"[tool.promptops]\nprompts = []\n", "unknown key `tool`", "promptops.toml:1:2",
         "write the tables without `tool.promptops`, as in `[lint]`"),
        (b"[release]\nsign = True\n", "not TOML: invalid value", "promptops.toml:2:8",
         "write `true`"),
        (b"[release]\nsign = auto\n", "not TOML: invalid value", "promptops.toml:2:8",
         "quote it"),
        ("[release]\nsign = \u201cauto\u201d\n".encode(), "not TOML: invalid value",
         "promptops.toml:2:8", "write straight quotes"),
        (b"[release]\nsign: 'auto'\n",
         "not TOML: expected '=' after a key in a key/value pair", "promptops.toml:2:5",
         "write `=`"),
        (b"[release]\ntag_format = '{version}-{version}'\n",
         "`tag_format` must contain `{version}` once", "promptops.toml:2:1",
         'such as "v{version}"'),
        (b"[model.fast]\nprovider = 'echo'\n",
         "unknown key `model`", "promptops.toml:1:2", "did you mean `models`?"),
        (b"[[score.alerts]]\nmetric = 'p95'\nbelow = 0.5\n[[score.alerts]]\nmetric = 'errors'\n"
         b"above = 0.5\n[[score.alerts]]\nmetric = 'contracts'\nbelow = 0.98\n",
         "`below` is in percent: 0.98 is 0.98%", "promptops.toml:9:1", "write 98"),
        (b"[[score.alerts]]\nmetric = 'errors'\nabove = 101\n", "`above` can't be 101",
         "promptops.toml:3:1",
         "write a number from 0 to less than 100"),
        (b"[[score.alerts]]\nmetric = 'p95'\nabove = 101\n"
         b"[[score.alerts]]\nmetric = 'p95'\nbelow = -1\n", "`below` can't be -1",
         "promptops.toml:6:1",
         "write a number over 0"),
        (b"[[score.alerts]]\nmetric = 'p95'\nabove = inf\n",
         "expected a number, got the number inf", "promptops.toml:3:1", None),
        (b"[[score.alerts]]\nmetric = 'contracts'\nbelow = 0\n", "`below` can't be 0",
         "promptops.toml:3:1", "write a number over 0 and at most 100"),
        (b"[[score.alerts]]\nmetric = 'errors'\nabove = 0\n[[score.alerts]]\nmetric = 'errors'\n"
         b"above = 100\n", "`above` can't be 100", "promptops.toml:6:1",
         "write a number from 0 to less than 100"),
        (b"[mutate]\nfail-under = 0.6\n", "`fail-under` is in percent: 0.6 is 0.6%",
         "promptops.toml:2:1", "write 60"),
        (b"[compare]\nmargin = 0.03\n", "`margin` is in percentage points: 0.03 is 0.03 points",
         "promptops.toml:2:1", "write 3, or at least 0.5"),
        (b"[compare]\ncontract_margin = 0.05\n",
         "`contract_margin` is in percentage points: 0.05 is 0.05 points",
         "promptops.toml:2:1", "write 5, or at least 0.5"),
        (b"a = \n", "not TOML: invalid value", "promptops.toml:1:5", None),
        (b"a = '\xff'\n", "the file is not UTF-8", "promptops.toml:1:6", "save it as UTF-8"),
        (b"a = " + b"[" * 5000, "arrays or tables are nested too deeply", "promptops.toml",
         "write fewer levels"),
        (b"[lint]\n[lint]\n", "not TOML: cannot declare `lint` twice", "promptops.toml:2:6", None),
        (b"[test]\nbudget = {}\n[test.budget]\n",
            "not TOML: cannot declare `test.budget` twice", "promptops.toml:3:13", None),
        (b"[test]\nx = 1\nx = 2\n", "not TOML: this key has a value already",
            "promptops.toml:3:6", None),
        (b"prompts = [\n", "not TOML: `[` is never closed", "promptops.toml:1:11", "add `]`"),
        (b"[lint]\nignore = [ # a ]\n  'STY',\n[test]\n", "not TOML: `[` is never closed",
         "promptops.toml:2:10", "add `]`"),
        (b"[lint]\nignore = [\n  'STY'\nselect = ['ALL']\n", "not TOML: `[` is never closed",
         "promptops.toml:2:10", "add `]`"),
        (b"a = [[1, '['], [2, 3\n\n", "not TOML: `[` is never closed",
         "promptops.toml:1:16", "add `]`"),
        (b"[test]\nbudget = {commit = 0\nrepeats = 2\n", "not TOML: `{` is not closed on its line",
         "promptops.toml:2:10", "add `}`"),
        (b"a = 'x\nb = 1\n", "not TOML: `'` is not closed on its line",
         "promptops.toml:1:5", "add `'`"),
        (b'a = """x\nb = "y"\n', 'not TOML: `"""` is never closed',
         "promptops.toml:1:5", 'add `"""`'),
        (b"[lint]\nignore = ['SEC' 'STY']\n", "not TOML: unclosed array",
         "promptops.toml:2:17", None),
        (b"[lint]\nignore = [\n  oops,\n]\n", "not TOML: invalid value",
         "promptops.toml:3:3", "quote it"),
        (b'a = "x" b\n',
         "not TOML: expected newline or end of document after a statement",
         "promptops.toml:1:9", None),
        (b"[lint] oops\n",
         "not TOML: expected newline or end of document after a statement",
         "promptops.toml:1:8", None),
        (b"[lint]\noops\n", "not TOML: expected '=' after a key in a key/value pair",
         "promptops.toml:2:5", None),
        (b"a = {x = 1 y}\n", "not TOML: unclosed inline table",
         "promptops.toml:1:12", None),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_place(
    text: bytes, message: str, where: str, hint: str | None
) -> None:
    assert refused(InputError, text) == (message, where, hint)


KNOWN = (
    "known keys: check, compare, diff, drift, lint, models, mutate, probe, prompts, release,"
    " schemas, score, test"
)


def listed(error: PromptopsError) -> list[tuple[object, ...]]:
    """Place, message, hint and source line of each error, in order."""
    return [
        (each.where, each.message, each.hint, each.source and each.source.text)
        for each in (error, *error.others)
    ]


def test_every_error_is_listed_with_its_line() -> None:
    with pytest.raises(InputError) as caught:
        load({"promptops.toml": b"colour = 1\n\n[lint]\nselct = []\nfail-on = 'eror'\n"})

    assert listed(caught.value) == [
        ("promptops.toml:1:1", "unknown key `colour`", KNOWN, "colour = 1"),
        (
            "promptops.toml:4:1",
            "unknown key `selct`",
            "did you mean `select`?",
            "selct = []",
        ),
        (
            "promptops.toml:5:1",
            "expected one of error, warning, info, got the string `eror`",
            "did you mean `error`?",
            "fail-on = 'eror'",
        ),
    ]


def test_every_error_of_an_override_is_listed() -> None:
    override = "lint={selct=[], fail-on='eror'}"

    with pytest.raises(UsageError) as caught:
        load({}, [override])

    assert [each[:3] for each in listed(caught.value)] == [
        (
            f"--config {override}",
            "expected one of error, warning, info, got the string `eror`",
            "did you mean `error`?",
        ),
        (f"--config {override}", "unknown key `selct`", "did you mean `select`?"),
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[models.a]\nprovider = 'x'\nid = 1\nheaders = 'opaque-1'\n", ["id = …", "headers = …"]),
        ("models.a = {provider = 'x', id = 'opaque-1', headers = 1}\n", ["models.a = …"]),
        ("[models.a.headers]\nAuthorization = [ 'opaque-1'\nid = 1\n", ["Authorization = …"]),
        ("[models.a.headers]\nAuthorization = [\n  ['opaque-1'\n", [None]),
        ("[models.a.headers]\nAuthorization = [\n  [1],\n  ['opaque-1' 'b']\n", [None]),
        ("['models'.a.headers]\nAuthorization = [\n  ['opaque-1'\n", [None]),
        ("[models.a]\nheaders = [\n  {'opaque-1' = 1\n", [None]),
        ("[models.a]\nheaders = [\n  'opaque-1==' 2\n]\n", [None]),
        ("[models.a]\nheaders = {a =\n'opaque-1'}\n", ["headers = …"]),
        ("[tool]\nx = 1\n[models]\na.api_key_env = 'opaque-1' 2\n", ["a.api_key_env = …"]),
    ],
)
def test_a_line_that_may_hold_a_secret_is_shown_up_to_its_value(
    text: str, shown: list[str | None]
) -> None:
    with pytest.raises(InputError) as caught:
        load({"promptops.toml": text.encode()})

    assert [line for *_, line in listed(caught.value)] == shown
    assert "opaque-1" not in repr(listed(caught.value))


KEYS = (
    "gsk_Zq8Lm3WvXyRb7NcHs5KpDf2GjUe9QaTt4oPl6YhBn1CvXz0A",
    "hf_aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH",
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "AIzaSyD4f9K2lmQ8pR7sT6uV5wX4yZ3aB2cD1eF",
    "d41d8cd98f00b204e9800998ecf8427e",
    "AKIAZQ3DR7TUWXY2345P",
)


@pytest.mark.parametrize("key", KEYS)
def test_a_variable_name_that_is_like_a_key_is_refused_and_not_shown(key: str) -> None:
    text = f'[models.a]\nprovider = "openai"\nid = "m"\napi_key_env = "{key}"\n'

    assert refused(InputError, text.encode()) == (
        "`api_key_env` looks like an API key; it must be the name of a variable",
        "promptops.toml:4:1",
        "revoke the key, and write the name of the variable with the new key",
    )


@pytest.mark.parametrize(
    "name",
    [
        "OPENAI_API_KEY",
        "AZURE_OPENAI_API_KEY_EASTUS2_PROD",
        "acme_key_2026",
        "HF_TOKEN",
        "KEY_FOR_INTERNATIONALIZATION_TEAM",
        "X1",
    ],
)
def test_a_variable_name_made_of_words_is_none(name: str) -> None:
    text = f'[models.a]\nprovider = "openai"\nid = "m"\napi_key_env = "{name}"\n'

    assert load({"promptops.toml": text.encode()}).models["a"].api_key_env == name


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            'api_key_env = "opaque-secret-1"',
            "a value that is not shown does not fit the pattern `^[A-Za-z_][A-Za-z0-9_]*$`",
        ),
        (
            'base_url = "me:opaque-secret-1@host"',
            "expected an address that begins with `http://` or `https://`",
        ),
        (
            'headers = "opaque-secret-1"',
            "expected a mapping, got a value that is not shown",
        ),
        (
            'provider_options = {openai = "opaque-secret-1"}',
            "expected a mapping, got a value that is not shown",
        ),
    ],
)
def test_no_error_shows_a_value_that_may_be_a_secret(line: str, message: str) -> None:
    text = f'[models.a]\nprovider = "openai"\nid = "m"\n{line}\n'.encode()
    override = "models.a={provider='openai', id='m', " + line.replace('"', "'") + "}"

    assert refused(InputError, text)[0] == message
    assert refused(UsageError, b"", override)[:2] == (message, "--config models.a=…")
    assert "opaque-secret-1" not in str(refused(UsageError, b"", override))


def test_places_in_pyproject_are_those_of_the_file() -> None:
    with pytest.raises(InputError) as caught:
        load({"pyproject.toml": b"[project]\n\n[tool.promptops.lint]\nselct = []\n"})

    assert caught.value.where == "pyproject.toml:4:1"


@pytest.mark.parametrize("value", [b"3", b"[1]", b"'x'"])
def test_a_table_that_is_none_is_told(value: bytes) -> None:
    with pytest.raises(InputError, match="expected a mapping"):
        load({"pyproject.toml": b"[tool]\npromptops = " + value + b"\n"})


def test_overrides_replace_what_the_file_says() -> None:
    config = load({"promptops.toml": FULL}, ['lint.select=["SEC"]', "test.concurrency = 1"])

    assert (config.lint.select, config.lint.ignore, config.test.concurrency) == (
        ("SEC",),
        ("STY006",),
        1,
    )


@pytest.mark.parametrize(
    ("override", "message", "hint"),
    [
        ("models.fast", "not TOML", """write KEY=VALUE, such as --config 'lint.select=["SEC"]'"""),
        ("lint.select=SEC", "not TOML", """write it as --config 'lint.select=["SEC"]'"""),
        ("lint.selct=[]", "unknown key `selct`", "did you mean `select`?"),
        ("prompts=['../x']", "`../x` is not a valid root: a path with `..`", None),
    ],
)
def test_a_wrong_override_is_wrong_usage(override: str, message: str, hint: str | None) -> None:
    assert refused(UsageError, b"", override) == (message, f"--config {override}", hint)


def test_loading_defaults_imports_nothing_heavy() -> None:
    import subprocess

    code = (
        "import sys; from promptops.source.config import load; load({});"
        "print([n for n in ('tomllib', 'yaml', 'jsonschema_rs', 'jinja2') if n in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('api_key = "sk-proj-Qx7Lm2Vb9Tz4Rk8Wn3Yc6Hd1Jf5Gs0Pa"', "api_key"),
        ('api_key_env = "sk-proj-Qx7Lm2Vb9Tz4Rk8Wn3Yc6Hd1Jf5Gs0Pa"', "api_key_env"),
        ('token = "gsk_abcdefghijklmnopqrstuvwx1234567890"', "token"),
    ],
)
def test_a_key_in_a_profile_is_called_one_whatever_its_name_is(line, key):
    text = f'[models.fast]\nprovider = "openai"\nid = "m"\n{line}\n'

    with pytest.raises(InputError) as raised:
        load({"promptops.toml": text.encode()})

    message = f"`{key}` looks like an API key; it must be the name of a variable"
    assert (raised.value.message, raised.value.others) == (message, ())
    assert raised.value.where is not None
    assert raised.value.where.startswith("promptops.toml:4:1")
    assert "Qx7L" not in str(raised.value)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            """[compare]\nrecordings = "prompts/arms"\n""",
            "promptops.toml:2:1: `prompts/arms` and the prompt root `prompts` contain each other's"
            " files",
        ),
        (
            """prompts = ["a/b"]\n[compare]\nrecordings = "a"\n""",
            "promptops.toml:3:1: `a` and the prompt root `a/b` contain each other's files",
        ),
        (
            """prompts = ["."]\n[probe]\nrecordings = "probes"\n""",
            "promptops.toml:3:1: `probes` and the prompt root `.` contain each other's files",
        ),
        (
            """[compare]\nrecordings = "x"\n[probe]\nrecordings = "x/y"\n""",
            "promptops.toml:4:1: `x/y` and the folder of `compare` contain each other's files",
        ),
        (
            """[probe]\nrecordings = "../x"\n""",
            "promptops.toml:2:1: `../x` is not a valid folder: a path with `..`",
        ),
    ],
)
def test_a_folder_of_recordings_belongs_to_one_command_and_to_no_prompt_root(written, message):
    with pytest.raises(InputError) as caught:
        load({"promptops.toml": written.encode()})

    error = caught.value
    assert f"{error.where}: {error.message}".splitlines()[0] == message


def test_a_key_of_over_50_parts_has_no_place_and_needs_little_memory():
    dots = "a" + ".a" * 20_000

    tracemalloc.start()
    places = TomlPlaces("promptops.toml", f"{dots} = 1\n[{dots}]\nb = 1\n")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert str(places.place("/a/a")) == "promptops.toml:1:1"
    assert peak < 5_000_000
