"""`recordings batch`: the same recordings at half the price, whatever becomes of a batch."""

from __future__ import annotations

import json

import pytest

from promptops.evals.providers import anthropic as anthropic_batches
from promptops.evals.providers import openai as openai_batches
from tests.commands.asked import FILE, JUDGE, case
from tests.commands.test.batched import (
    APIS,
    CHAT,
    EACH_API,
    PRICE,
    PROMPT,
    WORDS,
    batched,
    files,
    profile,
)
from tests.output_schemas import validate
from tests.servers.answers import Answer
from tests.servers.batch_apis import OpenAIBatchServer
from tests.servers.fault_server import fault_server
from tests.tiers import fast_first


def valid(report):
    validate("batch", report)
    return report


def cases_of(report, name="unanswered"):
    return [(found["case"], found["reason"]) for found in report[name]]


@pytest.mark.parametrize("api", APIS, ids=[api.name for api in APIS])
def test_recordings_from_batches_are_byte_for_byte_those_of_record(repo, tmp_path, say, api):
    with batched(repo, say, api, judged=True) as one:
        whole = repo.copied_to(tmp_path / "whole")
        recorded = say("test", "--record", "--repeats", "2", "-C", str(whole.root))
        one.server.requests.clear()

        first = one.run("submit", "--repeats", "2")
        one.api.finish(edit=reversed)
        answers = one.run("collect")
        second = one.run("submit", "--repeats", "2")
        one.api.finish(edit=reversed)
        opinions = one.run("collect")
        direct = [
            each
            for each in one.server.requests
            if "batches" not in each.path and "files" not in each.path
        ]

    assert (recorded.code, first.code, answers.code, second.code, opinions.code) == (0, 0, 5, 0, 0)
    assert "submit again after collecting" in first.out
    assert "submit again after collecting" not in second.out
    assert direct == []
    assert one.recordings == (whole.root / FILE).read_bytes() != b""
    assert one.pending == []
    assert one.test("--repeats", "2").code == 0


def test_a_submit_shows_endpoint_and_estimate_and_a_collect_the_cost_at_half_the_price(repo, say):
    with batched(repo, say, words=("one",)) as one:
        submitted = one.run("submit")
        one.api.finish()
        collected = one.run("collect")

    url = one.server.base_url
    assert submitted.err == (
        f"calling `fast` at {url} with no API key\n"
        "submitting 1 request in 1 batch: up to $0.000514 at batch prices\n"
    )
    assert submitted.out == (
        "batch_1: submitted, 1 request to `fast`\nnext: promptops recordings batch collect\n"
    )
    # 2 tokens in and 2 out, at half of 2 and 10 dollars for a million.
    assert collected.out == (
        "batch_1: 1 answer to 1 request to `fast`\n"
        "collected 1 answer: $0.000012 at batch prices\nnext: promptops test\n"
    )


@EACH_API
def test_a_running_batch_exits_75_and_stays_pending(repo, say, api):
    with batched(repo, say, api) as one:
        one.run("submit")
        one.api.progress(3)
        code, report = one.json("collect")
        one.api.finish()
        again = one.run("collect")

    done = 3 if api.provider == "openai" else 0  # the other API counts at the end
    assert (code, valid(report)["next"]) == (75, "promptops recordings batch collect")
    assert report["batches"] == [
        {
            "id": next(iter(one.api.batches)),
            "profile": "fast",
            "model": "fast-1",
            "state": "running",
            "requests": 4,
            "done": done,
            "answers": 0,
            "ignored": 0,
            "reason": None,
            "file": None,
        }
    ]
    assert (again.code, one.pending) == (0, [])


@pytest.mark.slow
def test_collecting_twice_is_harmless_and_says_that_nothing_is_pending(repo, say):
    with batched(repo, say) as one:
        before = one.run("collect")
        one.run("submit")
        one.api.finish()
        one.run("collect")
        recorded = one.recordings
        again = one.run("collect")

    assert before == again
    assert (again.code, again.out) == (0, "nothing to collect: no batch is pending\n")
    assert one.recordings == recorded != b""


