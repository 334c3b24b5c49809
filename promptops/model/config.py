"""The parsed configuration, with defaults for missing keys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from promptops.model.finding import Severity
from promptops.records import field, record

FailOn = Literal["breaking", "risk"]
"""Breaking changes without a waiver, and risks that need a reviewer's attention."""


CHANNELS_FILE = "channels.yaml"
"""The file that names the release of each channel."""


@record(frozen=True, slots=True, kw_only=True)
class ModelProfile:
    """A model profile, which prompt files refer to by name.

    Attributes:
        api_key_env: Name of the environment variable that holds the key.
        params: With provider-neutral names; a prompt file can override them.
        price: USD per million tokens: `input`, `output`, `cached`; overrides the table.
        context_window, max_output_tokens: In tokens; override the table.
    """

    name: str
    provider: str
    id: str
    base_url: str | None = None
    api_key_env: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    provider_options: Mapping[str, Any] = field(default_factory=dict)
    price: Mapping[str, float] = field(default_factory=dict)
    context_window: int | None = None
    max_output_tokens: int | None = None


@record(frozen=True, slots=True, kw_only=True)
class CustomRule:
    """A lint rule that the configuration defines.

    Attributes:
        tokens: RE2 patterns, for `existence` and `occurrence`.
        swap: From an RE2 pattern to its replacement, for `substitution`.
        scope: Only messages of this role; None for all.
    """

    code: str
    name: str
    kind: Literal["existence", "substitution", "occurrence"]
    message: str
    tokens: tuple[str, ...] = ()
    swap: Mapping[str, str] = field(default_factory=dict)
    min: int | None = None
    max: int | None = None
    scope: str | None = None
    ignore_case: bool = False
    severity: Severity = Severity.WARNING


