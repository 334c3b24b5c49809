"""`promptops score`: what it prints as JSON, how it exits, and what it refuses."""

import gzip
import json
import re

import pytest

from promptops.cli.main import run
from tests.commands.test.test_test_progress import on_a_terminal
from tests.output_schemas import validate

ASK = "prompts/ask.prompt.yaml"
PROMPT = """\
format: promptops/1
description: Repeats a word.
budget: {cost_usd: 0.0005}
inputs:
  required: [word]
  properties:
    word: {type: string, maxLength: 100}
messages:
  - {role: user, content: "Say {{ word }}."}
evaluation:
  assertions:
    - {type: max-chars, value: 8}
    - {type: expr, value: "text == expected"}
"""
CONFIG = "[release]\nsign = 'never'\n"
SECRET = "zugzwang quokka xylophone"


def released(repo):
    """The prompt in the release v0.1.0."""
    repo.write({ASK: PROMPT, "promptops.toml": CONFIG})
    repo.commit("one")
    assert run(["release", "--yes", "-C", str(repo.root)]) == 0


def sample(number, **values):
    return {
        "id": f"s{number}",
        "at": "2026-11-27T10:00:00Z",
        "prompt": "ask",
        "version": "0.1.0",
        "inputs": {"word": SECRET},
        "output": "Hello.",
        "usage": {"input": 100, "output": 10},
        "latency_s": 0.5,
        "cost_usd": 0.001,
        **values,
    }


def lines(*samples):
    return "".join(f"{json.dumps(each)}\n" for each in samples)


GOOD = [sample(number) for number in range(60)]
BAD = [sample(number, output=SECRET) for number in range(400, 460)]
MORE = [sample(number) for number in range(200, 240)]
EARLIER = [sample(number, at="2026-11-26T10:00:00Z") for number in range(300, 360)]
ERRORS = [sample(number, output=None, error="timeout") for number in range(60)]
WITHOUT_CONTENT = [
    sample(number, output=None, tool_calls=[], finish_reason="stop") for number in range(60)
]
OPTIONAL = 'score.alerts=[{{metric="p95",above=0.1,prompts=[{prompts}],optional=true}}]'


@pytest.fixture
def scored(prepared, tmp_path, capsysbinary):
    """Scores a text in the released repository: exit code, stdout and stderr."""
    root = prepared(released).root
    file = tmp_path / "samples.jsonl"

    def score(text, *arguments):
        file.write_text(text, encoding="utf-8")
        capsysbinary.readouterr()
        code = run(["score", str(file), "-C", str(root), *arguments])
        shown = capsysbinary.readouterr()
        return code, shown.out.decode(), shown.err.decode()

    return score


def test_a_tag_in_place_of_a_version_is_joined_and_unjoined_samples_have_a_hint(scored):
    named = [sample(1, version="v0.1.0"), sample(2), sample(3, version="v7")]

    code, out, _ = scored(lines(*named), "--by", "version", "--config", "score.unjoined=34")

    assert (code, out.splitlines()[-4:]) == (
        0,
        [
            "not joined: 1 sample: ask v7 (1)",
            "hint: `promptops list` shows the prompts;"
            " releases are known by their tags: `git fetch --tags`",
            "not checked: ask: expr: needs `expected`, which samples do not have",
            "1 group · 2 of 3 samples scored",
        ],
    )


def test_a_log_of_another_shape_is_pointed_to_its_fields(scored):
    code, out, err = scored(lines(*({"timestamp": "2026-11-27", "text": "x"} for _ in range(2))))

    assert code == 3
    assert "unknown key: `timestamp`, did you mean `at`?" in out
    assert err.splitlines()[-1] == (
        "  tip: check the format (--from), name the keys of your own log in [score.fields], and"
        " check whether the files are complete"
    )


def test_the_json_has_groups_with_their_rates_cost_and_budget(scored, golden, tmp_path):
    other = sample(99, prompt="aks")
    code, out, _ = scored(lines(*GOOD, *BAD[:20], other) + '{"id": "c\n', "--format", "json")

    assert code == 3
    validate("score", json.loads(out))
    golden("score.json", out.replace(f"{tmp_path}/", ""))


