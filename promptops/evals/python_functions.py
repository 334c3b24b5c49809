"""Functions of the repository for `python` assertions and `evaluation.retrieve`.

They are untrusted code: read from the revision under test, never imported from Python's path, and
run in this process only if the caller allows it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from types import ModuleType
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.evals.verdict import Undecided, Unjudgeable
from promptops.evals.wording import shown
from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.suggestions import did_you_mean
from promptops.untrusted import IS_SET, is_untrusted

LONGEST_S = 10.0
"""A call that takes longer is abandoned."""

ASSERTIONS = "`python` assertions"

Function = Callable[..., Any]
Read = Callable[[str, str], bytes | None]
"""From a path as written, and the path of the file that contains it, to the content of the file.

None if the tree has no such file. Raises Unjudgeable for a path that may not be read.
"""


class Functions:
    """The functions of one revision; each file is run once, when it is first needed.

    Nothing runs if PROMPTOPS_UNTRUSTED is set, even if it is `allowed`.
    """

    def __init__(self, read: Read, *, allowed: bool, caller: str = ASSERTIONS) -> None:
        """`caller` is what needs the functions, for messages."""
        self._read = read
        self._caller = caller
        self._refused = _refused(allowed)
        self._modules: dict[tuple[str, bytes], Mapping[str, Any]] = {}
        self._timed_out: set[tuple[str, bytes, str]] = set()

    def call(self, name: str, path: str, base: str, arguments: tuple[Any, ...]) -> Any:
        """The result of a function of a file; `base` is the file that contains `path`.

        Raises Unjudgeable if there is no such function, or it fails or takes too long, and
        Undecided if no code may run.
        """
        if self._refused:
            raise Undecided(f"{self._caller} do not run here: {self._refused}")
        source = self._read(path, base)
        if source is None:
            raise Unjudgeable(f"there is no file {path} in this revision", "/value")
        function = self._function(name, path, source)
        what = f"`{name}` of {path}"
        return self._result_once((path, source, name), what, lambda: function(*arguments))

    def _function(self, name: str, path: str, source: bytes) -> Function:
        if (path, source) not in self._modules:
            run = self._result_once((path, source, ""), path, lambda: _run(path, source))
            self._modules[path, source] = run
        known = self._modules[path, source]
        function: Function | None = known.get(name)
        if not callable(function):
            hint = did_you_mean(name, (key for key, value in known.items() if callable(value)))
            more = f": {hint}" if hint else ""
            raise Unjudgeable(f"there is no function `{name}` in {path}{more}", "/value")
        return function

    def _result_once(self, key: tuple[str, bytes, str], what: str, act: Callable[[], Any]) -> Any:
        """A call that timed out is not repeated: it would take as long for each other case."""
        if key in self._timed_out:
            raise Unjudgeable(f"{what} took over {LONGEST_S:g} s before", "/value")
        try:
            return _result_in_time(act, what)
        except _TimedOut:
            self._timed_out.add(key)
            raise


class _TimedOut(Unjudgeable):
    """A call timed out."""


def functions_of(
    catalog: Catalog,
    *,
    allowed: bool,
    refused: Callable[[str, bytes], str] = lambda _path, _content: "",
    caller: str = ASSERTIONS,
) -> Functions:
    """The functions of a revision: `./` is relative to the file with the path, else a prompt root.

    Args:
        refused: From the path of a file and its content to why its code may not run, or "".
        caller: What needs the functions, for messages.
    """

    def read(path: str, base: str) -> bytes | None:
        found = catalog.resolver.follow("template", path, Place(base), base)
        if isinstance(found, Problem):
            raise Unjudgeable(f"{found.message}: {found.hint}", "/value")
        content = catalog.files.data(found.target)
        reason = refused(found.target, content) if content is not None else ""
        if reason:
            raise Undecided(f"{caller} do not run here: {reason}")
        return content

    return Functions(read, allowed=allowed, caller=caller)


def _refused(allowed: bool) -> str:
    if is_untrusted():
        return f"{IS_SET}, so code from the repository is not run"
    return "" if allowed else "this command does not run code from the repository"


def _run(path: str, source: bytes) -> Mapping[str, Any]:
    module = ModuleType(f"<{path}>")
    sys.modules[module.__name__] = (
        module  # `dataclass` looks it up there; the name can't be imported
    )

    # The code of the revision under test, which an import would not find.
    exec(compile(source, path, "exec"), vars(module))
    return vars(module)


def _result_in_time(act: Callable[[], Any], what: str) -> Any:
    """The result of `act`; a call that never returns continues in a daemon thread."""
    result: list[Any] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            result.append(act())
        except BaseException as error:  # noqa: BLE001  # its SystemExit must not end this process
            failure.append(error)

    thread = threading.Thread(target=run, daemon=True)
    with redirect_stdout(sys.stderr):  # its output must not mix with the report
        thread.start()
        thread.join(LONGEST_S)
    if failure:
        raise Unjudgeable(f"{what} fails: {_error_text(failure[0])}", "/value")
    if not result:
        raise _TimedOut(f"{what} takes over {LONGEST_S:g} s", "/value")
    return result[0]


def _error_text(error: BaseException) -> str:
    """The type of the error, the line of the file where it was raised, and its message."""
    kind = type(error).__name__
    if isinstance(error, SyntaxError):
        return f"{kind} in line {error.lineno}: {error.msg}"
    lines = [line for code, line in _steps(error) if code != __file__]
    line = f" in line {lines[0]}" if lines else ""
    return f"{kind}{line}: {shown(str(error))}" if str(error) else f"{kind}{line}"


def _steps(error: BaseException) -> Iterator[tuple[str, int]]:
    """The call path of an error, by file and line, from the outside in."""
    step = error.__traceback__
    while step is not None:
        yield step.tb_frame.f_code.co_filename, step.tb_lineno
        step = step.tb_next
