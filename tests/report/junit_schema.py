"""What the schema of Jenkins' xUnit plugin, junit-10.xsd, allows in a JUnit report."""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

# Element: required attributes, optional attributes, elements within.
ALLOWED = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {
            *("group", "time", "skipped", "timestamp", "hostname"),
            *("id", "package", "file", "log", "url"),
        },
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name"},
        {"time", "classname", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": (set(), {"type", "message"}, set()),
    "error": (set(), {"type", "message"}, set()),
    "skipped": (set(), {"type", "message"}, set()),
    "system-out": (set(), set(), set()),
    "system-err": (set(), set(), set()),
}
_TEXT = {"failure", "error", "skipped", "system-out", "system-err"}
_TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?")


def violations(element: Element) -> Iterator[str]:
    """What of a report Jenkins refuses, a line each."""
    if element.tag not in ALLOWED:
        yield f"{element.tag} is unknown"
        return
    required, optional, inside = ALLOWED[element.tag]
    present = set(element.attrib)
    yield from (f"{element.tag}@{name} is missing" for name in sorted(required - present))
    yield from (f"{element.tag}@{name}" for name in sorted(present - required - optional))
    yield from (f"{element.tag}/{each.tag}" for each in element if each.tag not in inside)
    texts = [element.text, *(each.tail for each in element)]
    if element.tag not in _TEXT and any(text and text.strip() for text in texts):
        yield f"text in {element.tag}"
    time = element.get("time", "")
    if element.tag != "testcase" and not _TIME.fullmatch(time):
        yield f"{element.tag}@time is {time}"
    for each in element:
        yield from violations(each)
