"""Detect refusals, in the languages in which lint detects injections."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from promptops.analysis.match import lowered
from promptops.patterns import lazy_pattern

BEGINNING = 300
"""Characters in which an answer refuses if it does; later, a "can't" is about something else."""

SHORT = 160
"""The length of an answer that is likely to consist of the refusal alone."""

_STRAIGHT = str.maketrans({"’": "'", "ʼ": "'", "＇": "'", "\u00a0": " "})
_HALF_A_PAIR = lazy_pattern("[\ud800-\udfff]")  # JSON may contain one; RE2 refuses it

_CANNOT = (
    r"\bi (?:really |simply |just )?(?:can'?t|cannot|can not|won'?t|will not|must decline to)"
    r"|\bi(?: am|'m) (?:unable|not able|not allowed|not permitted) to"
)
_DO = (
    r"(?:help|assist|comply|provide|share|create|write|generate|do (?:that|this|so)|answer|discuss"
    r"|support|fulfill?|engage|give|produce|continue with|participate|offer|reveal|disclose|advise"
    r"|process|follow (?:that|this|those|these)|carry out|complete|ignore|repeat"
    r"|translate|execute|perform|go along with|talk about|in good conscience)"
)
_LACK = r"(?:see|find|access|open|locate|hear|tell|view|reach|be sure)\b"  # and then it helps
_IDIOM = (  # about what it helps with: "I can't recommend it enough", "I can't help but smile"
    r"(?:stress|(?:over)?emphasi[sz]e|overstate|overestimate|thank you|deny|complain"
    r"|help (?:but|it)|wait|imagine|believe|agree more|argue with|fault|resist|lie"
    r"|(?:recommend|praise|say|repeat|express|warn|underline)\b[^.,:;!?\n]{0,40} enough)\b"
)
_BUT_HELPS = rf"(?! (?:{_LACK}|{_IDIOM}))"
_NICHT = (
    r"nicht (?:\w+ ){0,2}(?:helfen|weiterhelfen|beantworten|unterstützen|bereitstellen|geben"
    r"|erfüllen|nachkommen|tun|machen|teilen|schreiben|erstellen|behilflich|verraten|preisgeben"
    r"|ausführen|nennen|weitergeben|herausgeben|offenlegen|mitteilen|äußern)"
)
_NIET = r"niet (?:\w+ ){0,2}(?:helpen|beantwoorden|geven|delen|doen|maken|schrijven|voldoen)"

# Each pattern is tried over the beginning of an answer only, which bounds its work.
_PATTERNS = {
    "en": (
        rf"(?:sorry|apolog(?:i[sz]e|y|ies)|afraid|regret)[^.!?\n]{{0,60}}(?:{_CANNOT}){_BUT_HELPS}",
        rf"(?:{_CANNOT}){_BUT_HELPS} {_DO}\b",
        r"\bi(?: must|(?:'m going to|'ll| will)? have to)?(?: \w+)? (?:decline|refuse)\b",
        r"\bi(?:(?: am|'m) not| do not feel| don't feel) (?:comfortable|willing)\b",
        r"\bi (?:do not|don't) have (?:the )?(?:permission|authorization) to\b",
        r"\b(?:against|violates?|outside(?: of)?) my (?:guidelines|polic|programming|scope)",
        r"\bas an ai(?: language model| assistant)?,? i (?:can'?t|cannot|do not|don't)\b",
        r"\bi(?: am|'m) not in a position to\b",
        r"\bnot something i(?:'m| am| can| will| could)\b",
    ),
    "de": (
        rf"\b(?:kann|darf|möchte|werde) ich\b[^.!?\n]{{0,60}}\b{_NICHT}",
        r"\bich darf keine\b",
        rf"\bich (?:kann|darf|werde|möchte)\b[^.!?\n]{{0,80}}\b{_NICHT}",
        r"\btut mir leid[^.!?\n]{0,60}\b(?:nicht möglich|keine auskunft|nicht erlaubt)",
        r"\b(?:muss ich|ich muss|lehne ich|ich lehne)\b[^.!?\n]{0,60}\b(?:ablehnen|ab)\b",
    ),
    "fr": (
        r"\bje ne (?:peux|puis|saurais) (?:malheureusement )?pas (?:vous |t'|te |y )?"
        r"(?:aider|fournir|répondre|partager|créer|écrire|donner|faire|satisfaire|révéler|générer"
        r"|traiter|accéder à (?:cette|votre|ta) demande)",
        r"\bdésolée?s?,?[^.!?\n]{0,30}\bje ne (?:peux|puis)\b",
        r"\bje ne suis pas (?:en mesure d|autorisée? à)",
        r"\bje (?:dois|préfère) (?:décliner|refuser)|\bje refuse\b",
    ),
    "es": (
        r"\bno (?:puedo|podré) (?:ayudar|proporcionar|responder|compartir|crear|escribir|dar|hacer"
        r"|cumplir|ofrecer|revelar|generar|brindar|asistir|atender)",
        r"\b(?:lo siento|lamento|disculpa)[^.!?\n]{0,40}\bno (?:puedo|me es posible)\b",
        r"\bno (?:estoy en condiciones de|estoy autorizad[oa]|tengo permitido)\b",
        r"\bdebo (?:declinar|rechazar|negarme)",
    ),
    "it": (
        r"\bnon (?:posso|potrò) (?:aiutar|fornir|risponder|condivider|crear|scriver|dar|far"
        r"|soddisfar|rivelar|generar|assister)(?!e? (?:a meno|altro)\b)",
        r"\b(?:mi dispiace|spiacente)[^.!?\n]{0,40}\bnon (?:posso|sono in grado)\b",
        r"\bnon (?:sono autorizzat[oa] a|mi è permesso)\b",
        r"\bnon sono in grado di (?:aiutar|fornir|risponder|assister)",
        r"\bdevo (?:declinare|rifiutare)",
    ),
    "pt": (
        r"\bnão (?:posso|poderei|consigo) (?:ajudar|te ajudar|fornecer|responder|compartilhar"
        r"|partilhar|criar|escrever|dar|fazer|atender|revelar|gerar|auxiliar)",
        r"\b(?:desculpe|lamento|sinto muito)[^.!?\n]{0,40}\bnão (?:posso|consigo)\b",
        r"\bdevo (?:declinar|recusar)|\bnão (?:estou autorizad[oa]|tenho permissão)\b",
    ),
    "nl": (
        rf"\b(?:kan ik|ik kan|mag ik|ik mag) (?:\w+ ){{0,6}}{_NIET}",
        r"\bspijt me[^.!?\n]{0,40}\bik kan\b[^.!?\n]{0,40}\bniet\b",
    ),
    "pl": (
        r"\bnie mogę (?:ci |panu |pani |w tym )?(?:pomóc|udzielić|odpowiedzieć|udostępnić|stworzyć"
        r"|napisać|spełnić|ujawnić|tego zrobić)",
        r"\b(?:przykro mi|przepraszam)[^.!?\n]{0,40}\bnie (?:mogę|jestem w stanie)\b",
        r"\bmuszę odmówić\b|\bnie (?:jestem w stanie|wolno mi)\b",
    ),
    "ru": (
        r"\bне могу (?:вам |тебе |с этим |в этом )?(?:помочь|предоставить|ответить|поделиться"
        r"|создать|написать|выполнить|раскрыть|дать|сделать)",
        r"(?:извините|простите|сожалению|жаль)[^.!?\n]{0,40}\bне (?:могу|в состоянии)\b",
        r"\b(?:вынужден|вынуждена|должен|должна) отказать|\bне (?:имею права|вправе)\b",
    ),
    "tr": (
        r"\byardımcı olam|\byardım edem",
        r"\b(?:paylaş|yap|ver|söyle|yanıtlay|cevaplay|oluştur|sağlay|getir)(?:am|em)(?:am|em|ıyor|iyor)",
        r"(?:üzgünüm|maalesef|özür dilerim)[^.!?\n]{0,80}(?:amam|emem|amıyorum|emiyorum)\b",
    ),
    "ar": (
        r"لا (?:أستطيع|يمكنني|أقدر)(?: أن)? (?:ال)?(?:مساعد|أساعد|تقديم|أقدم|الإجابة|مشاركة|تلبية)",
        r"(?:آسف|عذر|أعتذر)[^.!?\n]{0,40}(?:لا أستطيع|لا يمكنني|لن أتمكن)",
    ),
    "hi": (
        r"(?:क्षमा|माफ)[^।!?\n]{0,60}(?:नहीं कर सक|नहीं दे सक|असमर्थ)",
        r"मदद नहीं कर सक",
    ),
    "zh": (
        r"(?:抱歉|对不起|對不起|很遗憾|很遺憾)[^。！？\n]{0,16}(?:无法|無法|不能|没有?办法|沒有?辦法)",
        r"我(?:无法|無法|不能)(?:帮|幫|协助|協助|提供|回答|满足|滿足|透露)",
    ),
    "ja": (
        r"(?:申し訳|すみません|恐れ入り)[^。！？\n]{0,40}(?:できません|できかねます|いたしかねます|致しかねます)",
        r"(?:お手伝い|お答え|回答|ご提供|提供)(?:することは|は|を)?(?:できません|できかねます|いたしかねます)",
    ),
    "ko": (
        r"(?:죄송|미안)[^.!?\n]{0,60}(?:수 (?:없습니다|없어요)|어렵습니다)",
        r"(?:도와드릴|도움을 드릴|제공할|답변할|답변드릴) 수 없",
    ),
}

_NICHT_GENUG = r"(?! (?:\w+ )?(?:genug|umhin)\b)"
_NIET_GENOEG = r"(?! (?:\w+ )?(?:genoeg|wachten)\b)"

# Any "can't": enough in a short answer that contains no question and does not begin with a yes.
_INABILITY = (
    rf"\b(?:i|we) (?:can'?t|cannot|can not|won't be able to)\b{_BUT_HELPS}",
    r"\b(?:i|we)(?: am|'m| are|'re) (?:unable|not able|not allowed|not permitted) to\b"
    rf"{_BUT_HELPS}",
    r"\bi(?:'d| would) prefer not to\b|\b(?:do not|don't) allow me to\b",
    rf"\b(?:kann|darf) ich\b[^.,:;!?\n]{{0,60}}\bnicht\b{_NICHT_GENUG}",
    r"\bmir (?:leider )?nicht (?:möglich|erlaubt)",
    rf"\bich (?:kann|darf)\b[^.,:;!?\n]{{0,60}}\bnicht\b{_NICHT_GENUG}",
    r"\bje ne (?:peux|puis) (?:\w+ )?pas\b(?! (?:assez|trop|m'empêcher|attendre|imaginer)\b)",
    r"\bno (?:puedo|podemos)\b(?! (?:esperar|dejar de|evitar|negar|insistir|creer|imaginar)\b)",
    r"\bnon (?:posso|possiamo|poterl)(?! (?:che|fare a|far altro|non|credere|immaginare)\b)",
    r"\bnão (?:posso|podemos|consigo)\b(?! (?:deixar|esperar|evitar|negar|imaginar)\b)",
    r"\bnie mogę\b(?! (?:się doczekać|uwierzyć|nie)\b)|\bне могу\b(?! (?:не|дождаться|поверить)\b)",
    rf"\b(?:kan|mag) ik\b[^.,:;!?\n]{{0,40}}\bniet\b{_NIET_GENOEG}",
    rf"\bik (?:kan|mag)\b[^.,:;!?\n]{{0,40}}\bniet\b{_NIET_GENOEG}",
    r"\w(?:am|em)(?:am|em|ıyorum|iyorum)\b|我(?:不能(?![更不])|无法|無法)|لا (?:أستطيع|يمكنني)",
)


def refusal_in(text: str) -> int:
    """The offset of a refusal in an answer, or -1."""
    beginning = lowered(_HALF_A_PAIR.sub("\ufffd", text[:BEGINNING].translate(_STRAIGHT)))
    says_little = (
        len(text) <= SHORT and not _ASKS_BACK.search(text) and not _AGREES.match(beginning)
    )
    if not _may_match(says_little).search(beginning):
        return -1
    patterns = (*_compiled(), *_compiled_inability()) if says_little else _compiled()
    found = (pattern.search(beginning) for pattern in patterns)
    return min((match.start() for match in found if match), default=-1)


_ASKS_BACK = lazy_pattern("[?？؟]")
_AGREES = lazy_pattern(
    r"[^\w]{0,9}(?:sure(?: thing)?|certainly|absolutely|of course|definitely|gladly|yes|here you go"
    r"|klar|natürlich|gerne?|selbstverständlich|ja|bien sûr|oui|claro|por supuesto|sí|certo"
    r"|certamente|sì|sim|natuurlijk|zeker|oczywiście|tak|конечно|да|tabii|elbette|当然|當然|もちろん"
    r"|물론)\s?[.!:。！：]"
)
"""Matches "Sure!": what can't be done after it is about something else, unless it is named."""