@pytest.mark.slow
def test_nothing_is_submitted_twice(repo, say):
    with batched(repo, say) as one:
        one.run("submit", "--case", "one")
        second = one.json("submit")
        third = one.json("submit")
        one.api.finish()
        one.run("collect")
        fourth = one.run("submit")

    assert [batch["requests"] for batch in valid(second[1])["batches"]] == [3]
    assert (second[1]["waiting"], third[0], third[1]["batches"], third[1]["waiting"]) == (
        1,
        0,
        [],
        4,
    )
    assert fourth.out == "nothing to submit: no answer is missing\n"
    assert [len(batch.lines) for batch in one.api.batches.values()] == [1, 3]


@EACH_API
@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_what_a_batch_leaves_unanswered_is_listed_and_can_be_submitted_again(repo, say, api, end):
    with batched(repo, say, api) as one:
        one.run("submit")
        cancelled = one.json("cancel") if end == "cancelled" else None
        one.api.finish(expire_after=3)
        code, report = one.json("collect")
        one.run("submit")
        one.api.finish()
        again = one.run("collect")

    reasons = [reason for _, reason in cases_of(valid(report))]
    assert cancelled is None or [b["state"] for b in cancelled[1]["batches"]] == ["cancelling"]
    assert (code, report["next"]) == (5, "promptops recordings batch submit")
    assert [name for name, _ in cases_of(report)] == ["four"]
    assert "expired" in reasons[0] or "cancelled" in reasons[0]
    assert [len(batch.lines) for batch in one.api.batches.values()] == [4, 1]
    assert (again.code, one.recordings.count(b"\n")) == (0, 4)


@pytest.mark.slow
def test_cancelling_an_ended_batch_leaves_its_answers_to_collect(repo, say):
    with batched(repo, say) as one:
        one.run("submit")
        one.api.finish()
        cancelled = one.run("cancel")
        collected = one.run("collect")

    assert cancelled.out == (
        "batch_1: has ended, 4 requests to `fast`\nnext: promptops recordings batch collect\n"
    )
    assert (cancelled.code, collected.code, one.recordings.count(b"\n")) == (0, 0, 4)


@EACH_API
def test_failed_requests_are_listed_with_their_reason_and_never_recorded(repo, say, api):
    def answer(received):
        error = {"type": "invalid_request_error", "message": "max_tokens is too large"}
        bad = b"two" in received.body
        return Answer(status=400, body=json.dumps({"error": error}).encode()) if bad else Answer()

    with batched(repo, say, api) as one:
        one.api.answer = answer
        one.run("submit")
        one.api.finish()
        code, report = one.json("collect")

    assert (code, [name for name, _ in cases_of(valid(report))]) == (5, ["two"])
    assert "max_tokens is too large" in report["unanswered"][0]["reason"]
    assert b"max_tokens is too large" not in one.recordings
    assert [json.loads(line)["case"] for line in one.recordings.splitlines()] == [
        "four",
        "one",
        "three",
    ]


@pytest.mark.slow
def test_a_batch_that_the_provider_refuses_is_reported_with_its_error(repo, say):
    with batched(repo, say) as one:
        one.run("submit")
        next(iter(one.api.batches.values())).errors.append(
            {"code": "token_limit_exceeded", "message": "Enqueued token limit reached.", "line": 1}
        )
        one.api.finish()
        code, report = one.json("collect")

    why = "the provider refused the batch: Enqueued token limit reached."
    assert (code, report["batches"][0]["reason"], one.pending) == (5, why, [])
    assert [name for name, _ in cases_of(report)] == list(WORDS)
    assert all(why in reason for _, reason in cases_of(report))


def test_answers_to_a_prompt_that_changed_meanwhile_go_to_the_local_cache(repo, say):
    with batched(repo, say) as one:
        one.run("submit")
        repo.write({"prompts/ask.prompt.yaml": PROMPT.replace("Say", "Please say")})
        one.api.finish()
        code, report = one.json("collect")
        recorded = one.recordings
        repo.write({"prompts/ask.prompt.yaml": PROMPT})
        one.server.requests.clear()
        cached = one.test("--record")

    assert (code, report["answers"], report["outdated"], recorded) == (5, 4, 4, b"")
    assert [reason for _, reason in cases_of(report)] == [
        "`fast` gave no answer: not requested: it is in no batch yet"
    ] * 4 or all("it is in no batch yet" in reason for _, reason in cases_of(report))
    assert (cached.code, one.server.requests, one.recordings.count(b"\n")) == (0, [], 4)