@pytest.mark.parametrize(
    ("samples", "arguments", "code"),
    [
        (GOOD, (), 0),
        (GOOD, ("--alert", "contracts<98"), 0),
        (BAD, (), 0),
        (BAD, ("--alert", "contracts<98"), 1),
        (BAD, ("--alert", "max-chars<98"), 1),
        (GOOD, ("--alert", "cost_1000>0.5"), 1),
        (GOOD, ("--config", 'score.alerts=[{metric="p95",above=0.1}]'), 1),
        (GOOD, ("--config", 'score.alerts=[{metric="p95",above=0.1,prompts=["b*"]}]'), 1),
        (GOOD, ("--config", OPTIONAL.format(prompts='"b*"')), 0),
        (GOOD, ("--config", OPTIONAL.format(prompts='"a*"')), 1),
        (ERRORS, (), 0),
        (ERRORS, ("--alert", "contracts<98"), 1),
        ([*EARLIER, *ERRORS], ("--alert", "contracts<98"), 1),
        ([*EARLIER, *ERRORS[:1]], ("--alert", "contracts<98"), 0),
        ([*EARLIER, *WITHOUT_CONTENT], ("--alert", "max-chars<98"), 1),
        ([*GOOD, sample(99, prompt="other")], (), 3),
        ([*GOOD, sample(99, prompt="other")], ("--config", "score.unjoined=2"), 0),
        ([*GOOD, *MORE, sample(99, prompt="other")], (), 0),
        ([sample(1, prompt="other")], (), 1),
        ([], (), 1),
    ],
)
def test_how_it_exits(scored, samples, arguments, code):
    assert scored(lines(*samples), *arguments)[0] == code


def test_an_alert_without_a_value_fails_with_the_reason(scored):
    code, out, _ = scored(lines(*EARLIER, *ERRORS), "--alert", "contracts<98")
    of_no_group = scored(lines(*ERRORS), "--alert", "max-chars<98")

    assert (code, out.splitlines()[-3:]) == (
        1,
        [
            "no alert: contracts below 98%: 1 group; 60 samples would raise it below 93.7%",
            "alert without a value: ask · 0.1.0 · no channel · 2026-11-27: contracts below 98%:"
            " all samples ended with an error (60)",
            "1 alert without a value · 1 prompt, 2 groups · 120 samples scored",
        ],
    )
    assert (of_no_group[0], of_no_group[1].splitlines()[-3:]) == (
        1,
        [
            "hint: `optional = true` in [[score.alerts]] accepts that samples lack a value",
            "alert without a value: max-chars below 98%: no sample has a value for it",
            "1 alert without a value · 1 prompt, 1 group · 60 samples scored",
        ],
    )


def test_alerts_on_errors_alone_are_noted_because_they_can_not_see_the_answers(scored):
    code, out, _ = scored(lines(*BAD), "--alert", "errors>5")
    watched = scored(lines(*GOOD), "--alert", "errors>5", "--alert", "contracts<98")

    hint = "hint: no alert is about the answers: add `--alert 'contracts<98'`, or a score"
    assert (code, [line for line in out.splitlines() if "hint" in line]) == (0, [hint])
    assert hint not in watched[1]


def test_samples_that_belong_to_no_prompt_have_a_limit(scored):
    unjoined = [sample(number, prompt="aks") for number in range(100, 163)]

    code, out, err = scored(lines(*GOOD[:3], *unjoined))

    assert (code, out.splitlines()[-1]) == (3, "1 prompt, 1 group · 3 of 66 samples scored")
    assert err.splitlines() == [
        "error: 63 of 66 samples belong to no prompt of this repository, over 1%",
        "  tip: check the ids (promptops list), fetch the tags (git fetch --tags), or accept more"
        " percent in the configuration: `unjoined` in [score]",
    ]


def test_an_alert_that_is_configured_and_given_counts_once(scored):
    configured = ("--config", 'score.alerts=[{metric="contracts",below=98}]')

    _, out, _ = scored(lines(*BAD), *configured, "--alert", "contracts<98", "--format", "json")

    assert [each["metric"] for each in json.loads(out)["alerts"]] == ["contracts"]


SPAN = {
    "traceId": "0af7651916cd43dd8448eb211c80319c",
    "spanId": "b7ad6b7169203331",
    "attributes": [{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}],
}

RELEASED_SPAN = {
    **SPAN,
    "attributes": [
        *SPAN["attributes"],
        {"key": "promptops.release", "value": {"stringValue": "v0.1.0"}},
    ],
}


@pytest.mark.parametrize(
    ("wrong", "name", "hint"),
    [
        (
            sample(1, version="9.9.9"),
            "ask 9.9.9",
            "`promptops list` shows the prompts;"
            " releases are known by their tags: `git fetch --tags`",
        ),
        (
            {"resourceSpans": [{"scopeSpans": [{"spans": [SPAN]}]}]},
            "(without a prompt name)",
            "name the prompt of each request: `promptops.traced`, or `request.attributes()`",
        ),
        (
            {"resourceSpans": [{"scopeSpans": [{"spans": [RELEASED_SPAN]}]}]},
            "(without a prompt name) v0.1.0",
            "name the prompt of each request: `promptops.traced`, or `request.attributes()`",
        ),
    ],
)
def test_without_a_joined_sample_it_shows_why(scored, wrong, name, hint):
    code, out, _ = scored(lines(wrong))

    assert (code, out.splitlines()) == (
        1,
        [
            f"not joined: 1 sample: {name} (1)",
            f"hint: {hint}",
            "nothing scored, no sample names a prompt, and a release or version of it, that this"
            " repository has",
        ],
    )


