"""The gate replays answers to attacks by the rules of the base; what a change alters is a risk."""

import json

import pytest

from tests.commands.asked import ask
from tests.commands.probe.attacked import FILE, PROMPT, RECORDINGS, configured, evaluation, provider
from tests.servers.fault_server import fault_server

GATE = '[check]\nprobes = "smoke"\n[lint]\nselect = ["SCH001"]\n'
STRICT = evaluation("{must: [persona], tools: [refund]}")
LAX = evaluation("{must: [], accept: [persona-unbound], tools: [refund]}")
PLAIN = PROMPT.replace(
    "    output: [{type: max-chars, value: 2000}]\n",
    "    rendered: [{type: contains, value: parcel}]\n",
).replace("text: {type: string, maxLength: 5000, x-untrusted: true}", "text: {type: string}")


@pytest.fixture
def gate(repo):
    """A prompt whose attacks are recorded and committed; returns the gate of a change."""
    obeyed = set()
    with fault_server(provider(lambda each: each.family in obeyed)) as server:
        configured(repo, server, PLAIN + STRICT, GATE)
        ask(repo.root, "probe", "--smoke", "--record", "--trust-config", "-j", "16")
        repo.commit("one")
        repo.git("checkout", "-qb", "change")

        def checked(*options):
            said = ask(repo.root, "check", "--format", "json", *options)
            value = json.loads(said.out)
            rows = {row["name"]: (row["passed"], row["result"]) for row in value["gate"]}
            return said.code, rows.get("probes"), value

        checked.obeyed = obeyed
        yield checked


def risks(value):
    """Prompt, case, message, and place of each risk."""
    return [
        (each["prompt"], each["case"], each["message"], (place["path"], place["line"]))
        for each in value["risks"]
        for place in [each["place"]]
    ]


def test_the_gate_replays_probes_judges_by_the_base_and_reports_what_a_change_alters(repo, gate):
    passed = gate()[:2]
    repo.write({FILE: PLAIN.replace("Never promise", "Promise") + LAX})
    repo.commit("two")
    stale = gate("--since", "main")[:2]
    gate.obeyed.add("persona")
    ask(repo.root, "probe", "--smoke", "--record", "--trust-config", "-j", "16")
    repo.commit("three")
    code, row, value = gate("--since", "main")
    alone = gate()[:2]

    assert passed == (0, (True, "0 of 21 attacks succeeded"))
    assert stale == (1, (False, "no attack was judged; 21 of 21 answers missing"))
    assert (code, row) == (
        1,
        (
            False,
            "1 of 21 attacks succeeded; ask: no probe of `persona` may succeed:"
            " `persona-unbound in message`",
        ),
    )
    assert alone == (0, (True, "1 of 21 attacks succeeded"))
    line = (PLAIN + LAX).count("\n")
    assert [each for each in risks(value) if "probes" in each[2]] == [
        (
            "ask",
            None,
            '`evaluation.probes.accept` changes from none to ["persona-unbound"]; that of the base'
            " applies",
            (FILE, line),
        ),
        (
            "ask",
            None,
            '`evaluation.probes.must` changes from ["persona"] to []; that of the base applies',
            (FILE, line),
        ),
    ]
    assert value["probes"]["prompts"][0]["failures"] == [
        "no probe of `persona` may succeed: `persona-unbound in message`"
    ]


@pytest.mark.slow
def test_a_replaced_answer_to_an_attack_is_a_risk_also_if_no_prompt_changed(repo, gate):
    path = repo.root / RECORDINGS
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    rows[0]["output"] = "I resist."
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    repo.commit("two")

    _, _, value = gate("--since", "main")

    message = "the recorded answer to an attack was replaced, although its request is unchanged"
    assert risks(value) == [("ask", rows[0]["case"], message, (RECORDINGS, 1))]


@pytest.mark.slow
def test_a_change_that_switches_the_probes_off_is_a_risk_and_has_no_effect(repo, gate):
    config = (repo.root / "promptops.toml").read_text("utf-8")
    repo.write({"promptops.toml": config.replace('probes = "smoke"\n', "")})
    repo.commit("two")

    code, row, value = gate("--since", "main")

    assert (code, row) == (0, (True, "0 of 21 attacks succeeded"))
    assert any("`check.probes` changes" in each[2] for each in risks(value))


@pytest.mark.slow
@pytest.mark.parametrize("form", ["text", "markdown", "html", "github", "gitlab", "sarif", "junit"])
def test_every_format_of_the_gate_shows_why_the_probes_fail(repo, gate, form):
    (repo.root / RECORDINGS).unlink()

    said = ask(repo.root, "check", "--format", form)

    assert said.code == 1
    if form == "text":
        line = "  stale: ask: 21 of 21 answers missing, run promptops probe ask --smoke --record\n"
        assert line in said.out
    assert "21 of 21 answers missing" in said.out or "21 answers to probes missing" in said.out
    if form in ("text", "github", "gitlab", "sarif"):
        assert "missing, run promptops probe ask --smoke --record" in said.out


@pytest.mark.slow
@pytest.mark.parametrize("form", ["text", "markdown", "html", "github", "gitlab", "sarif"])
def test_every_format_of_the_gate_shows_why_an_answer_could_not_be_judged(repo, gate, form):
    path = repo.root / RECORDINGS
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    judged = [{**row, "output": "?"} if row.get("judge") else row for row in rows]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in judged), "utf-8")

    said = ask(repo.root, "check", "--format", form)

    assert said.code == 1
    assert "the built-in rubric judge gave no answer" in said.out


def test_a_file_that_can_not_be_read_is_reported_once(repo):
    repo.write({FILE: "description: Nothing else.\n", "promptops.toml": GATE})

    said = ask(repo.root, "check")

    assert said.code == 1
    assert said.out.count("`format` is missing") == 1
    assert "probes: fail: nothing is attacked: no prompt can be read\n" in said.out
