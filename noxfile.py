"""Tasks for contributors: `nox -s test`, `test-all`, `lint`, `package`, `generate`.

They run in the current environment; `pip install -e '.[dev]'` installs what they need.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "test"]


@nox.session
def test(session: nox.Session) -> None:
    """Run the tests, or those given after `--`."""
    session.run("python", "-m", "pytest", "-n", "auto", "-q", *session.posargs)


@nox.session(name="test-all")
def test_all(session: nox.Session) -> None:
    """Run all checks in a new environment, including slow tests."""
    session.run(".ci/run", external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Run the linters, the type checker, the layer contract and the checks of our own prompts."""
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")
    session.run("promptops", "lint", "--fail-on", "warning")
    session.run("promptops", "check")


@nox.session
def package(session: nox.Session) -> None:
    """Build the source distribution and the wheel, and check that an index can show them."""
    with TemporaryDirectory() as folder:
        session.run("python", "-m", "build", "--no-isolation", "--outdir", folder)
        files = sorted(str(file) for file in Path(folder).iterdir())
        session.run("twine", "check", "--strict", *files)


@nox.session
def generate(session: nox.Session) -> None:
    """Regenerate all generated files, or the steps given after `--`."""
    session.run("python", "scripts/generate.py", *session.posargs)
