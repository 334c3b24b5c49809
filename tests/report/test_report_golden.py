"""What a user sees of each format, compared whole."""

import pytest

from promptops.report import formats, writer

ENDINGS = {
    "github": "txt",
    "gitlab": "json",
    "json": "json",
    "json-lines": "jsonl",
    "junit": "xml",
    "markdown": "md",
    "sarif": "json",
}


@pytest.mark.parametrize("name", formats())
@pytest.mark.parametrize("what", ["sample", "hostile", "clean"])
def test_a_format_writes_what_its_golden_file_says(name, what, rules, golden, request):
    report = request.getfixturevalue(what)

    text = writer(name)(report, rules=rules, version="1.2.3")

    golden(f"{name}.{what}.{ENDINGS.get(name, 'txt')}", text)
