"""An audit calls models and judges again, and compares."""

from promptops.testing.recordings.store import SampleSize
from tests.servers.fault_server import fault_server
from tests.testing.served import (
    FILE,
    JUDGED,
    PROMPT,
    asked,
    cases,
    contracts,
    judges,
    recorded,
    run,
    says,
    statuses,
    with_judge,
)

CONTRACT = PROMPT + contracts(1)

ALL = SampleSize(percent=100)


def outcomes(found):
    return [(case.name, case.status, case.source, case.reason) for case in found.cases]


def test_an_audit_finds_a_verdict_that_no_judge_gave(repo):
    with fault_server(with_judge(lambda _: says("good"), lambda _: judges("fail"))) as server:
        recorded(repo, server, JUDGED + cases(1))
        clean = run(repo, audit=ALL)
        server.requests.clear()
        file = repo.root / FILE
        file.write_text(file.read_text().replace(r"\"fail\"", r"\"pass\""))

        found = run(repo, audit=ALL)

    assert [case.status for case in clean.cases] == ["passed"]
    assert outcomes(found) == [
        ("c0", "passed", "recorded", ""),
        (
            "c0",
            "failed",
            "none",
            "requested again, the judge `built-in rubric` gives another answer: `output`",
        ),
    ]
    assert len(server.requests) == 2  # the model and the judge


def test_an_audit_passes_over_a_prompt_that_shares_a_request_and_has_no_recording(repo):
    with fault_server(lambda _: says("good")) as server:
        repo.write({"prompts/twin.prompt.yaml": CONTRACT})
        recorded(repo, server, CONTRACT)
        (repo.root / "prompts/twin.recordings.jsonl").unlink()

        found = run(repo, audit=ALL)

    assert statuses(found) == {("ask", "c0"): "passed", ("twin", "c0"): "stale"}
    assert [asked(one) for one in server.requests] == ["Be brief. q0"]
