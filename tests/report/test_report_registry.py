import subprocess
import sys

import pytest

from promptops.errors import UsageError
from promptops.report.findings import formats, writer


def test_every_module_of_the_package_is_a_format():
    assert formats() == (
        "concise",
        "full",
        "github",
        "gitlab",
        "json",
        "json-lines",
        "junit",
        "markdown",
        "sarif",
    )


def test_a_writer_comes_from_the_module_of_its_name():
    assert writer("json-lines").__module__ == "promptops.report.findings.json_lines"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("srif", "did you mean `sarif`?"),
        ("xyz", f"one of: {', '.join(formats())}"),
        ("parts", f"one of: {', '.join(formats())}"),
        ("parts.visible", f"one of: {', '.join(formats())}"),
        ("json_lines", "did you mean `json-lines`?"),
        ("", f"one of: {', '.join(formats())}"),
    ],
)
def test_an_unknown_format_is_refused_with_the_nearest_known_one(name, hint):
    with pytest.raises(UsageError) as refused:
        writer(name)

    assert (refused.value.message, refused.value.hint) == (f"there is no format {name!r}", hint)


def test_asking_for_one_format_imports_no_other():
    code = (
        "import sys, promptops.report.findings as findings; findings.writer('full');"
        "print(*sorted(m for m in sys.modules if m.startswith('promptops.report.findings.')),"
        " *[m for m in ('jsonschema', 'rich', 'click') if m in sys.modules])"
    )

    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert (result.stdout, result.stderr) == ("promptops.report.findings.full\n", "")
