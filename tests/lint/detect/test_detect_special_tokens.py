from __future__ import annotations

import pytest

from promptops.lint.rules.special_token_literal import find_special_tokens

TOKENS = [
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|begin_of_text|>",
    "<|start_header_id|>",
    "<|system|>",
    "<|START_OF_TURN_TOKEN|>",
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<</SYS>>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<｜begin▁of▁sentence｜>",
]


@pytest.mark.parametrize("token", TOKENS)
def test_a_control_token_is_found(token: str) -> None:
    text = f"before {token} after"

    found = [(text[m.start : m.end], m.message, m.name) for m in find_special_tokens(text)]

    message = f"`{token}` is a control token of a model's chat template"
    assert found == [(token, message, token)]


@pytest.mark.parametrize(
    "text",
    ["", "no token", "a <| b |> c", "<|weather|>", "[INSTALL]", "<<name>>", "<system>", "f <|> g"],
)
def test_what_only_looks_like_one_is_left_alone(text: str) -> None:
    assert find_special_tokens(text) == ()


def test_several_come_in_the_order_of_the_text() -> None:
    text = "[INST] <<SYS>> x <|im_end|>"

    assert [m.name for m in find_special_tokens(text)] == ["[INST]", "<<SYS>>", "<|im_end|>"]
