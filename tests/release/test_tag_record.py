"""What a tag says: what writes its message and what reads it are inverses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.model.release import PromptChange, ReleaseRecord
from promptops.model.version import Bump, Version
from promptops.release.tags import CHANGES_HEADING, VERSIONS_HEADING, read_record, write_record

NUMBERS = st.integers(0, 10**9)
ANY_VERSION = st.builds(
    Version, NUMBERS, NUMBERS, NUMBERS, st.sampled_from([(), ("rc", "1"), ("beta",)])
)
IDS = st.from_regex(r"[a-z][a-z0-9_-]{0,5}(/[a-z][a-z0-9._-]{0,5}){0,2}", fullmatch=True)
LINES = st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=30)
TEXTS = st.lists(LINES, max_size=6).map(lambda lines: "\n".join(lines).strip())
NOTES = TEXTS.filter(lambda text: CHANGES_HEADING not in text and VERSIONS_HEADING not in text)
DIGESTS = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
CODES = st.lists(st.integers(100, 999).map(lambda number: f"CHG{number}"), max_size=3).map(tuple)
CHANGES = st.builds(
    PromptChange,
    prompt=IDS,
    before=st.none() | ANY_VERSION,
    after=st.none() | ANY_VERSION,
    bump=st.sampled_from(Bump),
    codes=CODES,
)
RECORDS = st.builds(
    ReleaseRecord,
    tag=st.just("v1.8.0"),
    notes=NOTES,
    changes=st.lists(CHANGES, max_size=4).map(tuple),
    versions=st.dictionaries(IDS, ANY_VERSION, max_size=40),
    content_sha256=DIGESTS,
    bundle_sha256=DIGESTS,
    bundle_format=st.integers(1, 99),
    base=st.none() | st.just("v1.7.0"),
    bump=st.none() | st.sampled_from(Bump),
    reason=LINES.map(lambda line: " ".join(line.split())),
)


@given(RECORDS)
def test_a_message_that_was_written_is_read_as_what_it_was(record):
    assert read_record(write_record(record)) == record


@given(st.text(max_size=200))
def test_any_message_can_be_read(message):
    assert isinstance(read_record(message), ReleaseRecord)


def test_a_tag_made_by_hand_is_all_notes():
    found = read_record("The first one\n\nWith a second paragraph\nof two lines.\n")

    assert found == ReleaseRecord(
        tag="The first one", notes="With a second paragraph\nof two lines."
    )


def test_a_message_is_for_people_first():
    record = ReleaseRecord(
        tag="v2.0.0",
        notes="Breaking:\n- support/triage: `tone` must be passed (CHG101)",
        changes=(
            PromptChange(
                prompt="support/triage",
                before=Version(1, 4, 2),
                after=Version(2, 0, 0),
                bump=Bump.MAJOR,
                codes=("CHG101",),
            ),
        ),
        versions={"support/triage": Version(2, 0, 0), "support/refund": Version(1, 4, 2)},
        content_sha256="c" * 64,
        bundle_sha256="b" * 64,
        bundle_format=1,
        base="v1.9.0",
        bump=Bump.MAJOR,
    )

    assert write_record(record) == (
        "v2.0.0\n\n"
        "Breaking:\n- support/triage: `tone` must be passed (CHG101)\n\n"
        "Prompts that changed:\nsupport/triage 1.4.2 -> 2.0.0 (major) CHG101\n\n"
        "Versions:\n1.4.2: support/refund\n2.0.0: support/triage\n\n"
        f"Promptops-Content-Sha256: {'c' * 64}\nPromptops-Bundle-Sha256: {'b' * 64}\n"
        "Promptops-Bundle-Format: 1\nPromptops-Base: v1.9.0\nPromptops-Bump: major\n"
    )


@pytest.mark.parametrize("number", [1, 3000])
def test_a_table_of_many_prompts_has_short_lines(number):
    record = ReleaseRecord(
        tag="v1.0.0",
        versions={f"area/prompt{n}": Version(1, 0, 0) for n in range(number)},
        content_sha256="c" * 64,
    )

    message = write_record(record)

    assert max(map(len, message.splitlines())) <= 100
    assert read_record(message) == record
