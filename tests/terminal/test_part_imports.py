"""A package of which only modules are used, until something else of it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from promptops.terminal.part_imports import run_body_at_need

BEGIN = "import sys; from promptops.terminal.part_imports import run_body_at_need as begin; "


def run(script: str) -> str:
    command = [sys.executable, "-c", BEGIN + script]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_modules_are_imported_without_what_the_package_imports() -> None:
    out = run(
        "begin('jinja2'); from jinja2 import nodes;"
        "from jinja2.sandbox import SandboxedEnvironment; import jinja2.parser;"
        "tree = SandboxedEnvironment().parse('{{ a }}');"
        "print(type(tree) is nodes.Template, 'jinja2.bccache' in sys.modules)"
    )

    assert out == "True False\n"


@pytest.mark.parametrize(
    "use",
    [
        "import jinja2; made = jinja2.Environment",
        "from jinja2 import Environment as made",
        "import jinja2.nodes; from jinja2 import *; made = Environment",
        "import jinja2; jinja2.__version__; made = jinja2.Environment",
        "from importlib import import_module; made = import_module('jinja2').Environment",
    ],
)
def test_whoever_uses_the_package_gets_all_of_it(use: str) -> None:
    out = run(
        f"begin('jinja2'); from jinja2 import nodes; {use}; import jinja2, jinja2.environment;"
        "print(made is jinja2.environment.Environment, jinja2.FileSystemLoader.__name__,"
        " jinja2.nodes is nodes, hasattr(jinja2, 'nothing'), type(jinja2).__name__)"
    )

    assert out == "True FileSystemLoader True False module\n"


def test_a_package_that_is_imported_already_stays_as_it_is() -> None:
    before = dict(sys.modules)

    run_body_at_need("promptops")
    run_body_at_need("no_such_package")

    assert sys.modules == before


def test_a_body_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "__init__.py").write_text("raise ValueError('no')")
    (tmp_path / "broken" / "part.py").write_text("value = 1")

    out = run(
        f"sys.path.insert(0, {str(tmp_path)!r}); begin('broken'); from broken.part import value\n"
        "try:\n import broken; broken.other\n"
        "except ValueError as error:\n print(value, error)"
    )

    assert out == "1 no\n"


def test_a_module_runs_when_it_is_used() -> None:
    out = run(
        "begin('inspect'); import inspect;"
        "print('ast' in sys.modules, inspect.isawaitable(1), 'ast' in sys.modules);"
        "from inspect import getattr_static; print(getattr_static(inspect, '__name__'))"
    )

    assert out == "False False True\ninspect\n"


def test_parsers_are_imported_without_what_is_around_them() -> None:
    out = run(
        "from promptops.terminal.part_imports import import_parsers; import_parsers();"
        "import yaml._yaml, jinja2.lexer, re;"
        "unused = {'yaml.resolver', 'yaml.loader', 'jinja2.environment', 'tokenize'};"
        "print(unused & set(sys.modules), type(re.compile('a')).__name__,"
        " type(yaml.reader.Reader.NON_PRINTABLE).__name__)"
    )

    assert out == "set() Pattern _Pattern\n"


def test_lazy_patterns_of_libraries_work_as_compiled_ones() -> None:
    read = "[yaml.load('a: [1, 2.5, 2020-01-01, ~]', yaml.SafeLoader),"
    read += "jinja2.Environment().from_string('{{ 1.5 + a|join }}').render(a=['1']) == '']"
    script = "import yaml, jinja2\ntry:\n print({0})\nexcept TypeError as error:\n print(error)"

    plain = run(script.format(read))
    lazy = run(
        "from promptops.terminal.part_imports import import_parsers; import_parsers()\n"
        + script.format(read)
    )

    assert lazy == plain
