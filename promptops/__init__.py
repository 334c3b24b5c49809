"""Prompts as code in git: loaded by tag, rendered, their answers parsed.

    prompts = promptops.load("v1.8.0")
    request = prompts["support/triage"].render(ticket=text)
    completion = client.chat.completions.create(**request.openai())
    result = prompts["support/triage"].parse(completion)

`load` is cheap enough to be called for each request: under a microsecond once a ref is loaded.
"""

TYPE_CHECKING = False  # as of `typing`, which takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

    from promptops.api import aload, load, pin
    from promptops.errors import (
        GitError,
        InputError,
        IntegrityError,
        NotFound,
        PromptopsError,
        TransportError,
        UsageError,
    )
    from promptops.runtime.bundle.bundle import Bundle, Prompt, UnknownPrompt
    from promptops.runtime.request.answers import AnswerError
    from promptops.runtime.request.render import RenderError
    from promptops.runtime.request.rendered import RenderedRequest
    from promptops.runtime.tracing import PromptAttributes, traced

__all__ = [
    "AnswerError",
    "Bundle",
    "GitError",
    "InputError",
    "IntegrityError",
    "NotFound",
    "Prompt",
    "PromptAttributes",
    "PromptopsError",
    "RenderError",
    "RenderedRequest",
    "TransportError",
    "UnknownPrompt",
    "UsageError",
    "aload",
    "load",
    "pin",
    "traced",
]

_HOMES = {
    "promptops.api": ("aload", "load", "pin"),
    "promptops.runtime.request.answers": ("AnswerError",),
    "promptops.runtime.bundle.bundle": ("Bundle", "Prompt", "UnknownPrompt"),
    "promptops.runtime.request.render": ("RenderError",),
    "promptops.runtime.request.rendered": ("RenderedRequest",),
    "promptops.runtime.tracing": ("PromptAttributes", "traced"),
}


def __getattr__(name: str) -> "Any":
    """Import a public name on first use, and keep it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    home = next((module for module, names in _HOMES.items() if name in names), "promptops.errors")
    found = globals()[name] = getattr(import_module(home), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