@pytest.mark.slow
def test_answers_are_kept_if_their_prompt_is_gone(repo, say):
    with batched(repo, say) as one:
        one.run("submit", "--case", "one")
        (repo.root / "prompts/ask.prompt.yaml").unlink()
        one.api.finish()
        code, report = one.json("collect")
        repo.git("checkout", "-q", ".")
        cached = one.test("--record", "--case", "one")

    assert (code, report["outdated"], one.pending) == (0, 1, [])
    assert (cached.code, one.recordings.count(b"\n")) == (0, 1)


@pytest.mark.slow
def test_a_case_that_was_renamed_gets_its_answer(repo, say):
    with batched(repo, say) as one:
        one.run("submit", "--case", "one")
        lines = "".join(map(case, WORDS)).replace('"name": "one"', '"name": "first"')
        repo.write({"prompts/ask.cases.jsonl": lines})
        one.api.finish()
        one.run("collect")
        cached = one.test("--record", "--case", "first")

    assert (cached.code, json.loads(one.recordings)["case"]) == (0, "first")


@EACH_API
def test_results_for_unknown_requests_are_ignored_and_counted(repo, say, api):
    with batched(repo, say, api, words=("one",)) as one:
        one.run("submit")
        one.api.finish(edit=lambda found: [{**found[0], "custom_id": "nobody-0"}, *found])
        collected = one.run("collect")

    identity = next(iter(one.api.batches))
    assert collected.code == 0
    assert collected.out.splitlines()[0] == (
        f"{identity}: 1 answer to 1 request to `fast`, 1 result ignored: unknown ids"
    )
    assert one.recordings.count(b"\n") == 1


@EACH_API
@pytest.mark.parametrize("keep", [0.9, 0.4])
def test_a_truncated_file_of_results_gives_what_it_has_and_stays_pending(repo, say, api, keep):
    with batched(repo, say, api) as one:
        one.run("submit")
        one.api.finish()
        batch = next(iter(one.api.batches.values()))
        whole = batch.results or one.api.files[batch.files["output_file_id"]]
        cut = whole[: int(len(whole) * keep)]
        put(one.api, batch, cut)
        code, report = one.json("collect")
        partly = one.recordings
        put(one.api, batch, whole)
        again = one.run("collect")

    row = valid(report)["batches"][0]
    assert (code, row["state"]) == (5, "unknown")
    assert row["reason"] == "the answer has 1 result that can't be read"
    assert partly.count(b"\n") == report["answers"] == cut.count(b"\n") > 0
    assert (again.code, one.recordings.count(b"\n"), one.pending) == (0, 4, [])


def put(api, batch, content):
    if batch.files:
        api.files[batch.files["output_file_id"]] = content
    else:
        batch.results = content


@EACH_API
def test_line_separators_of_unicode_in_an_answer_do_not_split_its_line(repo, tmp_path, say, api):
    text = "a\u2028b\u2029c\x85d\x0be\x1cf one"
    with batched(repo, say, api, words=("one",)) as one:
        one.api.answer = lambda _: Answer(says=text)
        whole = repo.copied_to(tmp_path / "whole")
        say("test", "--record", "-C", str(whole.root))
        one.run("submit")
        one.api.finish()
        collected = one.run("collect")

    assert collected.code == 0
    assert one.recordings == (whole.root / FILE).read_bytes()
    assert json.loads(one.recordings)["output"] == text


@pytest.mark.slow
def test_line_separators_of_unicode_in_a_request_do_not_split_its_line(repo, say):
    words = ("a\u2028b", "c\x85d")
    with batched(repo, say, words=words) as one:
        one.run("submit")
        uploaded = one.api.files["file-1"]
        one.api.finish()
        collected = one.run("collect")

    assert (uploaded.isascii(), len(uploaded.decode().splitlines())) == (True, 2)
    assert (collected.code, one.recordings.count(b"\n")) == (0, 2)


