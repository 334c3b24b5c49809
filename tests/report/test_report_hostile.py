"""What strangers write into files must stay text in every format."""

import json
import re
import unicodedata
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from promptops.report.finding_text import heading
from promptops.report.findings import formats, writer

TO_READ = sorted(set(formats()) - {"json", "json-lines", "gitlab", "sarif"})


@pytest.mark.parametrize("name", formats())
def test_nothing_but_newlines_controls_a_terminal(name, hostile_one):
    text = writer(name)(hostile_one)

    kinds = {unicodedata.category(char) for char in text.replace("\n", "")}
    assert kinds & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} == set()


@pytest.mark.parametrize("name", formats())
def test_a_log_reads_no_command_but_those_of_github(name, hostile_one):
    text = writer(name)(hostile_one)

    commands = [line for line in text.split("\n") if line.lstrip().startswith("::")]
    assert len(commands) == (name == "github")
    assert re.search(r"##\w*\[", text) is None


@pytest.mark.parametrize("name", TO_READ)
def test_a_finding_of_100_kb_is_cut_for_people(name, hostile_one):
    assert len(writer(name)(hostile_one)) < 65_000


@pytest.mark.parametrize("name", ["concise", "github", "json-lines"])
def test_a_finding_stays_on_its_line(name, hostile_one):
    text = writer(name)(hostile_one)

    assert text.count("\n") == len(text.splitlines()) == 1


def test_json_keeps_every_text_but_lone_surrogates(hostile_one, hostile_text):
    text = writer("json")(hostile_one)

    kept = json.loads(text)["findings"][0]["message"]
    assert kept == re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", hostile_text)


@pytest.mark.parametrize("name", ["json", "json-lines", "gitlab", "sarif"])
def test_what_a_parser_reads_of_the_json_is_valid_unicode(name, hostile_one):
    value = json.loads(writer(name)(hostile_one))

    assert json.dumps(value, ensure_ascii=False).encode().decode()


def test_the_message_stays_one_text_in_xml(hostile_one):
    root = ElementTree.fromstring(writer("junit")(hostile_one))

    assert [element.tag for element in root.iter()] == [
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
    ]


def _cells(report):
    tokens = MarkdownIt("commonmark").enable("table").parse(writer("markdown")(report))
    return [
        tokens[index + 1].children for index, token in enumerate(tokens) if token.type == "td_open"
    ]


def test_a_finding_stays_one_row_of_four_cells_in_markdown(hostile_one):
    cells = _cells(hostile_one)

    inside = {
        child.content if child.type == "html_inline" else child.type
        for cell in cells
        for child in cell
    }
    assert len(cells) == 4
    assert inside <= {"text", "text_special", "<code>", "</code>", "<br>", "<!-- -->"}


def test_a_reader_of_markdown_sees_the_text_as_it_is(hostile_one):
    rule = _cells(hostile_one)[3]

    shown = "".join(child.content for child in rule if child.type != "html_inline")
    assert shown == heading(hostile_one.findings[0]).strip()


def test_no_value_ends_early_in_a_github_command(hostile_one):
    text = writer("github")(hostile_one)

    _, command, _ = text.split("::", 2)
    name, _, properties = command.partition(" ")
    names = [pair.partition("=")[0] for pair in properties.split(",")]
    assert name == "error"
    assert names == ["file", "line", "endLine", "col", "endColumn", "title"]
