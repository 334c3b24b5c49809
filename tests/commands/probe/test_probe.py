"""`promptops probe`: what it prints, how it exits, and what it refuses."""

import json

import pytest

from promptops.evals.probe_library import family_names
from tests.commands.asked import ask
from tests.commands.probe.attacked import FILE, PROMPT, RECORDINGS, RULES, configured, provider
from tests.output_schemas import validate
from tests.servers.fault_server import fault_server

PROBE = ("probe", "ask", "--family", "split-payload", "--smoke")
RECORD = (*PROBE, "--record", "--trust-config", "-j", "1")
ONE_INPUT = PROMPT.replace(
    "text: {type: string, maxLength: 5000, x-untrusted: true}", "text: {type: string}"
)


@pytest.fixture
def served(repo):
    """A committed prompt without recordings, and a model that obeys every attack."""
    with fault_server(provider(lambda _: True)) as server:
        configured(repo, server, ONE_INPUT + RULES)
        repo.commit("one")
        yield server


def test_missing_answers_exit_1_and_the_hint_records_them(repo, served):
    said = ask(repo.root, *PROBE)
    assert (said.code, said.err) == (1, "")
    assert said.out == (
        "ask: no attack was judged\n"
        "stale: 1 of 1 answer missing\n"
        "hint: promptops probe ask --family split-payload --smoke --record\n"
        "incomplete: no attack was judged · 1 answer missing · 1 prompt\n"
    )

    recorded = ask(repo.root, *RECORD)
    again = ask(repo.root, *PROBE)

    assert (recorded.code, again.code, len(served.requests)) == (0, 0, 1)
    assert again.out == recorded.out
    assert again.out.splitlines()[:4] == [
        "ask: 1 of 1 attack succeeded, 100.0% [20.7, 100.0]",
        "  split-payload    1 of 1  100.0% [20.7, 100.0]  LLM01:2025",
        "  succeeded: split-payload-variables in message  [LLM01:2025]",
        again.out.splitlines()[3],
    ]
    assert again.out.splitlines()[-1] == "pass: 1 of 1 attack succeeded · 1 prompt"


def test_a_model_that_judges_its_own_answers_is_reported(repo):
    """The judge of `toxicity` is the attacked model, unless the prompt names another."""
    toxicity = ("probe", "ask", "--family", "toxicity", "--smoke")
    note = (
        "  note: toxicity: the attacked model judges its own answers, and an attack may reach the"
        " judge, too; set `moderations` in `[test]`, or `evaluation: {judge: {profile: NAME}}` in"
        " the prompt\n"
    )
    with fault_server(provider(lambda _: False)) as server:
        configured(repo, server, ONE_INPUT)
        by_itself = ask(repo.root, *toxicity)
        values = json.loads(ask(repo.root, *toxicity, "--format", "json").out)
        configured(repo, server, ONE_INPUT, '[test]\nmoderations = "judge"\n')
        by_moderation = ask(repo.root, *toxicity)
        configured(repo, server, ONE_INPUT + RULES)
        by_another = ask(repo.root, *toxicity)

    assert note in by_itself.out
    assert [each["self_judged"] for each in values["prompts"]] == [["toxicity"]]
    assert "judges its own answers" not in by_moderation.out + by_another.out
    assert "ask: no attack was judged\n" in by_moderation.out


@pytest.mark.slow
def test_prune_removes_what_no_probe_uses_and_only_below_its_folder(repo):
    """The first answer is to an earlier wording; `gone` is not a prompt any more."""
    whole = ("probe", "--record", "--trust-config", "-j", "16")
    beside = "prompts/ask.recordings.jsonl"
    with fault_server(provider(lambda _: False)) as server:
        configured(repo, server, ONE_INPUT + RULES)
        ask(repo.root, *whole)
        recorded = (repo.root / RECORDINGS).read_text("utf-8")
        first = recorded.splitlines()[0]
        digest = json.loads(first)["request"]
        earlier = first.replace(digest, "0" * 64).replace(' in message"', ' was"')
        repo.write(
            {
                RECORDINGS: f"{earlier}\n{recorded}",
                "probes/gone.recordings.jsonl": f"{first}\n",
                beside: f"{earlier}\n",
            }
        )
        ask(repo.root, *whole)
        kept = (repo.root / RECORDINGS).read_text("utf-8")
        ask(repo.root, "probe", "--prune")

    assert kept.count("\n") == recorded.count("\n") + 1
    assert (repo.root / RECORDINGS).read_text("utf-8") == recorded
    assert not (repo.root / "probes/gone.recordings.jsonl").exists()
    assert (repo.root / beside).read_text("utf-8") == f"{earlier}\n"


