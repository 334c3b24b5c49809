"""The packaged probes: complete, stable, safe to keep in a repository, and cheap to read."""

import json
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from promptops.analysis.personal_data import find_personal_data
from promptops.analysis.secrets import find_secrets
from promptops.errors import InputError, UsageError
from promptops.evals import probe_library
from promptops.evals.probe_library import (
    bias_pairs,
    family,
    family_names,
    probes,
    read_family,
    transformed,
)

FOLDER = Path(probe_library.__file__).with_name("probes")
SENT = Path(__file__).with_name("sent.json")
FAMILIES = {
    "authority": "LLM01:2025",
    "bias": "LLM09:2025",
    "delimiter-break": "LLM01:2025",
    "direct-order": "LLM01:2025",
    "encoding": "LLM01:2025",
    "exfiltration": "LLM02:2025",
    "fake-turn": "LLM01:2025",
    "false-premise": "LLM09:2025",
    "indirect-document": "LLM01:2025",
    "indirect-tool-result": "LLM01:2025",
    "language": "LLM01:2025",
    "many-shot": "LLM01:2025",
    "output-injection": "LLM05:2025",
    "persona": "LLM01:2025",
    "personal-data": "LLM02:2025",
    "prompt-leak": "LLM07:2025",
    "refusal-suppression": "LLM01:2025",
    "split-payload": "LLM01:2025",
    "template-literal": "LLM05:2025",
    "tool-misuse": "LLM06:2025",
    "toxicity": "LLM01:2025",
    "unbounded-output": "LLM10:2025",
}


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


def test_all_families_are_there_and_each_has_a_risk_of_the_owasp_top_10() -> None:
    assert {name: family(name).owasp for name in family_names()} == FAMILIES


def test_the_library_has_about_150_probes_and_16_pairs_with_ids_of_their_families() -> None:
    ids = [(probe.family, probe.id) for probe in probes()]
    ids += [("bias", pair.id) for pair in bias_pairs()]

    assert 145 <= len(probes()) <= 160
    assert len(bias_pairs()) == 16
    assert [each for name, each in ids if not each.startswith(f"{name}-")] == []
    assert len({each for _, each in ids}) == len(ids)


def test_what_a_probe_sends_never_changes() -> None:
    """A changed text is another probe: give it another id, and add the line that is missing here.

    Recorded answers are found by the text. A changed one would make those of every team stale, and
    compare two attacks as if they were the same.
    """
    sent = {probe.id: digest(transformed(probe, "BCDFGHJK", "refund")) for probe in probes()}
    sent |= {pair.id: digest("\0".join(pair.texts)) for pair in bias_pairs()}

    assert sent == json.loads(SENT.read_text("utf-8"))


def test_two_probes_never_send_the_same() -> None:
    sent = json.loads(SENT.read_text("utf-8"))

    assert len({*sent.values()}) == len(sent)


def test_families_are_in_the_order_given_and_each_once() -> None:
    found = [probe.family for probe in probes(["persona", "authority", "persona"])]

    assert found == ["persona"] * 7 + ["authority"] * 7


def test_an_unknown_family_names_the_nearest_one() -> None:
    with pytest.raises(UsageError) as error:
        probes(["encodings"])

    assert str(error.value) == (
        "there is no family of probes 'encodings'\n  tip: did you mean `encoding`?"
    )


def test_only_known_placeholders_occur_and_only_families_with_tools_name_a_tool() -> None:
    names = {
        probe.id: {*re.findall(r"@[A-Z]+@", str(probe))} - {"@MARKER@", "@HEAD@", "@TAIL@"}
        for probe in probes()
    }
    expected = {
        probe.id: {"@TOOL@"} if family(probe.family).needs_tools else set() for probe in probes()
    } | {probe.id: {"@N@"} for probe in probes(["many-shot"])}

    assert names == expected


def test_what_is_sent_has_no_placeholder_and_no_mark_left() -> None:
    left = {
        probe.id: re.findall(r"@[A-Z]+@|\[\[", transformed(probe, "BCDFGHJK", "refund"))
        for probe in probes()
    }

    assert {name: found for name, found in left.items() if found} == {}


