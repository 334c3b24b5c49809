"""What several tests of the gate share: a branch, and `promptops check` on it."""

import pytest

from promptops.cli.main import run


@pytest.fixture
def checked(repo, capsysbinary):
    """Run `check` in the repository: exit code and the lines it printed."""

    def start(*arguments):
        code = run(["check", "-C", str(repo.root), *arguments])
        return code, capsysbinary.readouterr().out.decode().splitlines()

    return start


@pytest.fixture
def base(repo):
    """Commit files, then begin a branch."""

    def made(files):
        repo.write(files)
        repo.commit("one")
        repo.git("switch", "--quiet", "--create", "change")

    return made
