"""The man page tells of every command and option, as click knows them."""

import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKER = runpy.run_path(str(ROOT / "scripts" / "make_man.py"))
PAGE = ROOT / "man" / "git-promptops.1"


def test_the_page_is_what_the_commands_say():
    assert PAGE.read_text("utf-8") == MAKER["page"](), "run: python scripts/make_man.py"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("--since REV", "\\-\\-since REV"),
        (".config", "\\&.config"),
        ("a\n.b", "a\n\\&.b"),
        ("'a\\b'", "\\(aqa\\eb\\(aq"),
        ("`x` ~ ^", "\\(gax\\(ga \\(ti \\(ha"),
    ],
)
def test_text_comes_out_of_roff_as_it_is(text, shown):
    assert MAKER["roff"](text) == shown


@pytest.mark.skipif(not shutil.which("groff"), reason="there is no groff")
def test_roff_has_nothing_to_complain_of():
    done = subprocess.run(
        ["groff", "-man", "-ww", "-z", str(PAGE)], capture_output=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, b"")
