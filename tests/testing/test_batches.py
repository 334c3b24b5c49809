"""Requests are split into batches that their provider accepts."""

from __future__ import annotations

import pytest

from promptops.evals.engine.ask import Ask
from promptops.evals.providers import BatchItem, BatchLimits, Failure
from promptops.evals.providers.endpoint import approve, endpoint_of
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request
from promptops.testing.batches import custom_id, split_into_parts
from tests.servers.batch_apis import CUSTOM_ID

PROFILE = ModelProfile(name="fast", provider="openai", id="fast-1")


class Api:
    """Has the limits of a batch API; the text of a request is its line, the model its group."""

    def __init__(self, requests: int, size: int) -> None:
        self.limits = BatchLimits(requests=requests, size=size)

    def item(self, name: str, request: Request) -> BatchItem:
        text = str(request.messages[0]["content"])
        if text == "refused":
            raise Failure(message="it can't be expressed", kind="refused")
        return BatchItem(custom_id=name, group=str(request.model["id"]), line=text.encode())


def ask(text: str, repeat: int = 0, model: str = "fast-1") -> Ask:
    request = Request(model={"id": model}, messages=({"role": "user", "content": text},))
    return Ask(digest=f"{abs(hash(text)):064x}", repeat=repeat, request=request, profile=PROFILE)


def texts(asks: list[Ask], requests: int, size: int) -> list[list[str]]:
    approved = approve(PROFILE, ())
    services = {endpoint_of(PROFILE): Api(requests, size)}
    parts, _ = split_into_parts([(each, approved) for each in asks], services)
    return [[item.line.decode() for _, item in part] for _, part in parts]


@pytest.mark.parametrize(
    ("requests", "size", "parts"),
    [
        (5, 100, [["aa", "bb", "cc", "dd", "ee"]]),
        (2, 100, [["aa", "bb"], ["cc", "dd"], ["ee"]]),
        (5, 15, [["aa", "bb", "cc", "dd", "ee"]]),  # each line has a newline
        (5, 14, [["aa", "bb", "cc", "dd"], ["ee"]]),
        (5, 3, [["aa"], ["bb"], ["cc"], ["dd"], ["ee"]]),
    ],
)
def test_batches_keep_to_the_number_and_the_size(requests, size, parts):
    asks = [ask(text) for text in ("aa", "bb", "cc", "dd", "ee")]

    assert texts(asks, requests, size) == parts


def test_each_group_has_its_own_batches_in_the_order_of_the_requests():
    asks = [ask("aa", model="m"), ask("bb", model="n"), ask("cc", model="m")]

    assert texts(asks, 5, 100) == [["aa", "cc"], ["bb"]]


def test_requests_that_the_api_can_not_take_are_left_out_with_the_reason():
    approved = approve(PROFILE, ())
    asks = [ask("refused"), ask("too long"), ask("good")]

    parts, refused = split_into_parts(
        [(each, approved) for each in asks], {endpoint_of(PROFILE): Api(5, 8)}
    )

    assert [[each for each, _ in part] for _, part in parts] == [[asks[2]]]
    assert refused == [
        (asks[0], "it can't be expressed"),
        (asks[1], "it is larger than 8 bytes"),
    ]


@pytest.mark.parametrize("repeat", [0, 49_999])
def test_the_id_of_a_request_is_one_that_both_providers_accept(repeat):
    found = custom_id("f" * 64, repeat)

    assert found == f"{'f' * 48}-{repeat}"
    assert CUSTOM_ID.fullmatch(found)