@pytest.mark.slow
def test_each_model_and_endpoint_has_its_own_batch(repo, say):
    with (
        batched(repo, say, judged=True) as one,
        fault_server(other := OpenAIBatchServer()) as there,
    ):
        url = one.server.base_url
        models = (profile(CHAT, "fast", "fast-1", url), profile(CHAT, "judge", JUDGE, url))
        more = (
            profile(CHAT, "slow", "slow-1", url),
            profile(CHAT, "far", "fast-1", there.base_url),
        )
        repo.write(
            {
                "promptops.toml": "".join((*models, *more)),
                "prompts/slow.prompt.yaml": PROMPT.replace("fast", "slow"),
                "prompts/far.prompt.yaml": PROMPT.replace("fast", "far"),
            }
        )
        repo.commit("more")
        code, report = one.json("submit")
        one.api.finish()
        other.finish()
        collected = one.run("collect")

    rows = [(batch["profile"], batch["requests"]) for batch in report["batches"]]
    assert (code, sorted(rows)) == (0, [("far", 4), ("fast", 4), ("slow", 4)])
    assert (len(one.api.batches), len(other.batches)) == (2, 1)
    assert collected.code == 5  # the judges come next


def test_the_limits_are_those_of_the_providers():
    openai, anthropic = openai_batches.LIMITS, anthropic_batches.LIMITS

    assert (openai.requests, openai.size) == (50_000, 200_000_000)
    assert (anthropic.requests, anthropic.size) == (100_000, 255_999_985)


@pytest.mark.parametrize(
    ("options", "sent", "ended"),
    [
        (
            ("--max-cost", "0.0011"),
            2,
            "the budget of $0.0011 is spent: $0.001028 so far, and the next may cost $0.000514",
        ),
        (("--max-requests", "3"), 3, "the budget of 3 requests is spent"),
        (("--event", "commit"), 0, "the budget of $0 is spent: $0 so far"),
    ],
)
def test_the_budgets_of_a_run_hold_at_batch_prices(repo, say, options, sent, ended):
    with batched(repo, say) as one:
        code, report = one.json("submit", *options)
        one.api.finish()

    assert (code, report["left"], sum(b["requests"] for b in report["batches"])) == (
        5,
        4 - sent,
        sent,
    )
    assert report["ended"].startswith(ended)


@pytest.mark.slow
def test_a_price_that_is_unknown_refuses_a_budget(repo, say):
    with batched(repo, say) as one:
        unpriced = files(CHAT, one.server.base_url)["promptops.toml"].replace(PRICE, "")
        repo.write({"promptops.toml": unpriced})
        repo.commit("no price")
        refused = one.run("submit", "--max-cost", "1")

    assert (refused.code, one.api.seen, one.pending) == (2, [], [])
    assert "the price of `fast-1` is not known" in refused.err


def test_a_provider_without_a_batch_api_is_refused_before_anything_is_sent(repo, say):
    with batched(repo, say) as one:
        repo.write({"promptops.toml": '[models.fast]\nprovider = "echo"\nid = "echo-1"\n'})
        refused = one.run("submit")

    assert (refused.code, refused.out, one.api.seen, one.pending) == (2, "", [], [])
    assert refused.err == (
        "error: the provider `echo` has no batch API\n"
        "  tip: send the requests one by one: promptops test --record\n"
    )


@pytest.mark.parametrize("status", fast_first([404, 405, 501], 1))
@pytest.mark.parametrize("api", APIS[1:], ids=[api.name for api in APIS[1:]])
def test_a_server_without_a_batch_api_is_refused(repo, say, api, status):
    first = "POST /v1/files" if api.provider == "openai" else api.create
    with batched(repo, say, api) as one:
        one.api.faults[first] = [Answer(status=status)]
        refused = one.run("submit")

    assert (refused.code, one.api.batches, one.pending) == (2, {}, [])
    assert f"the server has no batch API: status {status} for {first[5:].removeprefix('/v1')}" in (
        refused.err.replace("/v1/messages", "/messages")
    )
    assert "promptops test --record" in refused.err


@pytest.mark.parametrize(
    ("action", "given"),
    [
        ("submit", ["-j", "2"]),
        ("submit", ["--max-time", "9"]),
        ("collect", ["ask"]),
        ("collect", ["--case", "one"]),
        ("cancel", ["--since", "HEAD"]),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_options_that_make_no_sense_for_an_action_are_refused(small, say, action, given):
    refused = say("recordings", "batch", action, *given, "-C", str(small.root))

    assert (refused.code, refused.out) == (2, "")


def test_only_formats_of_batches_are_written(small, say):
    refused = say("recordings", "batch", "collect", "--format", "junit", "-C", str(small.root))

    assert refused.code == 2
    assert "this command has no format 'junit'" in refused.err
