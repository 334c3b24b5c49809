from __future__ import annotations

import pytest

from promptops.analysis.tokens import estimate

# Counted with o200k_base.
COUNTED = [
    ("You are a helpful assistant. Answer in one sentence, and never guess.", 15),
    ("Summarise the ticket below in at most 120 words.\n\n1. What happened?\n2. Since when?\n", 23),
    ('{"id": 48213, "items": [{"sku": "AB-1042", "price": 19.99}], "open": true}', 32),
    (
        "Sie sind ein freundlicher Assistent im Kundendienst. Lesen S"
        "ie die folgende Nachricht sorgfältig und fassen Sie das Anli"
        "egen in höchstens drei Sätzen zusammen. Versprechen Sie niem"
        "als eine Rückerstattung, bevor die Bestellung geprüft wurde,"
        " und bleiben Sie stets höflich und sachlich.",
        57,
    ),
    (
        "你是一名客户服务助理。请仔细阅读下面的消息,并用最多三句话概括客户的请求。在订单核实之前,绝不要承诺退款,并始终保持礼貌"
        "和准确。如果信息不足,请提出一个明确的问题,不要猜测客户的意图。",
        64,
    ),
    (
        "あなたはカスタマーサポートのアシスタントです。以下のメッセージを注意深く読み、依頼内容を三文以内で要約してください。注文"
        "が確認されるまで返金を約束してはいけません。常に丁寧で正確な言葉を使ってください。情報が足りない場合は質問をしてください"
        "。",
        82,
    ),
    (
        "Вы помощник службы поддержки. Внимательно прочитайте сообщен"
        "ие ниже и изложите просьбу не более чем в трёх предложениях."
        " Никогда не обещайте возврат денег, пока заказ не проверен, "
        "и всегда оставайтесь вежливым и точным в своём ответе.",
        61,
    ),
    (
        "आप ग्राहक सेवा के सहायक हैं। नीचे दिए गए संदेश को ध्यान से प"
        "ढ़ें और अनुरोध को अधिकतम तीन वाक्यों में संक्षेप में बताएं। "
        "जब तक ऑर्डर की जाँच न हो जाए, कभी भी धनवापसी का वादा न करें "
        "और हमेशा विनम्र रहें।",
        65,
    ),
]


def test_the_empty_text_has_no_token_and_any_other_has_one() -> None:
    assert [estimate(text) for text in ("", "a", " ", "\n", "é", "漢", "🙂", "\ud800")] == [
        *(0, 1, 1, 1, 1, 1, 2, 2)
    ]


@pytest.mark.parametrize(
    ("text", "counted"),
    COUNTED,
)
def test_the_estimate_is_near_what_a_tokenizer_counts(text: str, counted: int) -> None:
    assert estimate(text) == pytest.approx(counted, rel=0.15)


def test_a_longer_text_never_has_fewer_tokens() -> None:
    sentence = "Refund 1042 orders, or 2.5% of them: naïve 🙂 漢字!\n  - then\n\n"
    text = sentence * 3

    counts = [estimate(text[:length]) for length in range(0, len(text), 7)]

    assert counts == sorted(counts)