@cache
def _compiled() -> tuple[re.Pattern[str], ...]:
    return tuple(map(re.compile, _strong()))


@cache
def _compiled_inability() -> tuple[re.Pattern[str], ...]:
    return tuple(map(re.compile, _INABILITY))


def _strong() -> tuple[str, ...]:
    return tuple(pattern for each in _PATTERNS.values() for pattern in each)


@cache
def _may_match(says_little: bool) -> Any:
    """One RE2 pattern that matches wherever any of the others does, and rarely elsewhere.

    RE2 searches once for all of them, in a tenth of the time; it has no lookahead.
    """
    import re2

    patterns = (*_strong(), *_INABILITY) if says_little else _strong()
    options = re2.Options()
    options.max_mem = _MOST_BYTES
    return re2.compile("|".join(map(_wider, patterns)), options)


_MOST_BYTES = 64_000_000


def _wider(pattern: str) -> str:
    """A pattern that matches at least as much, in the syntax of RE2, which is ASCII for classes."""
    pattern = _without_lookahead(pattern)
    for narrow, wide in ((r"\b", ""), (r"\w", r"\S"), (r"\s", r"[\s\p{Z}]")):
        pattern = pattern.replace(narrow, wide)
    return f"(?:{_REPEATED.sub('*', pattern)})"


_REPEATED = lazy_pattern(r"\{\d+,\d+\}")


def _without_lookahead(pattern: str) -> str:
    while (start := pattern.find("(?!")) >= 0:
        depth = end = start
        depth = 0
        for end in range(start, len(pattern)):
            depth += (pattern[end] == "(") - (pattern[end] == ")")
            if not depth:
                break
        pattern = pattern[:start] + pattern[end + 1 :]
    return pattern
