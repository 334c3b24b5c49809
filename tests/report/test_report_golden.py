"""What a user sees of each format, compared whole."""

import pytest

from promptops.report.findings import formats, writer

ENDINGS = {
    "github": "txt",
    "gitlab": "json",
    "json": "json",
    "json-lines": "jsonl",
    "junit": "xml",
    "markdown": "md",
    "sarif": "json",
}
OF_RECORDS = ("json", "json-lines")
"""Formats that one writer writes for all records; `test_record_json` has its odd values."""


@pytest.mark.parametrize(
    ("name", "what"),
    [
        (name, what)
        for name in formats()
        for what in ("sample", "hostile", "clean")
        if what == "sample" or name not in OF_RECORDS
    ],
)
def test_a_format_writes_what_its_golden_file_says(name, what, rules, golden, request):
    report = request.getfixturevalue(what)

    text = writer(name)(report, rules=rules, version="1.2.3")

    golden(f"{name}.{what}.{ENDINGS.get(name, 'txt')}", text)
