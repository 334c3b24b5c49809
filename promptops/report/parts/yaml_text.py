"""A value as YAML for people: strings of several lines as blocks, invisible characters escaped.

`formats/prompt_file.py` is the other writer: it writes whole files in the style of files written by
hand, with short values on one line; here each value has its line, so that a diff shows one value.
"""

from __future__ import annotations

from typing import Any

from promptops.patterns import lazy_pattern
from promptops.report.parts.visible import visible_line

_EXPONENT = lazy_pattern(r"[-+.\d][\d.]*[eE][-+]?\d+")


def yaml_text(value: object, *, width: int = 100) -> str:
    """The value, with keys in their order; plain and quoted strings are folded at `width`."""
    import yaml

    fast: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    class Dumper(fast):  # type: ignore[misc]  # known only when it runs
        pass

    def text(dumper: Any, data: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=_style(data))

    Dumper.add_representer(str, text)
    dumped: str = yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=width)
    return "".join(f"{visible_line(line)}\n" for line in dumped.split("\n")[:-1])


def _style(data: str) -> str | None:
    """How a string is written; None for plain, or quoted if YAML 1.1 requires it."""
    if any(visible_line(line) != line for line in data.split("\n")):
        return '"'  # the style in which characters can be escaped
    if "\n" in data:
        # A block that keeps its last blank lines would keep those that are written after it, too.
        return '"' if data == "\n" or data.endswith("\n\n") else "|"
    # `1e3` is a number in YAML 1.2 and a string in YAML 1.1, which PyYAML writes.
    return '"' if _EXPONENT.fullmatch(data) else None
