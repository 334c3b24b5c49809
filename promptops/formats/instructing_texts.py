"""Whether a text instructs a model, as a prompt does: by a command, or by `You are`."""

from __future__ import annotations

from promptops.patterns import lazy_pattern

_VERBS = (
    "act|adopt|always|analy[sz]e|answer|ask|assess|assign|assume|begin|brainstorm|calculate"
    "|categori[sz]e|check (?:whether|if|for)|choose|cite|classify|combine|compare|complete"
    "|compose|condense|consider|continue|convert|correct|cover|create|critique|decide|describe"
    "|design|detect|determine|develop|do not|don['’]t|draft|edit|ensure|estimate|evaluate"
    "|examine|expand|explain|extract|fill|find|fix|focus|follow|format|generate|give|grade|guess|help"
    "|highlight|identify|ignore|imagine|improve|incorporate|infer|invent|judge|keep|limit"
    "|list (?!of|display)|locate|make|merge|never|only|optimi[sz]e|organi[sz]e|outline|output"
    "|paraphrase|perform|pick|plan|predict|pretend|prioriti[sz]e|proceed|produce|proofread|propose|provide|rank"
    "|rate|read|recommend|refine|remember|rephrase|reply (?:with|in|only|as|to the)|research"
    "|respond|return|review|revise|rewrite|route|score|select|shorten|simplify|solve|sort|speak"
    "|state|suggest|summari[sz]e|tag|take|tell|think|translate|treat|turn|use|verify|write"
    "|given (?:the|a|an|this|these)|based on (?:the|this|these|your)"
)
"""Words that begin a command, or the sentence that it is part of."""
_LEAD = r"[\s\d.)*#>\"'`•-]{0,20}"
"""What comes before the first word of a line, such as the number of an item."""
_COMMAND = lazy_pattern(
    rf"(?i:\A{_LEAD}(?:please,? )?(?:{_VERBS})\b|\bplease,? (?:{_VERBS})\b)"
    rf"|\A{_LEAD}Below (?:is|are)\b"
    rf"|(?:[.!?:]\s|\n){_LEAD}(?=[A-Z])(?i:{_VERBS})\b"
)
"""A command that begins a text, a sentence or a line, or that follows `please`."""
_YOU = lazy_pattern(
    rf"(?:\A|[.!?:,]\s|\n|\ue000){_LEAD}You(?:['’]re)?\b"
    r"(?! (?:can|may|might|could|tried|cannot|already|have (?:not|no)|do not have|don['’]t have)\b)"
    r"|(?i:\byour (?:task|job|goal|role|objective|mission|answers?|responses?|output|reply)\b"
    r"|\bi (?:want|need|would like) you to\b|\bact as (?:a|an|the)\b|\bas an? (?:ai|expert)\b)"
)
"""A sentence about who answers."""
_OTHER_YOU = lazy_pattern(
    r"你|您|请|請|あなた|ください|下さい|しなさい|당신|세요|시오"
    r"|\b(?:Du bist|Sie sind|Tu es|Vous êtes|Eres|Usted es|Você é"
    r"|Tu sei|Sei un[oa]?|Jesteś|Ты|Вы|Je bent|U bent|Du är|Sen bir)\b"
)
"""The same in other languages."""
_SENTENCE = lazy_pattern(r"[.。!！?？,，:：]")
_ENGLISH = lazy_pattern(r"(?i)\b(?:the|and|of|to|is|are|for|with|this|that|it)\b")
"""Words that nearly each English text has."""
_OTHER_LETTER = lazy_pattern(r"[^\W\d_a-zA-Z]")


def addresses_a_model(text: str) -> bool:
    """Whether a text gives a command, or has a sentence such as `You are …`."""
    if _COMMAND.search(text) or _YOU.search(text):
        return True
    return _OTHER_YOU.search(text) is not None and _SENTENCE.search(text) is not None


def is_in_other_language(text: str) -> bool:
    """Whether a text is in another language than English, as far as its letters show it."""
    return _OTHER_LETTER.search(text) is not None and _ENGLISH.search(text) is None
