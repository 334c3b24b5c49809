"""MSG007."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.analysis.match import TextMatch, in_order, occurrences
from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.lint.passages import Passage
from promptops.patterns import lazy_pattern


@rule("MSG007", severity=Severity.ERROR)
def special_token_literal(passages: Sequence[Passage]) -> Iterator[Problem]:
    """No text contains control tokens of a model's chat template.

    Roles define the structure. If a server interprets such a token, it starts or ends a turn in the
    middle of a message; if it escapes the token, the model receives meaningless text. Such tokens
    come from prompts that were written for the raw template of one model.

    Bad:
        messages:
          - role: user
            content: "[INST] Sum up the report. [/INST]"

    Bad:
        messages:
          - role: user
            content: |
              <|im_start|>system
              You are brief.<|im_end|>

    Good:
        messages:
          - {role: system, content: You are brief.}
          - {role: user, content: Sum up the report.}
    """
    for passage in passages:
        for match in find_special_tokens(passage.text):
            if passage.is_wholly_written(match.start, match.end):
                yield passage.problem(
                    match.message,
                    match.start,
                    match.end,
                    hint="remove it: use `role` to structure the conversation",
                    fix=_removed(passage, match),
                )


def _removed(passage: Passage, match: TextMatch) -> Fix | None:
    place = passage.place(match.start, match.end)
    as_written = place.line == place.end_line
    whole = place.end_column - place.column == match.end - match.start
    return Fix((Edit(place, ""),)) if as_written and whole else None


# Written as `<|name|>`; listed in lower case, found in any case (Cohere's are upper case).
_NAMES = """im_start im_end im_sep endoftext endofprompt endoftranscript startoftext eot_id eom_id
    begin_of_text end_of_text start_header_id end_header_id finetune_right_pad_id python_tag
    header_start header_end eot eom begin_of_sentence end_of_sentence system user assistant end
    tool tool_call tool_calls tool_response observation think begin_of_box end_of_box channel
    message start return call constrain fim_prefix fim_middle fim_suffix fim_pad repo_name file_sep
    object_ref_start object_ref_end box_start box_end vision_start vision_end vision_pad image_pad
    video_pad start_of_turn_token end_of_turn_token system_token user_token chatbot_token
    start_of_role end_of_role im_user im_system im_assistant im_middle media_begin media_end
    tool_calls_section_begin tool_calls_section_end start_response end_response image audio
    begin_of_thought end_of_thought begin_of_solution end_of_solution"""
_BARRED = frozenset(_NAMES.split())
_BARRED_TOKEN = lazy_pattern(r"<\|([A-Za-z_]{2,32})\|>")
_WIDE_TOKEN = lazy_pattern("<｜[A-Za-z_▁]{2,32}｜>")
_LITERALS = (
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<</SYS>>",
    "<start_of_turn>",
    "<end_of_turn>",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
    "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]",
    "[TOOL_CALLS]",
    "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]",
    "<BOS_TOKEN>",
    "<EOS_TOKEN>",
    "<unused0>",
    "<bos>",
    "<eos>",
    "[gMASK]",
)


def find_special_tokens(text: str) -> tuple[TextMatch, ...]:
    """Control tokens of known chat templates, in order."""
    if "<" not in text and "[" not in text:
        return ()
    return in_order([*_barred(text), *_literal(text)])


def _barred(text: str) -> Iterator[TextMatch]:
    for at in occurrences(text, "<|"):
        token = _BARRED_TOKEN.match(text, at)
        if token and token[1].lower() in _BARRED:
            yield _match(at, token[0])
    for at in occurrences(text, "<｜"):
        token = _WIDE_TOKEN.match(text, at)
        if token:
            yield _match(at, token[0])


def _literal(text: str) -> Iterator[TextMatch]:
    for literal in _LITERALS:
        for at in occurrences(text, literal):
            yield _match(at, literal)


def _match(at: int, token: str) -> TextMatch:
    message = f"`{token}` is a control token of a model's chat template"
    return TextMatch(at, at + len(token), message, token)
