"""The common part of every module of typed prompts."""

from __future__ import annotations

PROMPT = '''\
class AnyPrompt(Protocol):
    """What each prompt has; see `promptops.Prompt`."""

    @property
    def id(self) -> str: ...
    @property
    def version(self) -> str | None: ...
    @property
    def digest(self) -> str: ...
    @property
    def contract(self) -> str: ...
    @property
    def release(self) -> str | None: ...
    @property
    def channel(self) -> str | None: ...
    @property
    def status(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def tags(self) -> tuple[str, ...]: ...
    @property
    def metadata(self) -> Mapping[str, Any]: ...
    @property
    def inputs(self) -> Mapping[str, Any]: ...
    @property
    def output(self) -> Mapping[str, Any] | None: ...
'''

LOADING = '''\
class Options(TypedDict, total=False):
    """What `promptops.load` takes beside a ref."""

    source: str | PathLike[str] | None
    trust: str | PathLike[str] | None
    refresh_s: float
    timeout_s: float


def load(ref: str, **options: Unpack[Options]) -> Prompts:
    """As `promptops.load`, with types."""
    return cast("Prompts", promptops.load(ref, **options))


async def aload(ref: str, **options: Unpack[Options]) -> Prompts:
    """As `promptops.aload`, with types."""
    return cast("Prompts", await promptops.aload(ref, **options))


def bundle(prompts: Prompts) -> "Bundle":
    """What was loaded as what it is: its release, its digest, any prompt by any text."""
    return cast("Bundle", prompts)
'''

TYPING = (
    "TYPE_CHECKING",
    "Any",
    "Literal",
    "NotRequired",
    "Protocol",
    "TypedDict",
    "Unpack",
    "cast",
)
"""Names to import from `typing`, in the order of import sorters."""

OWN = frozenset(
    (
        "AnyPrompt", "Bundle", "DIGEST", "Mapping", "Options", "PathLike", "Prompts", "RELEASE",
        "RenderedRequest", "False", "None", "True", *TYPING,
    )
)  # fmt: skip
"""Names that classes of prompts must not use."""
