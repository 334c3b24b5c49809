"""Whatever a source contains, its reader yields prompts or losses, in bounded processor time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.formats import hostile_sources
from tests.formats.hostile_sources import ENDINGS, SOURCES, changed, files, read, texts

PATHS = sorted(
    path
    for folder in (SOURCES, SOURCES.parent / "references")
    for path in folder.glob("*/**/*")
    if path.is_file() and path.stat().st_size
)
PIECES = st.sampled_from(
    [*"{}%#|-+~:`$\"'\\\n\r \t()[]", "{{", "}}", "{%", "%}", "if x", "endif", "for a in b", "user:",
     "---\n", "#each x", "/each", "else", "x", "a: b", "- ", "\0", "\ud800", "é"]
)  # fmt: skip


def test_a_source_that_ends_early_is_read():
    for path in PATHS:
        data = path.read_bytes()
        for end in range(0, len(data), max(1, len(data) // 4)):
            read(path.name, data[:end], folder=path.parent)


def test_a_template_made_of_a_name_is_read_to_its_end(tmp_path):
    source = b"const p = ChatPromptTemplate.fromMessages(messages);\nconst q = 1;\n"

    assert read("a.ts", source, folder=tmp_path) is None


@pytest.mark.slow
def test_a_source_that_ends_at_any_byte_is_read():
    for path in PATHS:
        data = path.read_bytes()
        for end in range(0, len(data), 11):
            read(path.name, data[:end], folder=path.parent)


@pytest.mark.slow
def test_values_of_other_types_are_read():
    """Also where `--from` names the format, so that nothing recognised them."""
    for path in PATHS:
        if path.suffix not in (".json", ".yaml", ".yml") or not path.is_relative_to(SOURCES):
            continue
        try:
            value = yaml.safe_load(path.read_text("utf-8"))
        except yaml.YAMLError:
            continue
        folder = hostile_sources.SourceFolder(path.parent, "", alone=True)
        file = hostile_sources.SourceFile(folder, path.name, path.read_bytes())
        reader = hostile_sources.recognised(file)
        for other in changed(value):
            read(path.name, json.dumps(other).encode(), reader, folder=path.parent)


@given(st.sampled_from(ENDINGS), st.lists(PIECES, max_size=30))
def test_any_text_is_read(ending, pieces):
    text = "".join(pieces)

    read(f"prompt{ending}", text.encode("utf-8", "surrogatepass"))
    read(f"prompt{ending}", f"---\nmodel: a\n---\nuser:\n{text}".encode("utf-8", "replace"))


@given(st.sampled_from(ENDINGS), st.binary(max_size=60))
def test_any_bytes_are_read(ending, data):
    read(f"prompt{ending}", data)


def test_small_hostile_texts_are_read():
    for text in texts(24):
        for name, content in files(text):
            read(name, content.encode())


@pytest.mark.slow
def test_large_hostile_texts_take_bounded_time():
    """A limit that quadratic behaviour exceeds by far."""
    script = Path(hostile_sources.__file__)

    done = subprocess.run(
        [sys.executable, str(script), "4000", "2"], capture_output=True, text=True, check=True
    )

    assert json.loads(done.stdout) == {}
