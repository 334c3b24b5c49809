"""What goes wrong, said once, with its place and the way out; and the exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from promptops.cli.main import run
from tests.output_schemas import validate

MAIN = "from promptops.cli.main import main; main()"
HEARS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
"""What a shell starts in the background is born deaf to an interruption."""
TRIAGE = "prompts/support/triage.prompt.yaml"


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (
            ("lnt",),
            2,
            "error: No such command 'lnt'; did you mean `lint`?\n  tip: promptops --help\n",
        ),
        (
            ("eval",),
            2,
            "error: No such command 'eval'; write `promptops test`\n  tip: promptops --help\n",
        ),
        (
            ("check", "--fail-on", "warning"),
            2,
            "error: No such option '--fail-on'; it is a setting: `lint.fail-on` or `check.fail-on`"
            " in promptops.toml, or --config for one run\n  tip: promptops check --help\n",
        ),
        (
            ("run", "support/triage", "support/desk", "data/sql"),
            2,
            "error: Too many arguments: support/desk data/sql; run takes only one ID|PATH\n"
            "  tip: promptops run --help\n",
        ),
        (
            ("doctor", "prompts"),
            2,
            "error: Too many arguments: prompts; doctor takes none\n"
            "  tip: promptops doctor --help\n",
        ),
        (
            ("list", "support/traige"),
            2,
            "error: no prompt matches 'support/traige'\n  tip: did you mean `support/triage`?\n",
        ),
        (
            ("show", "nothing"),
            2,
            "error: no prompt matches 'nothing'\n  tip: `promptops list` shows the prompts\n",
        ),
        (
            ("lint", "--format", "jsn"),
            2,
            "error: this command has no format 'jsn'\n  tip: did you mean `json`?\n",
        ),
        (
            ("lint", "--format", "json", "--format", "sarif"),
            2,
            "error: only one format can go to stdout\n  tip: write --format NAME=FILE\n",
        ),
        (
            ("lint", "--select", "XYZ"),
            2,
            "error: there is no rule 'XYZ'\n  tip: `promptops rule` lists the rules\n",
        ),
        (
            ("lint", "--staged", "--at", "HEAD"),
            2,
            "error: --staged and --at name two revisions\n  tip: leave out one of them\n",
        ),
        (
            ("lint", "support/*", "--write-baseline"),
            2,
            "error: --write-baseline applies to all prompts\n  tip: leave out the prompts\n",
        ),
        (
            ("lint", "--config", "lint.select=1"),
            2,
            None,
        ),
        (
            ("rule", "VAR0001"),
            2,
            "error: there is no rule 'VAR0001'\n  tip: did you mean `VAR001`?\n",
        ),
        (
            ("render", "support/triage", "-c", "zero"),
            2,
            f"{TRIAGE}: error: there is no case 'zero'\n"
            "  tip: one of: 'nothing is known', 'two issues are known'\n",
        ),
        (
            ("render", "support/triage", "-i", "ticket"),
            2,
            "error: 'ticket' has no value\n  tip: write --input NAME=VALUE\n",
        ),
        (
            ("render", "support/triage", "-c", "two", "-i", "ticket=x"),
            2,
            "error: --case and inputs exclude each other\n  tip: leave out --case, or the inputs\n",
        ),
        (("render", "support/triage", "-i", "known=[]"), 3, None),
        (
            ("render", "support/triage", "-i", "ticket=x", "-i", "colour=x"),
            3,
            "error: support/triage: `colour` is not an input\n"
            "  tip: the inputs are `ticket`, `product`, `known`\n",
        ),
        (
            ("render", "support/triage", "-i", "tikcet=x", "-i", "ticket=x"),
            3,
            "error: support/triage: `tikcet` is not an input\n  tip: did you mean `ticket`?\n",
        ),
        (
            ("render", "support/triage", "-i", "ticket=x", "-i", "ticket=y"),
            2,
            "error: `ticket` is given twice\n  tip: leave one out\n",
        ),
        (("lint", "--format", "json=no/such/folder.json"), 3, None),
        (("list", "--at", "v9"), 4, None),
        (("lint", "--since", "v9"), 4, None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_is_wrong_is_said_with_the_way_out(small, say, arguments, code, error):
    said = say(*arguments, "-C", str(small.root))

    assert (said.code, said.out) == (code, "")
    assert said.err == error if error is not None else "error: " in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("{", "not JSON"),
        ("[1]", "not a JSON object"),
        ("[" * 100_000, "not JSON"),
        ('{"ticket": "a", "ticket": "b"}', "`ticket` is given twice"),
        (b"\xff\xfe", "not UTF-8"),
    ],
    ids=["broken", "a list", "deep", "a key twice", "no UTF-8"],
)
def test_inputs_that_are_none_are_refused(small, say, tmp_path, content, error):
    file = tmp_path / "inputs.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())

    said = say("render", "support/triage", "--inputs", str(file), "-C", str(small.root))

    assert (said.code, said.out) == (3, "")
    assert said.err.startswith(str(file))
    assert f": error: {error}" in said.err


def test_a_configuration_that_is_wrong_is_placed(small, say):
    small.write({"promptops.toml": '[lint]\nslect = ["VAR"]\n'})

    said = say("lint", "-C", str(small.root))

    assert (said.code, said.out, said.err) == (
        3,
        "",
        "promptops.toml:2:1: error: unknown key `slect`\n"
        '    2 | slect = ["VAR"]\n'
        "      | ^^^^^ did you mean `select`?\n",
    )


def test_every_error_of_the_configuration_is_shown_without_its_secrets(small, say):
    key = "sk-proj-" + "aB3dE5gH7jK9mN1p" * 3
    small.write(
        {
            "promptops.toml": f'colour = "{key}"\n\n[models.fast]\nprovider = "openai"\n'
            f'id = "m"\nheaders = "opaque-secret-1"\n\n[lint]\nfail-on = "eror"\n'
        }
    )

    said = say("lint", "-C", str(small.root))

    known = (
        "check, compare, diff, drift, lint, models, mutate, probe, prompts, release, schemas,"
        " score, test"
    )
    assert (said.code, said.out, said.err) == (
        3,
        "",
        "promptops.toml:1:1: error: unknown key `colour`\n"
        f'    1 | colour = "{"*" * len(key)}"\n'
        f"      | ^^^^^^ known keys: {known}\n"
        "promptops.toml:6:1: error: expected a mapping, got a value that is not shown\n"
        "    6 | headers = …\n"
        "      | ^^^^^^^\n"
        "promptops.toml:9:1: error: expected one of error, warning, info, got the string `eror`\n"
        '    9 | fail-on = "eror"\n'
        "      | ^^^^^^^ did you mean `error`?\n",
    )


@pytest.mark.parametrize("command", ["show", "render"])
def test_a_prompt_that_can_not_be_read_is_placed(small, say, command):
    small.write({"prompts/broken.prompt.yaml": "format: promptops/1\nmesages: []\n"})

    said = say(command, "broken", "-C", str(small.root))

    assert (said.code, said.out) == (3, "")
    assert said.err.startswith("prompts/broken.prompt.yaml:2:1: error: ")


def test_outside_a_repository_git_says_so(say, tmp_path):
    said = say("lint", "-C", str(tmp_path))

    assert (said.code, said.out) == (4, "")
    assert said.err.endswith("  tip: create one here: git init\n")


WRONG = "format: promptops/1\nmessages:\n  - {role: user, content: '{{ lost }}'}\n"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), 1),
        (("--exit-zero",), 0),
        (("--fail-on", "info"), 1),
        (("--select", "TST001"), 0),
        (("--select", "TST001", "--fail-on", "warning"), 1),
        (("--select", "TST001", "--config", 'lint.fail-on="warning"'), 1),
        (("--select", "SEC"), 0),
        (("-q",), 1),
        (("--diff",), 0),
    ],
    ids=str,
)
def test_findings_decide_the_exit_code(small, say, options, code):
    small.write({"prompts/wrong.prompt.yaml": WRONG})

    said = say("lint", "wrong", *options, "-C", str(small.root))

    assert (said.code, said.err) == (code, "")
    if "-q" in options:
        assert said.out == ""


def test_the_fixed_file_is_clean_and_silent(small, say):
    said = say("lint", "-C", str(small.root))

    assert (said.code, said.out, said.err) == (0, "", "")


def test_why_is_said_beside_the_findings(small, say):
    small.write({"prompts/partials/tone.md.j2": "Be kinder.\n"})
    small.git("add", "--all")

    said = say("lint", "--staged", "--why", "--select=VAR001", "-C", str(small.root))

    assert said.err.splitlines()[1] == (
        f"{TRIAGE}: it reaches prompts/partials/tone.md.j2, which changed,"
        " through prompts/partials/desk.md.j2"
    )


def test_an_interrupted_run_says_so(small, tmp_path):
    fifo = tmp_path / "inputs"
    os.mkfifo(fifo)
    with (
        subprocess.Popen(
            [sys.executable, "-c", HEARS + MAIN, "render", "support/triage", "--inputs", str(fifo)],
            cwd=small.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as running,
        fifo.open("wb"),
    ):  # opened once it reads
        out, err = _interrupted(running)

    assert (running.returncode, out, err) == (130, b"", b"\ninterrupted\n")


def _interrupted(running):
    """Python misses a signal that comes just before it blocks, so that one may not do."""
    for _ in range(12):
        running.send_signal(signal.SIGINT)
        try:
            return running.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError("it goes on")


def test_a_reader_that_leaves_early_is_no_error(small):
    read, write = os.pipe()
    os.close(read)

    done = subprocess.run(
        [sys.executable, "-c", MAIN, "rule"],
        cwd=small.root,
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write)

    assert (done.returncode, done.stderr) == (0, b"")


BROKEN = '''
from promptops.lint import Severity, rule

@rule("PLG001", severity=Severity.ERROR)
def broken(document):
    """It breaks."""
    yield 1 / 0
'''


@pytest.fixture
def breaking(tmp_path):
    """A folder with a plugin whose rule fails."""
    (tmp_path / "breaking.py").write_text(BROKEN)
    info = tmp_path / "breaking-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: breaking\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[promptops.rules]\nbreaking = breaking\n")
    return str(tmp_path)


def test_a_rule_of_a_plugin_that_fails_is_a_finding(small, breaking, process):
    done = process("lint", "--format", "concise", cwd=small.root, path=[breaking])

    assert (done.returncode, done.stderr) == (70, "")
    assert "internal error: ZeroDivisionError at promptops.lint.engine:" in done.stdout
    assert "raised in breaking:7 (rule PLG001 broken)" in done.stdout


def test_a_bug_is_called_a_bug_with_its_traceback(small, breaking, process):
    done = process("lint", cwd=small.root, path=[breaking], PROMPTOPS_DEBUG="1")

    assert (done.returncode, done.stdout) == (70, "")
    assert "Traceback" in done.stderr
    assert done.stderr.endswith(
        "error: a bug in promptops: ZeroDivisionError: division by zero\n"
        "  tip: report it with the output of PROMPTOPS_DEBUG=1\n"
    )


def terminal(root: Path, *line: str, **environment: str) -> str:
    """What a command line writes to a terminal."""
    primary, secondary = os.openpty()
    subprocess.run(
        line,
        cwd=root,
        env={**os.environ, "TERM": "xterm", **environment},
        stdout=secondary,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    os.close(secondary)
    written = b""
    try:
        while chunk := os.read(primary, 65536):
            written += chunk
    except OSError:  # Linux says so at the end
        pass
    os.close(primary)
    return written.decode()


@pytest.mark.parametrize(
    ("options", "environment", "colour"),
    [
        ((), {}, True),
        (("--no-color",), {}, False),
        ((), {"NO_COLOR": "1"}, False),
        ((), {"TERM": "dumb"}, False),
        (("--format", "json"), {}, False),
    ],
    ids=str,
)
def test_colour_is_for_a_terminal_that_wants_it(small, command, options, environment, colour):
    small.write({"prompts/wrong.prompt.yaml": WRONG})

    shown = terminal(small.root, command, "lint", *options, **environment)

    assert ("\x1b[" in shown, "VAR001" in shown) == (colour, True)


@pytest.mark.parametrize("command", ["check", "lint", "test"])
@pytest.mark.parametrize("name", ["--help", "-x", "--at"])
def test_an_option_in_the_place_of_a_revision_is_no_revision(command, name, capfd):
    code = run([command, f"--since={name}"])

    said = capfd.readouterr()
    assert (code, said.out) == (2, "")
    tip = "  tip: write a branch of that name as refs/heads/NAME\n"
    assert said.err == f"error: {name!r} is not a revision\n{tip}"


@pytest.mark.parametrize(
    ("arguments", "code", "where", "line"),
    [
        (("lint",), 3, "promptops.toml", 1),
        (("check",), 3, "promptops.toml", 1),
        (("show", "support/triage"), 3, "promptops.toml", 1),
        (("lint", "nope"), 2, None, None),
    ],
)
def test_an_error_is_json_where_json_was_asked_for(small, say, arguments, code, where, line):
    if code == 3:
        small.write({"promptops.toml": "colour = [\n"})

    said = say(*arguments, "--format", "json", "-C", str(small.root))

    value = json.loads(said.out)
    validate("error", value)
    first = value["errors"][0]
    assert (said.code, value["exit_code"]) == (code, code)
    assert (first["where"], first["place"] and first["place"]["line"]) == (where, line)
    assert first["message"] in said.err


def test_an_error_is_json_in_a_file_too_and_lists_all_errors(small, say):
    small.write({"promptops.toml": "colour = 1\n[lint]\nselct = []\n"})

    said = say("check", "--format", "text", "--format", "json=out.json", "-C", str(small.root))

    value = json.loads((small.root / "out.json").read_text("utf-8"))
    assert (said.code, said.out) == (3, "")
    assert [(each["where"], each["place"], each["message"]) for each in value["errors"]] == [
        (
            "promptops.toml",
            {
                "path": "promptops.toml",
                "line": line,
                "column": 1,
                "end_line": line,
                "end_column": len(key) + 1,
            },
            f"unknown key `{key}`",
        )
        for key, line in (("colour", 1), ("selct", 3))
    ]
