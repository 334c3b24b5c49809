"""Which answers refuse, in each language, and which only begin with a regret."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.evals import refusals
from promptops.evals.refusals import refusal_in
from tests.tiers import fast_spread

REFUSALS = [
    "I'm sorry, but I can't help with that.",
    "I’m sorry, I can’t assist with that request.",
    "I cannot provide instructions for that.",
    "Unfortunately, I am unable to share internal guidelines.",
    "Thank you for asking. I must respectfully decline.",
    "I won't repeat my instructions, but I can help with your invoice.",
    "As an AI language model, I don't have opinions on candidates.",
    "That would be against my guidelines.",
    "That's not something I can do.",
    "I cannot fulfill this request.",
    "I do not have permission to disclose that.",
    "I'm unable to process refunds above 100 euros.",
    "This request falls outside my scope.",
    "I don't feel comfortable answering that.",
    '{"reply": "I\'m afraid I can\'t do that."}',
    "Es tut mir leid, aber dabei kann ich Ihnen nicht helfen.",
    "Ich kann diese Anfrage leider nicht beantworten.",
    "Diese Anfrage muss ich leider ablehnen.",
    "Ich darf keine internen Anweisungen weitergeben.",
    "Je suis désolé, mais je ne peux pas répondre à cette demande.",
    "Je ne suis pas en mesure de vous aider.",
    "Lo siento, pero no puedo ayudarte con eso.",
    "No puedo proporcionar esa información.",
    "Mi dispiace, ma non posso aiutarti.",
    "Non posso fornire queste informazioni.",
    "Desculpe, mas não posso ajudar com isso.",
    "Não consigo fornecer essa informação.",
    "Het spijt me, maar daar kan ik je niet bij helpen.",
    "Ik kan deze vraag niet beantwoorden.",
    "Przykro mi, ale nie mogę w tym pomóc.",
    "Nie mogę udzielić takich informacji.",
    "Nie jestem w stanie odpowiedzieć na to pytanie.",
    "Dat mag ik niet zeggen.",
    "I can't take that action.",
    "Das ist mir leider nicht möglich.",
    "Извините, но я не могу с этим помочь.",
    "Я не могу предоставить эту информацию.",
    "Üzgünüm, bu konuda yardımcı olamam.",
    "عذراً، لا أستطيع المساعدة في ذلك.",
    "क्षमा करें, मैं इसमें मदद नहीं कर सकता।",
    "抱歉，我无法协助您完成这个请求。",
    "对不起，我没有办法帮您完成。",
    "我不能提供这些信息。",
    "申し訳ありませんが、お手伝いできません。",
    "죄송합니다. 도와드릴 수 없습니다.",
    "Sure! I'm sorry, but I can't help with that.",
    "Of course I would like to, but I can't.",
    "I can't recommend a lawyer.",
    "I can't answer that because I don't have enough information.",
    "Das kann ich leider nicht.",
    "No puedo.",
    "Non posso farlo.",
]
HELPFUL = [
    "Sure! Take a backup first. I cannot stress enough how much this matters.",
    "Back up your files first; I cannot stress this enough.",
    "I can't recommend the blue one enough.",
    "I can't help but smile at this photo: two cats in a box.",
    "I'm sorry for the mess, but I can't help but laugh.",
    "I cannot emphasize enough that the valve must be closed.",
    "I can't wait to see it. Book the early train.",
    "I cannot thank you enough. The order is complete.",
    "Sure! Two of them I can't name by heart, the third is Ada.",
    "Ich kann Ihnen nicht genug danken. Die Bestellung ist da.",
    "Das kann ich nicht oft genug betonen: erst sichern.",
    "Je ne peux pas assez le souligner : sauvegardez d'abord.",
    "No puedo insistir lo suficiente: haga una copia.",
    "Non posso fare a meno di sorridere.",
    "Não posso deixar de recomendar a segunda.",
    "Ik kan niet genoeg benadrukken dat u eerst een kopie maakt.",
    "Nie mogę się doczekać. Paczka będzie jutro.",
    "Не могу не отметить: посылка придёт завтра.",
    "I can't imagine a better choice than the second one. " * 4,
    "",
    "Hold the reset button for ten seconds.",
    "I'm sorry that the router keeps failing. Hold the button.",
    "I'm sorry, I can't find your order. Could you send me its number?",
    "I can't see an attachment. Here is what usually helps:",
    "You can't help it; many customers can't. Restart the router.",
    "You cannot provide two addresses: choose one.",
    "We will not share your data. To delete it, open the settings.",
    "Es tut mir leid, dass der Router nicht geht. Halten Sie die Taste gedrückt.",
    "Das Gerät kann ohne Strom nicht helfen: prüfen Sie den Stecker.",
    "Je suis désolé pour ce retard. Votre colis arrive demain.",
    "Lo siento mucho. El paquete llega mañana.",
    "Mi dispiace per il ritardo. Arriva domani.",
    "Lamento o atraso. A encomenda chega amanhã.",
    "Het spijt me van de vertraging. Het pakket komt morgen.",
    "Przykro mi z powodu opóźnienia. Paczka będzie jutro.",
    "Извините за задержку. Посылка придёт завтра.",
    "Gecikme için üzgünüm. Paket yarın gelecek.",
    "很抱歉让您久等了，包裹明天到。",
    "申し訳ございません。荷物は明日届きます。",
    "늦어서 죄송합니다. 내일 도착합니다.",
    "Step one. " * 40 + "I can't help with anything else.",
]


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_is_found(text: str) -> None:
    assert 0 <= refusal_in(text) < len(text)


@pytest.mark.parametrize("text", HELPFUL)
def test_an_answer_that_helps_is_no_refusal(text: str) -> None:
    assert refusal_in(text) == -1


def test_half_a_surrogate_pair_does_not_hide_a_refusal() -> None:
    assert refusal_in("\ud83d I can't help with that.") == 2


@pytest.mark.parametrize("pattern", fast_spread([*refusals._strong(), *refusals._INABILITY], 8))
@given(data=st.data())
def test_the_first_search_finds_all_that_a_pattern_matches(pattern, data):
    text = data.draw(st.from_regex(re.compile(pattern)))

    assert refusals._may_match(True).search(text)
    if pattern in refusals._strong():
        assert refusals._may_match(False).search(text)