@record(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A finding, or a breaking change, that is accepted through the day `expires`.

    Attributes:
        fingerprint: Of the finding or of the change.
        reason: Why it is accepted.
        who: The person who accepted it.
        expires: The last day on which it is accepted.
    """

    fingerprint: str
    reason: str
    who: str
    expires: date


@record(frozen=True, slots=True, kw_only=True)
class LintSettings:
    """Which lint rules run, and their options.

    Attributes:
        select, ignore, extend_select: Codes or code prefixes; `ALL` for those on by default.
        per_file_ignores: From a glob of paths to codes or code prefixes.
        severity: From a code to a severity that replaces the rule's own.
        baseline: File with fingerprints of accepted findings.
    """

    select: tuple[str, ...] = ("ALL",)
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    required_metadata: tuple[str, ...] = ()
    fail_on: Severity = Severity.ERROR
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    severity: Mapping[str, Severity] = field(default_factory=dict)
    baseline: str | None = None
    rules: tuple[CustomRule, ...] = ()
    waivers: tuple[Waiver, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class TestSettings:
    """How cases are run; `budget` in USD by event: commit, pull_request, nightly.

    Attributes:
        timeout_s: For one attempt to get an answer.
        total_timeout_s: For all attempts to get one answer, including the waits between them.
        embeddings, moderations: Name of the profile that provides them.
        user: Name of the profile that plays simulated users.
    """

    __test__ = False  # its name would make pytest collect it

    concurrency: int = 16
    timeout_s: float = 120.0
    total_timeout_s: float = 600.0
    embeddings: str | None = None
    moderations: str | None = None
    user: str | None = None
    budget: Mapping[str, float] = field(
        default_factory=lambda: {"commit": 0.0, "pull_request": 1.0, "nightly": 5.0}
    )


@record(frozen=True, slots=True, kw_only=True)
class ReleaseSettings:
    """How releases are named, created and verified."""

    tag_format: str = "v{version}"
    tags: Literal["repository", "per-prompt"] = "repository"
    branches: tuple[str, ...] = ("main",)
    sign: Literal["auto", "always", "never"] = "auto"
    allowed_signers: str | None = None
    on_inconclusive: Literal["warn", "fail"] = "warn"


@record(frozen=True, slots=True, kw_only=True)
class DiffSettings:
    """What a team can configure about changes.

    Attributes:
        whitespace: The bump that a change of white space requires.
        provider_change: The bump that another provider requires.
        obligations: Whether a lost or reworded obligation is a risk or information.
        waivers: They accept breaking changes.
    """

    whitespace: Literal["minor", "patch"] = "minor"
    provider_change: Literal["major", "minor"] = "major"
    obligations: Literal["information", "risk"] = "information"
    waivers: tuple[Waiver, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class CheckSettings:
    """Other reasons for which the gate fails, besides findings and failing cases.

    Attributes:
        fail_on: Kinds of changes since the base.
        coverage: Required coverage of template branches, in percent; None for no limit.
        mutation: Report what the cases of changed prompts notice of mutants.
        probes: Which recorded answers to probes are replayed; None for none.
    """

    fail_on: tuple[FailOn, ...] = ()
    coverage: float | None = None
    mutation: bool = False
    probes: Literal["smoke", "all"] | None = None


@record(frozen=True, slots=True, kw_only=True)
class CompareSettings:
    """How arms are compared.

    Attributes:
        recordings: The folder of the answers of arms; outside the prompt roots.
        margin: The acceptable loss in percentage points, for prompts without their own margin.
        contract_margin: The same for the answers that keep all contracts.
    """

    recordings: str = "comparisons"
    margin: float = 3.0
    contract_margin: float = 5.0


@record(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """How prompts are attacked.

    Attributes:
        recordings: The folder of the answers to probes; outside the prompt roots.
    """

    recordings: str = "probes"


@record(frozen=True, slots=True, kw_only=True)
class MutateSettings:
    """When mutation testing fails.

    Attributes:
        fail_under: The required share of mutants that are noticed by behaviour, in percent; None
            for no limit.
    """

    fail_under: float | None = None


@record(frozen=True, slots=True, kw_only=True)
class DriftSettings:
    """Which release is checked for drift, and how.

    Attributes:
        release: A channel or a release tag; None for what the channel `production` serves, or the
            latest release without that channel.
        repeats: Answers per case and night.
    """

    release: str | None = None
    repeats: int = 3


VALUE_METRICS = ("p50", "p95", "cost_1000")
"""Metrics of an alert in seconds and USD. Every other metric is in percent."""


@record(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """A limit for a metric of each group of samples; exactly one of `below` and `above` is set.

    Attributes:
        metric: `contracts`, `refusals`, `errors`, `p50`, `p95`, `cost_1000`, the name of a score,
            or the type of an assertion.
        below, above: In the unit of the metric: percent, for `p50` and `p95` seconds, for
            `cost_1000` USD.
        prompts: Ids or globs; () for all prompts.
        optional: The samples may lack a value for it; otherwise `score` exits with 1.
    """

    metric: str
    below: float | None = None
    above: float | None = None
    prompts: tuple[str, ...] = ()
    optional: bool = False

    @property
    def threshold(self) -> float:
        """The number as written."""
        return (self.below if self.below is not None else self.above) or 0.0


@record(frozen=True, slots=True, kw_only=True)
class ScoreSettings:
    """How samples of production are scored.

    Attributes:
        fields: From the name of a field of a sample to its JSON pointer in a line of the log.
        by: The dimensions that groups are formed by.
        judge: The number of samples in each group that judges are called about.
        unjoined: The accepted share of samples that belong to no prompt, in percent.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    by: tuple[str, ...] = ("prompt", "version", "channel", "day")
    judge: int = 0
    unjoined: float = 1.0
    alerts: tuple[AlertRule, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class Config:
    """The configuration of one tree.

    Attributes:
        path: The file it was read from; None without a configuration file.
        prompts, schemas: Roots: folders relative to the repository root, without a slash at the
            end; "." for the repository root itself.
        models: Profiles by name.
    """

    path: str | None = None
    prompts: tuple[str, ...] = ("prompts",)
    schemas: tuple[str, ...] = ("schemas",)
    models: Mapping[str, ModelProfile] = field(default_factory=dict)
    lint: LintSettings = field(default_factory=LintSettings)
    test: TestSettings = field(default_factory=TestSettings)
    release: ReleaseSettings = field(default_factory=ReleaseSettings)
    diff: DiffSettings = field(default_factory=DiffSettings)
    check: CheckSettings = field(default_factory=CheckSettings)
    compare: CompareSettings = field(default_factory=CompareSettings)
    probe: ProbeSettings = field(default_factory=ProbeSettings)
    mutate: MutateSettings = field(default_factory=MutateSettings)
    drift: DriftSettings = field(default_factory=DriftSettings)
    score: ScoreSettings = field(default_factory=ScoreSettings)