def test_no_judge_is_called_for_an_untrusted_change(scored, monkeypatch):
    monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")

    code, out, err = scored(lines(*GOOD), "--judge", "2")

    message = "error: no API calls for an untrusted change: PROMPTOPS_UNTRUSTED is set"
    assert (code, out, err.splitlines()[0]) == (2, "", message)


@pytest.mark.parametrize("format_", ["text", "json", "markdown", "html"])
def test_no_format_shows_text_of_a_sample(scored, format_):
    code, out, err = scored(lines(*BAD), "--alert", "contracts<98", "--format", format_)

    assert code == 1
    assert not [word for word in SECRET.split() if word in out + err]


def test_several_formats_are_written_at_once_and_gzip_is_read(scored, prepared, tmp_path):
    packed = tmp_path / "samples.jsonl.gz"
    packed.write_bytes(gzip.compress(lines(*GOOD).encode()))
    page, report = tmp_path / "page.html", tmp_path / "report.json"
    formats = ("--format", f"html={page}", "--format", f"json={report}")

    code, out, _ = scored(lines(*GOOD), *formats)
    again = run(["score", str(packed), "-C", str(prepared(released).root), "-q", *formats[2:]])

    assert (code, again, out) == (0, 0, "")
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert json.loads(report.read_text("utf-8"))["samples"]["scored"] == 60


@pytest.mark.slow
def test_progress_is_shown_on_a_terminal_and_removed(prepared, tmp_path):
    file = tmp_path / "samples.jsonl"
    file.write_text(lines(*GOOD), encoding="utf-8")

    shown = on_a_terminal(prepared(released).root, "score", str(file))

    assert re.sub(r"[\d,]+/s", "N/s", shown) == "\r\x1b[K60 samples, N/s\r\x1b[K"


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("--alert", "contracts98"), "--alert: error: 'contracts98' has no comparison",
         "write METRIC<NUMBER or METRIC>NUMBER in quotes, such as 'contracts<98'"),
        (("--alert", "contracts<"), "--alert: error: 'contracts<' has no number",
         "write METRIC<NUMBER or METRIC>NUMBER in quotes, such as 'contracts<98'"),
        (("--alert", "<98"), "--alert: error: '<98' has no metric",
         "write METRIC<NUMBER or METRIC>NUMBER in quotes, such as 'contracts<98'"),
        (("--alert", "errors>2%"), "--alert: error: '2%' is not a number",
         "write the number alone: 2"),
        (("--alert", "p95>=4"), "--alert: error: '=4' is not a number",
         "write `<` or `>` without `=`"),
        (("--alert", "p95>nan"), "--alert: error: 'nan' is not a number",
         "write METRIC<NUMBER or METRIC>NUMBER in quotes, such as 'contracts<98'"),
        (("--alert", "contracts<0.98"), "--alert: error: `contracts` is in percent: 0.98 is 0.98%",
         "write 98"),
        (("--alert", "errors>150"), "--alert: error: `errors` can't be 150",
         "write a number from 0 to less than 100"),
        (("--alert", "contract<98"), "error: there is no metric `contract` for an alert",
         "did you mean `contracts`?"),
        (("--pick", "3"), "error: `--pick` is about test cases", "add --to-cases FILE"),
        (("--by", "prompt,verison"), "--by: error: there is no dimension 'verison'",
         "did you mean `version`?"),
        (("--sample", "10"), "--sample: error: '10' is not a share of the samples",
         "write a percentage over 0 and at most 100, such as 10%"),
        (("--sample", "0%"), "--sample: error: '0%' is not a share of the samples",
         "write a percentage over 0 and at most 100, such as 10%"),
        (("--from", "otpl"), "--from: error: there is no format of samples 'otpl'",
         "did you mean `otlp`?"),
        (("--engine", "locall"),
         "error: Invalid value for '--engine': 'locall' is not one of 'local', 'dask'.",
         "promptops score --help"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_refused_with_the_fix(scored, arguments, message, hint):
    assert scored(lines(*GOOD), *arguments) == (2, "", f"{message}\n  tip: {hint}\n")