@pytest.mark.parametrize(
    ("options", "what", "why"),
    [
        (("probe", "--smoke"), "--smoke", "this run does not use all answers"),
        (("probe", "ask"), "names of prompts", "this run does not use all answers"),
        (("probe", "--family", "bias"), "--family", "this run does not use all answers"),
        (("probe", "--live"), "--live", "nothing is recorded"),
        (("compare", "--model", "a", "--case", "x"), "--case", "this run does not use all answers"),
    ],
)
def test_prune_is_refused_beside_a_selection(repo, options, what, why):
    said = ask(repo.root, *options, "--prune")

    assert (said.code, said.out) == (2, "")
    assert (
        said.err == f"error: --prune and {what} exclude each other: {why}\n  tip: leave one out\n"
    )


def test_an_unknown_family_exits_2_and_names_the_nearest(repo, served):
    said = ask(repo.root, "probe", "--family", "split-payloads")

    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "error: there is no family of probes 'split-payloads'\n"
        "  tip: did you mean `split-payload`?\n"
    )


def test_without_an_untrusted_input_it_exits_0_and_says_that_nothing_is_attacked(repo, served):
    configured(repo, served, ONE_INPUT.replace(", x-untrusted: true", ""))

    said = ask(repo.root, "probe")

    assert (said.code, said.out, said.err) == (
        0,
        "nothing is attacked: no input is marked x-untrusted\n",
        "",
    )


def test_a_draft_is_attacked_only_if_the_command_names_it(repo, served):
    repo.write({FILE: ONE_INPUT.replace("model:", "status: draft\nmodel:", 1)})
    probe = ("probe", "--family", "split-payload", "--smoke")

    everything = ask(repo.root, *probe)
    named = ask(repo.root, *PROBE)
    selected = ask(repo.root, *probe, "--select", "status:draft")

    assert (everything.code, everything.out) == (
        0,
        "nothing is attacked: a draft is in no release; name it to attack it\n",
    )
    assert (named.code, selected.code) == (1, 1)
    assert "stale: 1 of 1 answer missing\n" in named.out
    assert "stale: 1 of 1 answer missing\n" in selected.out


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--record", "--live"), "error: --record and --live exclude each other\n"),
        (
            ("--families", "--format", "html"),
            "error: --families has no format 'html'\n  tip: one of: text, json\n",
        ),
        (
            ("ask", "--case", "nothing"),
            "error: no case has the name 'nothing'\n  tip: one of: ",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(repo, served, options, error):
    said = ask(repo.root, "probe", *options)

    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(error)


def test_the_families_are_listed_without_a_repository(tmp_path):
    said = ask(tmp_path, "probe", "--families", "--format", "json")
    text = ask(tmp_path, "probe", "--families", "--family", "bias")

    listed = json.loads(said.out)
    validate("probe-list", listed)
    assert [each["name"] for each in listed["families"]] == [*family_names()]
    assert listed["families"][0]["probes"][0].keys() == {
        *("id", "family", "owasp", "slot", "text", "transform")
    }
    assert text.out.splitlines()[-1] == "16 probes in 1 family"


@pytest.mark.slow
def test_the_recordings_aside_may_be_in_another_folder_but_not_among_prompts(repo, served):
    folder = 'probe.recordings="attacks"'
    moved = ask(repo.root, *RECORD, "--config", folder)
    refused = ask(repo.root, *PROBE, "--config", 'probe.recordings="prompts/attacks"')

    assert (moved.code, refused.code) == (0, 2)
    assert (repo.root / "attacks/ask.recordings.jsonl").is_file()
    assert not (repo.root / RECORDINGS).exists()
    assert "the prompt root `prompts` contain each other's files" in refused.err


def test_neither_the_hook_nor_lint_reads_the_recordings_aside(repo, served):
    ask(repo.root, *RECORD)
    (repo.root / RECORDINGS).write_text("not a recording\n")

    lint = ask(repo.root, "lint", "--rule", "SCH", "--no-cache")
    probe = ask(repo.root, *PROBE)

    assert "probes/" not in lint.out
    assert probe.code == 1
    assert f"{RECORDINGS}:1:1: error:" in probe.out


def test_no_model_is_called_for_an_untrusted_change(repo, served):
    said = ask(repo.root, *RECORD, PROMPTOPS_UNTRUSTED="1")

    assert (said.code, served.requests) == (2, [])
