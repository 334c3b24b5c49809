"""Files that mean harm to the readers of `import`, and a command that reads them all.

    python tests/formats/hostile_sources.py SIZE SECONDS

prints as JSON what raised an exception, or took more than SECONDS of processor time.
"""

from __future__ import annotations

import itertools
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from promptops.formats.document import SourceDocument
from promptops.formats.prompt_file import WriteOptions, prompt_files
from promptops.formats.source_file import (
    Reader,
    ReadOptions,
    SourceFile,
    SourceFolder,
    UnreadableSource,
    known_readers,
    unread_format,
)

SOURCES = Path(__file__).parent / "sources"
ENDINGS = (
    ".txt",
    ".md",
    ".j2",
    ".prompt",
    ".prompty",
    ".json",
    ".jsonl",
    ".yaml",
    ".prompt.yml",
    ".py",
    ".ts",
    ".hbs",
    ".toml",
)
WORDS = "You are a helper, and these are the words of a prompt that is long enough. "
REPEATED = (
    "{", "}", "{{", "{{ x ", "{% ", "{% if x %}", "{% endif %}", "{# ", "{#", "{{!-- ", "{{#x}}",
    "{{#each x}}", '{{ " ', "{{ ' x }} ", "{{#if a}} b {{/if}} ", "{% if a %} b {% endif %} ",
    "{{ a }} ", "${", "${x} ", " ", "\t", "\n", "\n \n", "---\n", "---", "#", "# x\n", "<!--",
    "<!-- -->", "user:\n", "  #  user  :   ", "\n      ", "(", "[", "`", "`${", "const x = ", '"',
    "'", "\\", "/", "a = /x", "{{x|", "|a", "{{x", "{% for m in _conversation %}", "![a", "![](",
    "@@@langfusePrompt:", "{{m.role}}", "a.startsWith(", "not ", "!", "a.join(", "[AAA ", "a", "_a",
    "{a.b!r:>5}", "- ", "a: ", "\u2028", "\ue000role:user\ue001", "-->", "*a ", "&a ",
    "x: &a [*a]\n", "<message ", "a.", '<message role="user">', "{{$x}} ",
)  # fmt: skip


def texts(size: int) -> Iterator[str]:
    """Texts of at most `size` characters or so."""
    for piece in REPEATED:
        yield piece * (size // len(piece))
    deep = size // 4
    yield "[" * deep + "]" * deep
    yield '{"a":' * deep + "1" + "}" * deep
    yield "{{#if " + "(" * deep + "}}"
    yield "{{ " + "(" * deep + "a" + ")" * deep + " | upper }}"
    yield "{{ a" + " | upper" * deep + " }}"
    yield "{{" + ".".join("a" * deep) + "}}"
    yield "{{ a" + "[0]" * deep + " }}{% if x %}{% endif %}"
    yield "{" + "a." * deep + "b}"
    yield f'PROMPT = f"""{"{a}" * deep}"""'
    yield "PROMPT = " + " + ".join(['"abc"'] * deep)
    yield "PROMPT = " + "-" * deep + "1"
    yield doubling(25)
    yield "a: &a [*a]\nprompt: *a\nmessages: &m [*m]\n"
    yield billion_laughs()
    yield '{"messages": [{"role": "user", "content": "\\ud800"}], "max_tokens": ' + "9" * 5000 + "}"
    yield '{"messages": [null, 1, [], {"role": []}], "temperature": NaN}'
    yield "a\0b {{ x }}\r\nc\rd"
    yield "\ufeff---\r\na: b\r\n---\r\nuser:\r\n{{x}}"


def doubling(levels: int) -> str:
    """Code with constants that contain the next one twice."""
    names = [f"PROMPT_{chr(65 + level)}" for level in range(levels)]
    pairs = itertools.pairwise(names)
    lines = [f"{name} = f'{{{below}}} {{{below}}}'\n" for name, below in pairs]
    return "".join([*lines, f"{names[-1]} = '{WORDS}'\n"])


def billion_laughs() -> str:
    """YAML whose aliases multiply."""
    lines = [
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(8)
    ]
    return "\n".join(["a: &a [x, x, x]", *lines, "prompts: *i", "providers: [a]", ""])


def files(text: str) -> Iterator[tuple[str, str]]:
    """Names and contents of files with a text in each place where a format has one."""
    for ending in ENDINGS:
        yield f"prompt{ending}", text
    for ending in (".prompt", ".prompty", ".md"):
        yield f"prompt{ending}", f"---\nmodel: a\n---\nsystem:\n{text}"
    message = [{"role": "user", "content": text}]
    tests = [{"vars": {"a": text}, "assert": [{"type": "javascript", "value": text}]}]
    for value in (
        {"messages": message},
        {
            "prompts": [text, f'[{{"role": "user", "content": "{text}'],
            "providers": ["a"],
            "tests": tests,
        },
        {"_type": "prompt", "template": text},
        {"name": "x", "labels": [], "prompt": text},
        {"name": "x", "version": 1, "template": text},
    ):
        yield "prompt.json", json.dumps(value)
    yield "prompt.py", f"PROMPT = {WORDS + text!r}"
    yield "prompt.py", f"PROMPT = f{WORDS + text!r}"
    yield "prompt.ts", f"const prompt = `{WORDS}{text.replace('`', '')}`"
    yield "prompt.ts", f"const prompt = `{WORDS}${{{text}}}`"


def changed(value: Any) -> Iterator[Any]:
    """The value with each of its parts replaced by one of another type."""
    for other in (None, 0.5, "{{ y }}", [], [{}], {"a": None}):
        yield other
    pairs: Any = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    for key, item in pairs:
        for other in changed(item):
            copy = value.copy()
            copy[key] = other
            yield copy


def read(name: str, data: bytes, reader: Reader | None = None, folder: Path = SOURCES) -> None:
    """Read a file as `import` does: whatever is raised is a bug."""
    file = SourceFile(SourceFolder(folder, folder.name, alone=True), name, data)
    chosen = reader or recognised(file)
    if chosen is None:
        return
    try:
        for found in chosen.documents(file, ReadOptions()):
            if isinstance(found, SourceDocument):
                prompt_files(found, data, WriteOptions(root="prompts"))
    except UnreadableSource:
        return


def recognised(file: SourceFile) -> Reader | None:
    """The reader that `import` takes."""
    if unread_format(file) is not None:
        return None
    for reader in known_readers():
        try:
            if reader.recognises(file):
                return reader
        except UnreadableSource:
            continue
    return None


class TooSlow(BaseException):
    """The limit of processor time."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raises TooSlow."""
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def main(size: int, seconds: float) -> None:
    """Read all files, and print what failed."""

    def stop(*_: object) -> None:
        raise TooSlow

    signal.signal(signal.SIGVTALRM, stop)
    failed: dict[str, str] = {}
    for text in texts(size):
        for name, content in files(text):
            try:
                with limited(seconds):
                    read(name, content.encode())
            except (Exception, TooSlow) as error:  # noqa: BLE001
                failed[f"{name}: {content[:90]!r}"] = f"{type(error).__name__}: {error}"[:200]
    json.dump(failed, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
