"""The command `lint` without its command line, so that a hook need not import click."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from promptops.errors import BUG, InputError, UsageError
from promptops.plurals import counted
from promptops.records import record, replace
from promptops.terminal.output import OutputOptions
from promptops.untrusted import is_untrusted

if TYPE_CHECKING:
    from promptops.repo.tree import Staged

FORMATS = (
    "full",
    "concise",
    "json",
    "json-lines",
    "github",
    "gitlab",
    "sarif",
    "junit",
    "markdown",
)


@record(frozen=True, slots=True, kw_only=True)
class LintArguments:
    """The options of `promptops lint` with their defaults; `--help` describes them."""

    patterns: tuple[str, ...] = ()
    staged: bool = False
    since: str | None = None
    revision: str = "worktree"
    select: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    fix: bool = False
    unsafe_fixes: bool = False
    diff: bool = False
    fail_on: str | None = None
    exit_zero: bool = False
    write_baseline: bool = False
    no_baseline: bool = False
    no_cache: bool = False
    why: bool = False
    watch: bool = False


def run_lint(output: OutputOptions, arguments: LintArguments, staged: Staged | None = None) -> int:
    """Lint, write the reports, and return the exit code.

    Args:
        staged: The listing of staged files, if git was already called for it.
    """
    from promptops.workspace.workspace import workspace

    wanted, chosen = _selection(arguments), _options(arguments)
    _refuse_contradictions(arguments, wanted)
    if arguments.watch:
        return _watch(output, arguments)
    revision = _revision(arguments)
    with (
        errors_beside_config(output, revision, wanted),
        workspace(output.directory, revision, output.overrides, staged=staged) as opened,
    ):
        if arguments.why:
            _print_why(output, opened, wanted)
        if arguments.diff:
            return _print_difference(output, opened, arguments, wanted, chosen)
        if wanted.everything and revision == "worktree":
            from promptops.terminal.options import note_hidden_or_refuse

            note_hidden_or_refuse(output, opened)
        checked, report = _checked(opened, arguments, wanted, chosen)
        if arguments.write_baseline and not report.failed:
            return _write_baseline(output, checked, report)
        return _print_report(output, checked, report, arguments, chosen)


def _refuse_contradictions(arguments: LintArguments, wanted: Any) -> None:
    if arguments.write_baseline and not wanted.everything:
        raise UsageError("--write-baseline applies to all prompts", hint="leave out the prompts")
    if arguments.unsafe_fixes and not (arguments.fix or arguments.diff):
        raise UsageError(
            "--unsafe-fixes needs --fix or --diff",
            hint="to apply these fixes, too: promptops lint --fix --unsafe-fixes",
        )


def _print_why(output: OutputOptions, opened: Any, wanted: Any) -> None:
    from promptops.report.visible import visible, visible_path
    from promptops.workspace.selection import select

    for path, reason in select(opened, wanted).why.items():
        output.note(f"{visible_path(path)}: {visible(reason)}")


def _print_difference(
    output: OutputOptions, opened: Any, arguments: LintArguments, wanted: Any, chosen: Any
) -> int:
    from promptops.commands.lint.fix import fix

    fixed = fix(opened, wanted, chosen, unsafe=arguments.unsafe_fixes, dry=True)
    output.write(fixed.difference)
    return int(bool(fixed.difference) and not arguments.exit_zero)


def _checked(opened: Any, arguments: LintArguments, wanted: Any, chosen: Any) -> tuple[Any, Any]:
    """The checked workspace and its report; with `fix`, as they are after the fixes."""
    from promptops.commands.lint.lint import lint

    if not arguments.fix:
        return opened, lint(opened, wanted, chosen)
    from promptops.commands.lint.fix import fix

    fixed = fix(opened, wanted, chosen, unsafe=arguments.unsafe_fixes, dry=False)
    return fixed.workspace, fixed.report


def _write_baseline(output: OutputOptions, opened: Any, report: Any) -> int:
    from promptops.commands.lint.baseline import baseline_path, write_baseline

    count = write_baseline(opened, report.findings)
    output.note(f"wrote {baseline_path(opened)}: {counted(count, 'finding')} accepted")
    for line in _by_code(report.findings):
        output.note(f"  {line}")
    return 0


def _by_code(findings: Iterable[Any]) -> Iterator[str]:
    """Each code with its number of findings: errors first, then the most frequent."""
    found: dict[tuple[Any, str, str], int] = {}
    for each in findings:
        key = each.severity, each.code, each.name
        found[key] = found.get(key, 0) + 1
    ranked = sorted(found.items(), key=lambda item: (-item[0][0], -item[1], item[0][1]))
    for (severity, code, name), number in ranked:
        yield f"{number:,} {code} {name} ({severity.name.lower()})"


def _print_report(
    output: OutputOptions, opened: Any, report: Any, arguments: LintArguments, chosen: Any
) -> int:
    from promptops.commands.lint.lint import deprecations
    from promptops.report.visible import visible

    for note in deprecations(opened, chosen):
        output.note(f"warning: {visible(note)}")
    limit = _limit(opened, arguments)
    if "json" in dict(output.formats):
        report = replace(report, next=_next_command(report, arguments))
    _report(output, opened, report, chosen, limit)
    if _revision(arguments) == "index":
        _note_unstaged(output, opened, report)
    if report.failed:
        return BUG
    return int(bool(report.failing(limit)) and not arguments.exit_zero)


def _next_command(report: Any, arguments: LintArguments) -> str:
    """The command that applies the safe fixes, or "": only the work tree can be fixed."""
    fixable = any(each.fix and each.fix.safe for each in report.findings)
    if not fixable or arguments.fix or arguments.revision != "worktree":
        return ""
    from promptops.terminal.options import command_again

    return command_again(fix=True)


def _watch(output: OutputOptions, arguments: LintArguments) -> int:
    from promptops.commands.lint.watching import run_watch

    chosen = _options(arguments)

    def report(opened: Any, found: Any) -> None:
        limit = _limit(opened, arguments)
        _report(output, opened, found, chosen, limit)

    return run_watch(output, arguments, _selection(arguments), chosen, report)


@contextmanager
def errors_beside_config(output: OutputOptions, revision: str, wanted: Any) -> Iterator[None]:
    """Where the configuration has errors, print the errors in prompts before they are raised."""
    try:
        yield
    except InputError as error:
        if _is_of_config(error) and output.for_people:
            from promptops.commands.lint.lint import errors_despite_config
            from promptops.model.finding import Severity
            from promptops.report.findings import writer

            report = errors_despite_config(output.directory, revision, wanted)
            if report is not None and report.findings:
                full, style = writer("full"), output.style
                output.write(full(report, rules={}, fail_on=Severity.ERROR, style=style))
        raise


def _is_of_config(error: InputError) -> bool:
    from promptops.source.config import FILES

    return error.where is not None and error.where.partition(":")[0] in FILES


def _revision(arguments: LintArguments) -> str:
    """Staged content is read from the index; fixes are made in the work tree."""
    if arguments.staged and arguments.revision != "worktree":
        raise UsageError("--staged and --at name two revisions", hint="leave out one of them")
    if arguments.staged and not (arguments.fix or arguments.diff):
        return "index"
    return str(arguments.revision)


def _selection(arguments: LintArguments) -> Any:
    from promptops.workspace.selection import SelectionOptions

    selectors = _split_values(arguments.select)
    code = next((selector for selector in selectors if ":" not in selector), None)
    if code is not None:
        hint = f"prompts by tag:, owner: or status:; rules by their code: --rule {code}"
        raise UsageError(f"--select is for prompts, and {code!r} selects none", hint=hint)
    return SelectionOptions(
        patterns=arguments.patterns,
        since=arguments.since,
        staged=arguments.staged,
        selectors=selectors,
    )


def _options(arguments: LintArguments) -> Any:
    from promptops.commands.lint.lint import LintOptions

    untrusted = is_untrusted()
    return LintOptions(
        select=_split_values(arguments.rules),
        ignore=_split_values(arguments.ignore),
        extend_select=_split_values(arguments.extend_select),
        use_cache=not arguments.no_cache,
        use_baseline=not (arguments.no_baseline or arguments.write_baseline),
        untrusted=untrusted,
        doubt_comments=untrusted,
    )


def _split_values(given: tuple[str, ...]) -> tuple[str, ...]:
    """`--rule VAR,TPL` is `--rule VAR --rule TPL`."""
    return tuple(part.strip() for value in given for part in value.split(",") if part.strip())


def _report(output: OutputOptions, opened: Any, report: Any, chosen: Any, limit: Any) -> None:
    from promptops.commands.lint.lint import rule_infos
    from promptops.report.findings import writer

    rules = rule_infos(opened, chosen)
    extra = {}
    if "sarif" in dict(output.formats):  # reading the distribution's metadata costs 10 ms
        from promptops.model.distribution import home, version

        extra = {"version": version(), "home": home()}
    output.write_each(
        lambda name, style: writer(name)(report, rules=rules, fail_on=limit, style=style, **extra)
    )


def _note_unstaged(output: OutputOptions, opened: Any, report: Any) -> None:
    """Findings are those of the staged content, which an editor does not show."""
    if not report.findings:
        return
    from promptops.commands.lint.lint import unstaged_files
    from promptops.report.visible import visible_path

    paths = (finding.place.path for finding in report.findings)
    for path in unstaged_files(opened.repository, opened.catalog.files, paths):
        shown = visible_path(path)
        output.note(f"note: {shown}: the staged content was checked; the file on disk differs")
        output.note(f"  tip: git add '{shown}'")


def _limit(opened: Any, arguments: LintArguments) -> Any:
    """The lowest severity that fails the run."""
    from promptops.model.finding import Severity

    chosen = arguments.fail_on
    return Severity[chosen.upper()] if chosen else opened.config.lint.fail_on
