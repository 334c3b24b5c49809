"""The codes of losses: their table, their severities, and where they are yielded."""

from __future__ import annotations

import re
from pathlib import Path

from promptops.formats.codes import CODES, severity_of
from promptops.formats.document import Loss
from promptops.model.finding import Severity
from promptops.model.place import Place

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "promptops"
EXAMPLE = ROOT / "examples/other-formats"
ERRORS = "001 002 003 004 005 006 016"
LOST = (
    "101 102 103 104 105 106 107 108 110 111 112 113 114 115 116 117 118 119 120 121 124"
    " 127 128 129 130 131 132"
)
MAY_REFUSE = "101 102 103 104 105 118 127 131"
RENDERS_OTHERWISE = "210 211 213 219 227 230 231 233"
NOTES = (
    "201 202 203 204 205 206 207 208 212 214 215 216 218 220 221 223 224 225 228"
    " 229 232 301 302 303 304 305 306 307 308 309 310 311 312 313 314 315 316 320"
)


def imports(numbers: str) -> set[str]:
    return {f"IMP{number}" for number in numbers.split()}


def of_kind(*kinds: str) -> set[str]:
    return {code for code, one in CODES.items() if one.kind in kinds and code.startswith("IMP")}


def test_the_severity_of_each_code_is_what_is_decided():
    assert of_kind("error") == imports(ERRORS)
    assert of_kind("loss") == imports(LOST)
    assert of_kind("change") == imports(RENDERS_OTHERWISE)
    assert of_kind("note") == imports(NOTES)
    assert {code for code, one in CODES.items() if one.may_refuse} == imports(MAY_REFUSE)


def test_a_loss_that_refuses_is_an_error_and_others_have_the_severity_of_their_code():
    place = Place("a")

    found = [
        severity_of(Loss(code="IMP102", message="", place=place, refuses=True)),
        severity_of(Loss(code="IMP102", message="", place=place)),
        severity_of(Loss(code="IMP227", message="", place=place)),
        severity_of(Loss(code="IMP305", message="", place=place)),
        severity_of(Loss(code="IMP005", message="", place=place)),
        severity_of(Loss(code="EXP005", message="", place=place)),
        severity_of(Loss(code="EXP101", message="", place=place)),
    ]

    info, warning, error = Severity.INFO, Severity.WARNING, Severity.ERROR
    assert found == [error, warning, warning, info, error, error, warning]


def test_each_code_has_a_name_and_a_sentence_without_a_full_stop():
    wrong = [
        one.code
        for one in CODES.values()
        if not re.fullmatch(r"[a-z]+(-[a-z]+)*", one.name)
        or not one.summary
        or one.summary.endswith(".")
        or one.fix.endswith(".")
    ]

    assert wrong == []


def test_every_code_that_the_source_names_is_in_the_table_and_no_other():
    folders = (PACKAGE / "formats", PACKAGE / "commands", EXAMPLE)
    sources = [path for folder in folders for path in folder.rglob("*.py")]
    sources.remove(PACKAGE / "formats/codes.py")
    named = {
        code
        for path in sources
        for code in re.findall(r"\b(?:IMP|EXP)\d{3}\b", path.read_text("utf-8"))
    }

    assert named == set(CODES)


def test_only_codes_that_may_refuse_refuse():
    """Written as keyword arguments in one call, as everywhere."""
    call = re.compile(r'"((?:IMP|EXP)\d{3})"[^()]*(?:\([^()]*\)[^()]*)*refuses=True')
    refusing = {
        code
        for folder in (PACKAGE / "formats", EXAMPLE)
        for path in folder.rglob("*.py")
        for code in call.findall(path.read_text("utf-8"))
    }

    allowed = {code for code, one in CODES.items() if one.may_refuse or one.kind == "error"}
    assert refusing - allowed == set()