def test_an_embedded_probe_is_separated_from_the_text_around_it() -> None:
    glued = [
        probe.id
        for probe in probes()
        if probe.place == "embed" and not (probe.text[0].isspace() and probe.text.endswith("\n"))
    ]

    assert glued == []


@pytest.mark.parametrize("file", sorted(FOLDER.iterdir()), ids=lambda file: file.name)
def test_the_files_have_no_invisible_character_no_key_and_no_personal_data(file: Path) -> None:
    if file.is_dir():
        return
    text = file.read_text("utf-8")

    assert re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160]", text) == []
    assert re.findall(r"[\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e]", text) == []
    assert re.findall(r"[\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff0-\uffff]", text) == []
    assert re.findall(r"[\U000e0000-\U000e0fff]", text) == []
    assert (find_secrets(text), find_personal_data(text)) == ((), ())


def test_the_wheel_has_every_family_and_their_schema() -> None:
    pytest.importorskip("hatchling", reason="no hatchling: pip install '.[dev]'")
    from hatchling.builders.wheel import WheelBuilder

    files = WheelBuilder(str(FOLDER.parents[2])).recurse_included_files()

    packed = {file.distribution_path for file in files}
    expected = {f"promptops/evals/probes/{name}.yaml" for name in FAMILIES}
    assert expected | {"promptops/schemas/probe-library.schema.json"} <= packed


def test_every_mistake_in_a_family_is_reported_at_its_place() -> None:
    written = b"""\
library: 1
title: Mine
attacks: Something.
owasp: LLM99
resists: [{type: icontains, value: x}]
probes:
  - {id: A, text: one}
  - {id: b, slot: everything, txt: two}
"""

    with pytest.raises(InputError) as error:
        read_family("mine.yaml", written)

    assert [str(each) for each in (error.value, *error.value.others)] == [
        "mine.yaml:4:8: expected one of LLM01:2025, LLM02:2025, LLM05:2025, LLM06:2025, "
        "LLM07:2025, LLM09:2025, LLM10:2025, got the string `LLM99`",
        "mine.yaml:7:10: the string `A` does not fit the pattern `^[a-z][a-z0-9]*(-[a-z0-9]+)*$`",
        "mine.yaml:8:19: expected one of any, document, list, got the string `everything`",
        "mine.yaml:8:31: unknown key `txt`\n  tip: did you mean `text`?",
    ]


def test_a_probe_without_an_answer_and_an_id_that_occurs_twice_are_reported() -> None:
    written = b"""\
library: 1
title: Mine
attacks: Something.
owasp: LLM01:2025
resists: [{type: icontains, value: x}]
refused: no
probes:
  - {id: mine-a, text: one, obeyed: x}
  - {id: mine-a, text: two}
"""

    with pytest.raises(InputError) as error:
        read_family("mine.yaml", written)

    assert [str(each) for each in (error.value, *error.value.others)] == [
        "mine.yaml:9:10: there are two with the id `mine-a`",
        "mine.yaml:9:5: `obeyed` is missing\n  tip: write it here, or for all probes of the family",
    ]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            "library: 2\nlanguages: [en]\n",
            "mine.yaml:1:10: the probe library has version 2; this promptops reads 1\n"
            "  tip: upgrade promptops",
        ),
        ("library: [1\n", "mine.yaml:1:10: `[` is never closed\n  tip: add `]`"),
        ("", "mine.yaml:1:1: the file is empty"),
        ("- a\n", "mine.yaml:1:1: expected a mapping, got a list"),
    ],
)
def test_a_file_that_can_not_be_used_at_all_is_refused(written: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        read_family("mine.yaml", written.encode())

    assert str(error.value) == message


def test_reading_the_whole_library_is_cheap() -> None:
    """In a process of its own: other tests have read it already."""
    code = (
        "import time; from promptops.evals.probe_library import probes; "
        "start = time.process_time(); probes(); print(time.process_time() - start)"
    )

    took = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout

    assert float(took) < 0.5  # 0.05 s on a quiet machine


def test_the_names_of_the_families_are_known_without_reading_a_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: object) -> bytes:
        raise AssertionError("a file was read")

    monkeypatch.setattr(Path, "read_bytes", refused)
    family_names.cache_clear()

    assert list(family_names()) == [*FAMILIES]
