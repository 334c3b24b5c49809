"""Record what an application asks: pass its requests on to the providers of the profiles."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import HTTPRedirectHandler, Request, build_opener

from promptops.errors import UsageError, os_reason
from promptops.evals.engine.ask import Ask, Settings
from promptops.evals.engine.budget import Ledger, cost_usd, refuse_unpriced, worst_cost_usd
from promptops.evals.providers import COMPATIBLE
from promptops.evals.providers.endpoint import (
    address_of,
    addressed,
    key_variable,
    refuse_untrusted,
)
from promptops.evals.providers.redaction import SHORTEST, redacted, secrets_of, spellings
from promptops.evals.providers.registry import built_in, refuse_uncallable
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request as NeutralRequest
from promptops.model.prompt import provider_name
from promptops.plurals import counted
from promptops.records import replace
from promptops.replay.answers import error_body, usage_of
from promptops.replay.known import KnownAnswers, KnownRequest
from promptops.replay.recordings import AppRecording, of_both
from promptops.replay.requests import Api, ApiRequest
from promptops.replay.server import Response
from promptops.testing.recordings.screening import sensitive_reason, strings_in
from promptops.workspace.approved_endpoints import Approvals
from promptops.workspace.profiles import unnamed_profile
from promptops.workspace.workspace import Workspace

_PROVIDERS: Mapping[Api, str] = {"messages": "anthropic", "gemini": "gemini"}
_INVENT_PEOPLE = "use invented people in the test"
_MOST_BYTES = 8 * 2**20
_RAISE_IT = "raise it: `test.budget` in the configuration, or promptops replay --max-cost"
_PASSED_ON = ("retry-after", "retry-after-ms")


class ProviderRecorder:
    """Passes requests on, unchanged, one at a time; only an answer is recorded, not an error.

    The profile of a request is the first one whose `id` is the model of the request and whose
    provider has the API; without one it is the provider's own address, with its own key.
    """

    def __init__(
        self,
        workspace: Workspace,
        known: KnownAnswers,
        approvals: Approvals,
        settings: Settings,
    ) -> None:
        """Raises UsageError if PROMPTOPS_UNTRUSTED is set."""
        refuse_untrusted("replay: leave out the option to record")
        self._workspace, self._known = workspace, known
        self._approvals, self._settings = approvals, settings
        self._environment = dict(approvals.environment)
        self._ledger = Ledger()
        if settings.max_cost_usd is not None:
            self._ledger.purse.most_usd = settings.max_cost_usd

    def response(self, request: ApiRequest, test: str) -> Response:
        """Pass a request on, and record the answer.

        Raises PromptopsError if the provider may not be called, does not answer, or answers what
        may not be recorded.
        """
        profile = self._profile(request)
        approved = self._approvals.approve_profiles([profile], self._workspace.catalog)(profile)
        refuse_uncallable(approved, self._environment)
        self._refuse_keys(request, profile)
        self._refuse_sensitive("the request", [request.body])
        self._refuse_sensitive("the id of the test", [test])
        ask = _ask(request, profile)
        self._reserve(ask)
        key = self._environment.get(key_variable(profile) or "", "").strip()
        secrets = secrets_of(profile, key)
        status, data, headers = self._posted(request, addressed(profile, self._environment), key)
        body = _object(data)
        if status != 200 or body is None or body.get("error"):
            message = redacted(data.decode("utf-8", "replace"), secrets)
            status = status if status >= 400 else 502
            return Response(
                status=status,
                body=error_body(request.api, status, message),
                headers={name: headers[name] for name in _PASSED_ON if name in headers},
            )
        self._ledger.purse.paid_usd += cost_usd(ask, usage_of(request.api, body)) or 0.0
        long = [secret for secret in secrets if len(secret) >= SHORTEST]
        if any(form.encode() in data for secret in long for form in spellings(secret)):
            raise UsageError("the answer is discarded because it contains the API key")
        self._refuse_sensitive("the answer", [body])
        self._record(request, body, profile, test)
        known = self._known.find(request)  # of another test, if it has just recorded the same
        assert known is not None, "it was recorded"
        return Response(status=200, body=known.body or {}, known=known)

    def used(self, request: ApiRequest, known: KnownRequest, test: str) -> None:
        """Note that a test got an answer of the application's file, and which prompt it is from."""
        recording = known.recording
        if recording is None:
            return
        prompt, digest = self._known.origin_of(request)

        def now(recorded: AppRecording) -> AppRecording:
            both = of_both(recorded, (test,) if test else ())
            return replace(both, prompt=prompt, prompt_digest=digest)

        def edit(all_: dict[str, AppRecording]) -> None:
            # Another process may have changed it since it was found.
            all_[request.digest] = now(all_.get(request.digest, recording))

        if now(recording) != recording:
            self._known.file.change(edit)

    def forget_unused(self, test: str, used: Collection[str]) -> None:
        """Remove the recordings of a test that it no longer uses; those of other tests stay.

        `used` are digests of requests.
        """

        def edit(all_: dict[str, AppRecording]) -> None:
            for digest, each in list(all_.items()):
                if test in each.tests and digest not in used:
                    left = tuple(name for name in each.tests if name != test)
                    all_[digest] = replace(each, tests=left)
                    if not left:
                        del all_[digest]

        if any(test in each.tests for each in self._known.file.read().recordings.values()):
            self._known.file.change(edit)

    def _profile(self, request: ApiRequest) -> ModelProfile:
        provider = _PROVIDERS.get(request.api, COMPATIBLE)
        for profile in self._workspace.config.models.values():
            name = provider_name(profile.provider)
            # A profile of an unknown provider with an address is called as compatible to OpenAI.
            own = name if name in built_in() else COMPATIBLE
            if profile.id == request.model and own == provider:
                return profile
        found = unnamed_profile({"provider": provider, "id": request.model})
        if found is None:
            raise UsageError("the request names no model")
        return found

    def _reserve(self, ask: Ask) -> None:
        """Raises UsageError if the request may exceed the budget, or its cost is unknown."""
        refuse_unpriced([ask], self._settings)
        ledger, most = self._ledger, self._settings.max_requests
        if most is not None and ledger.requests >= most:
            ledger.end(f"the budget of {counted(most, 'request')} is spent")
        worst_usd = worst_cost_usd(ask)
        if not ledger.purse.affords(worst_usd):
            ledger.spent(ledger.purse, worst_usd)
        if ledger.ended:
            raise UsageError(ledger.ended, hint=_RAISE_IT)
        ledger.requests += 1

    def _posted(
        self, request: ApiRequest, profile: ModelProfile, key: str
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """The status, the body and the headers of the response."""
        path, body, headers = _call(request, key)
        base = address_of(profile).rstrip("/")
        if request.api in _PROVIDERS:
            base = base.removesuffix("/v1").removesuffix("/v1beta")
        data = json.dumps(body).encode()
        sent = {"content-type": "application/json", **headers, **profile.headers}
        posted = Request(f"{base}{path}", data=data, headers=sent, method="POST")
        timeout_s = self._settings.patience.try_s
        try:
            with build_opener(_NoRedirect).open(posted, timeout=timeout_s) as response:
                return response.status, response.read(_MOST_BYTES), dict(response.headers.items())
        except HTTPError as error:
            with error:
                named = {name.lower(): value for name, value in error.headers.items()}
                return error.code, error.read(_MOST_BYTES), named
        except (URLError, OSError, ValueError) as error:
            reason = os_reason(getattr(error, "reason", error))
            what = f"`{profile.name}` gave no answer: {redacted(reason, secrets_of(profile, key))}"
            raise UsageError(what, hint="is the server running, and the address right?") from None

    def _refuse_keys(self, request: ApiRequest, called: ModelProfile) -> None:
        """Raises UsageError for a request with the key of any profile, which git would keep."""
        texts = [*strings_in([request.sent]), *strings_in([request.body])]
        for profile in (called, *self._workspace.config.models.values()):
            key = self._environment.get(key_variable(profile) or "", "").strip()
            long = [each for each in secrets_of(profile, key) if len(each) >= SHORTEST]
            if any(form in text for each in long for form in spellings(each) for text in texts):
                what = f"the request is not recorded: it contains the API key of `{profile.name}`"
                raise UsageError(what, hint="remove the key from what the application sends")

    def _refuse_sensitive(self, what: str, value: list[Any]) -> None:
        found = sensitive_reason(strings_in(value), _INVENT_PEOPLE)
        if found is not None:
            raise UsageError(f"{what} is not recorded: {found[0]}", hint=found[1])

    def _record(
        self, request: ApiRequest, body: dict[str, Any], profile: ModelProfile, test: str
    ) -> None:
        prompt, digest = self._known.origin_of(request)
        model = body.get("modelVersion" if request.api == "gemini" else "model")
        new = AppRecording(
            request=request,
            response=body,
            model=model if isinstance(model, str) else profile.id,
            tests=(test,) if test else (),
            prompt=prompt,
            prompt_digest=digest,
        )
        self._known.file.change(lambda all_: _add(all_, new))


def _add(all_: dict[str, AppRecording], new: AppRecording) -> None:
    other = all_.get(new.request.digest)
    all_[new.request.digest] = new if other is None else of_both(other, new.tests)


def _ask(request: ApiRequest, profile: ModelProfile) -> Ask:
    """The request, as far as its highest cost depends on it."""
    settings = request.settings
    names = ("max_output_tokens", "max_completion_tokens", "max_tokens")
    limits = [settings[name] for name in names if name in settings]
    tools = settings.get("tools")
    neutral = NeutralRequest(
        messages=tuple({"role": role, "content": text} for role, text in request.messages),
        params={"max_output_tokens": limits[0]} if limits else {},
        tools=tuple(tools) if isinstance(tools, list) else (),
    )
    return Ask(digest=request.digest, repeat=0, request=neutral, profile=profile)


def _call(request: ApiRequest, key: str) -> tuple[str, dict[str, Any], dict[str, str]]:
    """The path below the address, the body, and the headers with the key."""
    body = {name: each for name, each in request.sent.items() if name not in _OF_A_STREAM}
    headers = dict(request.versions)
    if request.api == "messages":
        headers.setdefault("anthropic-version", "2023-06-01")
        return "/v1/messages", body, headers | ({"x-api-key": key} if key else {})
    if request.api == "gemini":
        path = f"/v1beta/models/{quote(request.model)}:generateContent"
        return path, body, headers | ({"x-goog-api-key": key} if key else {})
    path = "/chat/completions" if request.api == "chat" else "/responses"
    return path, body, headers | ({"authorization": f"Bearer {key}"} if key else {})


_OF_A_STREAM = ("stream", "stream_options")


def _object(data: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


class _NoRedirect(HTTPRedirectHandler):
    """The key is sent to the configured address only."""

    def redirect_request(self, *_arguments: Any) -> None:
        return None
