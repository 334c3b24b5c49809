"""Whether a value certainly fits prompt.schema.json.

Made by scripts/make_checks.py; change the schema, not this file.
"""
from typing import Any

from promptops.patterns import lazy_pattern
from promptops.source.quick_checks import (
    Check,
    always,
    distinct,
    is_plain,
    members,
    members_or_own,
    never,
    same,
)


def _turn(v: Any) -> bool:
    return type(v) is dict and members_or_own(v, _MEMBERS_3, never) and (((not type(v) is dict or 'as' in v and 'messages' in v and members(v, _MEMBERS_4, always))) if (not type(v) is dict or 'for_each' in v) else ((((not type(v) is dict or members(v, _MEMBERS_5, always))) if (not type(v) is dict or 'history' in v) else ((not type(v) is dict or 'role' in v and members(v, _MEMBERS_6, always)) and ((True) if (not type(v) is dict or 'tool_calls' in v) else ((not type(v) is dict or 'content' in v)))))))


def _message(v: Any) -> bool:
    return type(v) is dict and 'role' in v and members_or_own(v, _MEMBERS_7, never) and ((True) if (not type(v) is dict or 'tool_calls' in v) else ((not type(v) is dict or 'content' in v)))


def _part(v: Any) -> bool:
    return type(v) is dict and members_or_own(v, _MEMBERS_9, never) and sum((bool((not type(v) is dict or 'text' in v)), bool((not type(v) is dict or 'image' in v)), bool((not type(v) is dict or 'audio' in v)), bool((not type(v) is dict or 'document' in v)))) == 1


def _media(v: Any) -> bool:
    return type(v) is dict and members_or_own(v, _MEMBERS_10, never) and sum((bool((not type(v) is dict or 'input' in v)), bool((not type(v) is dict or 'url' in v)), bool((not type(v) is dict or 'file' in v)))) == 1


def _toolCall(v: Any) -> bool:
    return type(v) is dict and 'id' in v and 'name' in v and members_or_own(v, _MEMBERS_11, never)


def _tool(v: Any) -> bool:
    return type(v) is dict and members_or_own(v, _MEMBERS_13, never) and (((not type(v) is dict or members(v, _MEMBERS_14, always))) if (not type(v) is dict or 'ref' in v) else ((not type(v) is dict or 'name' in v)))


def _inputs(v: Any) -> bool:
    return type(v) is dict and members_or_own(v, _MEMBERS_17, never)


def _input(v: Any) -> bool:
    return type(v) in (dict, bool) and (not type(v) is dict or members(v, _MEMBERS_18, always))


def _output(v: Any) -> bool:
    return type(v) is dict and members_or_own(v, _MEMBERS_20, never)


def _model(v: Any) -> bool:
    return type(v) is dict and members_or_own(v, _MEMBERS_21, never) and (((not type(v) is dict or members(v, _MEMBERS_22, always))) if (not type(v) is dict or 'profile' in v) else ((not type(v) is dict or ('provider' not in v or 'id' in v) and ('id' not in v or 'provider' in v))))


def _params(v: Any) -> bool:
    return type(v) is dict and members_or_own(v, _MEMBERS_24, never)


def _assertion(v: Any) -> bool:
    return type(v) is dict and 'type' in v and members_or_own(v, _MEMBERS_29, never) and ((((not type(v) is dict or 'value' in v and members(v, _MEMBERS_32, always))) if (not type(v) is dict or 'type' in v and members(v, _MEMBERS_31, always)) else (True))) and ((((not type(v) is dict or 'value' in v)) if (not type(v) is dict or 'type' in v and members(v, _MEMBERS_34, always)) else (True))) and ((((not type(v) is dict or 'value' in v and members(v, _MEMBERS_37, always))) if (not type(v) is dict or 'type' in v and members(v, _MEMBERS_36, always)) else (True))) and ((((not type(v) is dict or 'value' in v and members(v, _MEMBERS_40, always))) if (not type(v) is dict or 'type' in v and members(v, _MEMBERS_39, always)) else (True))) and ((((not type(v) is dict or 'value' in v and members(v, _MEMBERS_43, always))) if (not type(v) is dict or 'type' in v and members(v, _MEMBERS_42, always)) else (True))) and ((((not type(v) is dict or 'value' in v and members(v, _MEMBERS_47, always))) if (not type(v) is dict or 'type' in v and members(v, _MEMBERS_45, always)) else (True))) and ((((not type(v) is dict or 'value' in v and members(v, _MEMBERS_50, always))) if (not type(v) is dict or 'type' in v and members(v, _MEMBERS_49, always)) else (True))) and ((((not type(v) is dict or 'value' in v and members(v, _MEMBERS_53, always))) if (not type(v) is dict or 'type' in v and members(v, _MEMBERS_52, always)) else (True))) and ((((not type(v) is dict or 'value' in v and members(v, _MEMBERS_57, always))) if (not type(v) is dict or 'type' in v and members(v, _MEMBERS_55, always)) else (True))) and ((((not type(v) is dict or 'value' in v and members(v, _MEMBERS_60, always))) if (not type(v) is dict or 'type' in v and members(v, _MEMBERS_59, always)) else (True))) and ((((not type(v) is dict or 'value' in v and members(v, _MEMBERS_64, always))) if (not type(v) is dict or 'type' in v and members(v, _MEMBERS_62, always)) else (True))) and ((((not type(v) is dict or members(v, _MEMBERS_32, always))) if (not type(v) is dict or 'type' in v and members(v, _MEMBERS_66, always)) else (True))) and ((((not type(v) is dict or 'name' in v and members(v, _MEMBERS_69, always))) if (not type(v) is dict or 'type' in v and members(v, _MEMBERS_68, always)) else ((not type(v) is dict or members(v, _MEMBERS_70, always))))) and (((True) if (not type(v) is dict or 'type' in v and members(v, _MEMBERS_72, always)) else ((not type(v) is dict or members(v, _MEMBERS_73, always)))))


def _case(v: Any) -> bool:
    return type(v) is dict and 'name' in v and members_or_own(v, _MEMBERS_74, never)


def _test(v: Any) -> bool:
    return type(v) is dict and members_or_own(v, _MEMBERS_75, never) and (((not type(v) is dict or members(v, _MEMBERS_76, always))) if (not type(v) is dict or 'file' in v) else ((not type(v) is dict or 'name' in v)))


def _evaluation(v: Any) -> bool:
    return type(v) is dict and members_or_own(v, _MEMBERS_81, never)


def _root(v: Any) -> bool:
    return type(v) is dict and 'format' in v and members_or_own(v, _MEMBERS_88, never) and ((True) if (not type(v) is dict or 'extends' in v) else ((not type(v) is dict or 'messages' in v)))


_OPTIONS_0 = frozenset(('system', 'developer', 'user', 'assistant', 'tool',))
_MEMBERS_1: dict[str, Check] = {
    'file': lambda v: type(v) is str and len(v) >= 1,
}
_PATTERN_2 = lazy_pattern('^[A-Za-z_][A-Za-z0-9_]*\\Z')
_MEMBERS_3: dict[str, Check] = {
    'role': lambda v: type(v) is str and v in _OPTIONS_0,
    'content': lambda v: type(v) in (str, dict, list) and (not type(v) is list or len(v) >= 1 and all(_part(v_) for v_ in v)) and (not type(v) is dict or 'file' in v and members_or_own(v, _MEMBERS_1, never)),
    'name': lambda v: type(v) is str and len(v) >= 1,
    'cache': lambda v: type(v) is bool,
    'when': lambda v: type(v) is str and len(v) >= 1,
    'tool_calls': lambda v: type(v) is list and len(v) >= 1 and all(_toolCall(v_) for v_ in v),
    'tool_call_id': lambda v: type(v) is str and len(v) >= 1,
    'for_each': lambda v: type(v) is str and len(v) >= 1,
    'as': lambda v: type(v) is str and len(v) >= 1 and _PATTERN_2.search(v) is not None,
    'messages': lambda v: type(v) is list and len(v) >= 1 and all(_message(v_) for v_ in v),
    'history': lambda v: type(v) is str and len(v) >= 1,
    'last': lambda v: type(v) is int and v >= 1,
}
_MEMBERS_4: dict[str, Check] = {
    'role': never,
    'content': never,
    'name': never,
    'cache': never,
    'when': never,
    'tool_calls': never,
    'tool_call_id': never,
    'history': never,
    'last': never,
}
_MEMBERS_5: dict[str, Check] = {
    'role': never,
    'content': never,
    'name': never,
    'cache': never,
    'when': never,
    'tool_calls': never,
    'tool_call_id': never,
    'as': never,
    'messages': never,
}
_MEMBERS_6: dict[str, Check] = {
    'as': never,
    'messages': never,
    'last': never,
}
_MEMBERS_7: dict[str, Check] = {
    'role': lambda v: type(v) is str and v in _OPTIONS_0,
    'content': lambda v: type(v) in (str, dict, list) and (not type(v) is list or len(v) >= 1 and all(_part(v_) for v_ in v)) and (not type(v) is dict or 'file' in v and members_or_own(v, _MEMBERS_1, never)),
    'name': lambda v: type(v) is str and len(v) >= 1,
    'cache': lambda v: type(v) is bool,
    'when': lambda v: type(v) is str and len(v) >= 1,
    'tool_calls': lambda v: type(v) is list and len(v) >= 1 and all(_toolCall(v_) for v_ in v),
    'tool_call_id': lambda v: type(v) is str and len(v) >= 1,
}
_OPTIONS_8 = frozenset(('auto', 'low', 'high', 'original',))
_MEMBERS_9: dict[str, Check] = {
    'text': lambda v: type(v) is str,
    'image': _media,
    'audio': _media,
    'document': _media,
    'detail': lambda v: type(v) is str and v in _OPTIONS_8,
    'title': lambda v: type(v) is str and len(v) >= 1,
    'when': lambda v: type(v) is str and len(v) >= 1,
}
_MEMBERS_10: dict[str, Check] = {
    'input': lambda v: type(v) is str and len(v) >= 1,
    'url': lambda v: type(v) is str and len(v) >= 1,
    'file': lambda v: type(v) is str and len(v) >= 1,
}
_MEMBERS_11: dict[str, Check] = {
    'id': lambda v: type(v) is str and len(v) >= 1,
    'name': lambda v: type(v) is str and len(v) >= 1,
    'arguments': lambda v: type(v) is dict,
}
_PATTERN_12 = lazy_pattern('^[a-zA-Z0-9_-]{1,64}\\Z')
_MEMBERS_13: dict[str, Check] = {
    'name': lambda v: type(v) is str and len(v) >= 1 and _PATTERN_12.search(v) is not None,
    'description': lambda v: type(v) is str,
    'parameters': lambda v: type(v) in (dict, bool),
    'returns': lambda v: type(v) in (dict, bool),
    'strict': lambda v: type(v) is bool,
    'ref': lambda v: type(v) is str and len(v) >= 1,
}
_MEMBERS_14: dict[str, Check] = {
    'name': never,
    'description': never,
    'parameters': never,
    'returns': never,
    'strict': never,
}
_OPTIONS_15 = frozenset(('object',))
_MEMBERS_16: dict[str, Check] = {}
_MEMBERS_17: dict[str, Check] = {
    'type': lambda v: type(v) is str and v in _OPTIONS_15,
    'description': lambda v: type(v) is str,
    'required': lambda v: type(v) is list and distinct(v) and all(type(v_) is str and len(v_) >= 1 for v_ in v),
    'properties': lambda v: type(v) is dict and all((not type(v_) is str or _PATTERN_2.search(v_) is not None) for v_ in v) and members(v, _MEMBERS_16, _input),
    'additionalProperties': lambda v: type(v) in (bool, dict),
    '$schema': always,
    '$id': always,
    '$ref': always,
    '$anchor': always,
    '$defs': always,
    '$comment': always,
    '$dynamicRef': always,
    '$dynamicAnchor': always,
    '$vocabulary': always,
    'definitions': always,
    'allOf': always,
    'anyOf': always,
    'oneOf': always,
    'not': always,
    'if': always,
    'then': always,
    'else': always,
    'dependentSchemas': always,
    'dependentRequired': always,
    'minProperties': always,
    'maxProperties': always,
    'patternProperties': always,
    'propertyNames': always,
    'unevaluatedProperties': always,
    'title': always,
    'default': always,
    'examples': always,
    'deprecated': always,
    'readOnly': always,
    'writeOnly': always,
    'const': always,
    'enum': always,
}
_MEMBERS_18: dict[str, Check] = {
    'description': lambda v: type(v) is str,
    'default': always,
    'x-untrusted': lambda v: type(v) is bool,
    'x-aliases': lambda v: type(v) is list and all(type(v_) is str and len(v_) >= 1 for v_ in v),
    'contentMediaType': lambda v: type(v) is str and len(v) >= 1,
    'maxLength': lambda v: type(v) is int and v >= 0,
    'maxItems': lambda v: type(v) is int and v >= 0,
}
_OPTIONS_19 = frozenset(('text', 'json', 'markdown',))
_MEMBERS_20: dict[str, Check] = {
    'format': lambda v: type(v) is str and v in _OPTIONS_19,
    'schema': lambda v: type(v) in (dict, bool),
    'name': lambda v: type(v) is str and len(v) >= 1 and _PATTERN_12.search(v) is not None,
    'strict': lambda v: type(v) is bool,
    'description': lambda v: type(v) is str,
}
_MEMBERS_21: dict[str, Check] = {
    'profile': lambda v: type(v) is str and len(v) >= 1,
    'provider': lambda v: type(v) is str and len(v) >= 1,
    'id': lambda v: type(v) is str and len(v) >= 1,
    'params': _params,
    'provider_options': lambda v: type(v) is dict and members(v, _MEMBERS_16, lambda v: type(v) is dict),
}
_MEMBERS_22: dict[str, Check] = {
    'provider': never,
    'id': never,
}
_OPTIONS_23 = frozenset(('none', 'minimal', 'low', 'medium', 'high', 'xhigh',))
_MEMBERS_24: dict[str, Check] = {
    'temperature': lambda v: type(v) in (int, float) and v >= 0,
    'top_p': lambda v: type(v) in (int, float) and v >= 0 and v <= 1,
    'max_output_tokens': lambda v: type(v) is int and v >= 1,
    'stop': lambda v: type(v) in (str, list) and (not type(v) is str or len(v) >= 1) and (not type(v) is list or len(v) >= 1 and all(type(v_) is str and len(v_) >= 1 for v_ in v)),
    'seed': lambda v: type(v) is int,
    'reasoning_effort': lambda v: type(v) is str and v in _OPTIONS_23,
    'frequency_penalty': lambda v: type(v) in (int, float) and v >= -2 and v <= 2,
    'presence_penalty': lambda v: type(v) in (int, float) and v >= -2 and v <= 2,
    'parallel_tool_calls': lambda v: type(v) is bool,
}
_OPTIONS_25 = frozenset(('equals', 'contains', 'icontains', 'contains-all', 'contains-any', 'starts-with', 'regex', 'max-chars', 'word-count', 'is-json', 'json-schema', 'contains-json', 'one-of', 'message-count', 'expr', 'python', 'tool-call', 'tool-calls', 'finish-reason', 'max-tokens', 'max-cost', 'max-latency', 'ratio', 'rouge', 'chrf', 'similar', 'llm-rubric', 'pairwise', 'factual', 'grounded', 'recall', 'precision', 'mrr', 'ndcg', 'citations', 'supported', 'answer-relevant', 'context-relevant', 'abstains', 'no-secrets', 'no-personal-data', 'no-leak', 'refuses', 'not-refuses', 'no-injection', 'moderation', 'counterfactual', 'all', 'any', 'not-equals', 'not-contains', 'not-icontains', 'not-contains-all', 'not-contains-any', 'not-starts-with', 'not-regex', 'not-max-chars', 'not-word-count', 'not-is-json', 'not-json-schema', 'not-contains-json', 'not-one-of', 'not-message-count', 'not-expr', 'not-python', 'not-tool-call', 'not-tool-calls', 'not-finish-reason', 'not-max-tokens', 'not-max-cost', 'not-max-latency', 'not-ratio', 'not-rouge', 'not-chrf', 'not-similar', 'not-llm-rubric', 'not-pairwise', 'not-factual', 'not-grounded', 'not-recall', 'not-precision', 'not-mrr', 'not-ndcg', 'not-citations', 'not-supported', 'not-answer-relevant', 'not-context-relevant', 'not-abstains', 'not-no-secrets', 'not-no-personal-data', 'not-no-leak', 'not-no-injection', 'not-moderation', 'not-counterfactual', 'not-all', 'not-any',))
_PATTERN_26 = lazy_pattern('^[a-z0-9-]+[.][a-z0-9-]+\\Z')
_PATTERN_27 = lazy_pattern('^(/|\\Z)')
_OPTIONS_28 = frozenset(('empty', 'incomplete',))
_MEMBERS_29: dict[str, Check] = {
    'type': lambda v: ((type(v) is str and v in _OPTIONS_25) or (type(v) is str and _PATTERN_26.search(v) is not None)),
    'value': always,
    'path': lambda v: type(v) is str and _PATTERN_27.search(v) is not None,
    'role': lambda v: type(v) is str and v in _OPTIONS_0,
    'transform': lambda v: type(v) is str and len(v) >= 1,
    'weight': lambda v: type(v) in (int, float) and v >= 0.001 and v <= 1000,
    'threshold': lambda v: type(v) in (int, float),
    'score': lambda v: type(v) is str and len(v) >= 1,
    'must': lambda v: type(v) is bool,
    'allow': lambda v: type(v) is list and len(v) >= 1 and distinct(v) and all(type(v_) is str and v_ in _OPTIONS_28 for v_ in v),
    'name': lambda v: type(v) is str and len(v) >= 1,
    'arguments': lambda v: type(v) is dict,
}
_OPTIONS_30 = frozenset(('contains', 'not-contains', 'icontains', 'not-icontains', 'starts-with', 'not-starts-with', 'regex', 'not-regex', 'expr', 'not-expr', 'python', 'not-python', 'llm-rubric', 'not-llm-rubric', 'finish-reason', 'not-finish-reason', 'ratio', 'not-ratio', 'rouge', 'not-rouge', 'chrf', 'not-chrf', 'similar', 'not-similar',))
_MEMBERS_31: dict[str, Check] = {
    'type': lambda v: type(v) is str and v in _OPTIONS_30,
}
_MEMBERS_32: dict[str, Check] = {
    'value': lambda v: type(v) is str and len(v) >= 1,
}
_OPTIONS_33 = frozenset(('equals', 'not-equals', 'contains-json', 'not-contains-json',))
_MEMBERS_34: dict[str, Check] = {
    'type': lambda v: type(v) is str and v in _OPTIONS_33,
}
_OPTIONS_35 = frozenset(('contains-all', 'not-contains-all', 'contains-any', 'not-contains-any',))
_MEMBERS_36: dict[str, Check] = {
    'type': lambda v: type(v) is str and v in _OPTIONS_35,
}
_MEMBERS_37: dict[str, Check] = {
    'value': lambda v: type(v) is list and len(v) >= 1 and all(type(v_) is str and len(v_) >= 1 for v_ in v),
}
_OPTIONS_38 = frozenset(('one-of', 'not-one-of',))
_MEMBERS_39: dict[str, Check] = {
    'type': lambda v: type(v) is str and v in _OPTIONS_38,
}
_MEMBERS_40: dict[str, Check] = {
    'value': lambda v: type(v) is list and len(v) >= 1,
}
_OPTIONS_41 = frozenset(('max-chars', 'not-max-chars', 'message-count', 'not-message-count', 'max-tokens', 'not-max-tokens',))
_MEMBERS_42: dict[str, Check] = {
    'type': lambda v: type(v) is str and v in _OPTIONS_41,
}
_MEMBERS_43: dict[str, Check] = {
    'value': lambda v: type(v) is int and v >= 0,
}
_OPTIONS_44 = frozenset(('word-count', 'not-word-count',))
_MEMBERS_45: dict[str, Check] = {
    'type': lambda v: type(v) is str and v in _OPTIONS_44,
}
_MEMBERS_46: dict[str, Check] = {
    'min': lambda v: type(v) is int and v >= 0,
    'max': lambda v: type(v) is int and v >= 0,
}
_MEMBERS_47: dict[str, Check] = {
    'value': lambda v: type(v) in (int, dict) and (not type(v) in (int, float) or v >= 0) and (not type(v) is dict or len(v) >= 1 and members(v, _MEMBERS_46, never)),
}
_OPTIONS_48 = frozenset(('max-cost', 'not-max-cost', 'max-latency', 'not-max-latency',))
_MEMBERS_49: dict[str, Check] = {
    'type': lambda v: type(v) is str and v in _OPTIONS_48,
}
_MEMBERS_50: dict[str, Check] = {
    'value': lambda v: type(v) in (int, float) and v >= 0,
}
_OPTIONS_51 = frozenset(('json-schema', 'not-json-schema',))
_MEMBERS_52: dict[str, Check] = {
    'type': lambda v: type(v) is str and v in _OPTIONS_51,
}
_MEMBERS_53: dict[str, Check] = {
    'value': lambda v: type(v) in (dict, bool),
}
_OPTIONS_54 = frozenset(('tool-calls', 'not-tool-calls',))
_MEMBERS_55: dict[str, Check] = {
    'type': lambda v: type(v) is str and v in _OPTIONS_54,
}
_MEMBERS_56: dict[str, Check] = {
    'name': lambda v: type(v) is str and len(v) >= 1,
    'arguments': lambda v: type(v) is dict,
}
_MEMBERS_57: dict[str, Check] = {
    'value': lambda v: type(v) is list and len(v) >= 1 and all(type(v_) in (str, dict) and (not type(v_) is str or len(v_) >= 1) and (not type(v_) is dict or 'name' in v_ and members(v_, _MEMBERS_56, never)) for v_ in v),
}
_OPTIONS_58 = frozenset(('all', 'not-all', 'any', 'not-any',))
_MEMBERS_59: dict[str, Check] = {
    'type': lambda v: type(v) is str and v in _OPTIONS_58,
}
_MEMBERS_60: dict[str, Check] = {
    'value': lambda v: type(v) is list and len(v) >= 1 and all(_assertion(v_) for v_ in v),
}
_OPTIONS_61 = frozenset(('recall', 'not-recall', 'precision', 'not-precision', 'mrr', 'not-mrr', 'ndcg', 'not-ndcg', 'citations', 'not-citations', 'supported', 'not-supported', 'context-relevant', 'not-context-relevant',))
_MEMBERS_62: dict[str, Check] = {
    'type': lambda v: type(v) is str and v in _OPTIONS_61,
}
_MEMBERS_63: dict[str, Check] = {
    'k': lambda v: type(v) is int and v >= 1,
    'id': lambda v: type(v) is str and len(v) >= 1,
    'pattern': lambda v: type(v) is str and len(v) >= 1,
    'none': lambda v: type(v) is bool,
    'question': lambda v: type(v) is str and len(v) >= 1,
}
_MEMBERS_64: dict[str, Check] = {
    'value': lambda v: type(v) is str and len(v) >= 1,
    'arguments': lambda v: (not type(v) is dict or members(v, _MEMBERS_63, never)),
}
_OPTIONS_65 = frozenset(('answer-relevant', 'not-answer-relevant', 'abstains', 'not-abstains',))
_MEMBERS_66: dict[str, Check] = {
    'type': lambda v: type(v) is str and v in _OPTIONS_65,
}
_OPTIONS_67 = frozenset(('tool-call', 'not-tool-call',))
_MEMBERS_68: dict[str, Check] = {
    'type': lambda v: type(v) is str and v in _OPTIONS_67,
}
_MEMBERS_69: dict[str, Check] = {
    'value': never,
}
_MEMBERS_70: dict[str, Check] = {
    'name': never,
}
_OPTIONS_71 = frozenset(('tool-call', 'not-tool-call', 'recall', 'not-recall', 'precision', 'not-precision', 'mrr', 'not-mrr', 'ndcg', 'not-ndcg', 'citations', 'not-citations', 'supported', 'not-supported', 'context-relevant', 'not-context-relevant',))
_MEMBERS_72: dict[str, Check] = {
    'type': lambda v: type(v) is str and v in _OPTIONS_71,
}
_MEMBERS_73: dict[str, Check] = {
    'arguments': never,
}
_MEMBERS_74: dict[str, Check] = {
    'name': lambda v: type(v) is str and len(v) >= 1,
    'inputs': lambda v: type(v) is dict,
    'rendered': lambda v: type(v) is list and all(_assertion(v_) for v_ in v),
    'output': lambda v: type(v) is list and all(_assertion(v_) for v_ in v),
    'expected': always,
    'tags': lambda v: type(v) is list and distinct(v) and all(type(v_) is str and len(v_) >= 1 for v_ in v),
}
_MEMBERS_75: dict[str, Check] = {
    'name': lambda v: type(v) is str and len(v) >= 1,
    'inputs': lambda v: type(v) is dict,
    'rendered': lambda v: type(v) is list and all(_assertion(v_) for v_ in v),
    'output': lambda v: type(v) is list and all(_assertion(v_) for v_ in v),
    'expected': always,
    'tags': lambda v: type(v) is list and distinct(v) and all(type(v_) is str and len(v_) >= 1 for v_ in v),
    'file': lambda v: type(v) is str and len(v) >= 1,
}
_MEMBERS_76: dict[str, Check] = {
    'name': never,
    'inputs': never,
    'rendered': never,
    'output': never,
    'expected': never,
    'tags': never,
}
_MEMBERS_77: dict[str, Check] = {
    'commit': lambda v: type(v) in (int, float) and v >= 0,
    'pull_request': lambda v: type(v) in (int, float) and v >= 0,
    'nightly': lambda v: type(v) in (int, float) and v >= 0,
}
_PATTERN_78 = lazy_pattern('^[^:]+[.]py:[A-Za-z_][A-Za-z0-9_]*\\Z')
_PATTERN_79 = lazy_pattern('^/')
_MEMBERS_80: dict[str, Check] = {
    'max': lambda v: type(v) in (int, float) and v >= 0 and v <= 100,
    'must': lambda v: type(v) is list and all(type(v_) is str and len(v_) >= 1 for v_ in v),
    'accept': lambda v: type(v) is list and all(type(v_) is str and len(v_) >= 1 for v_ in v),
    'decision': lambda v: type(v) is str and _PATTERN_79.search(v) is not None,
    'tools': lambda v: type(v) is list and all(type(v_) is str and len(v_) >= 1 for v_ in v),
}
_MEMBERS_81: dict[str, Check] = {
    'assertions': lambda v: type(v) is list and all(_assertion(v_) for v_ in v),
    'output': lambda v: type(v) is bool,
    'repeats': lambda v: type(v) is int and v >= 1 and v <= 1000,
    'margin': lambda v: type(v) in (int, float) and v <= 100 and v > 0,
    'contract_margin': lambda v: type(v) in (int, float) and v <= 100 and v > 0,
    'score': lambda v: type(v) is str and len(v) >= 1,
    'judge': lambda v: type(v) in (str, dict) and (not type(v) is str or len(v) >= 1),
    'budget': lambda v: type(v) in (int, float, dict) and (not type(v) in (int, float) or v >= 0) and (not type(v) is dict or members(v, _MEMBERS_77, never)),
    'retrieve': lambda v: type(v) is dict and len(v) >= 1 and members(v, _MEMBERS_16, lambda v: type(v) is str and _PATTERN_78.search(v) is not None),
    'probes': lambda v: type(v) is dict and members(v, _MEMBERS_80, never),
}
_OPTIONS_82 = frozenset(('promptops/1',))
_OPTIONS_83 = frozenset(('draft', 'active', 'deprecated',))
_PATTERN_84 = lazy_pattern('^[0-9]{4}-[0-9]{2}-[0-9]{2}\\Z')
_MEMBERS_85: dict[str, Check] = {
    'input_tokens': lambda v: type(v) is int and v >= 1,
    'output_tokens': lambda v: type(v) is int and v >= 1,
    'cost_usd': lambda v: type(v) in (int, float) and v > 0,
}
_PATTERN_86 = lazy_pattern('^(auto|none|required)\\Z')
_MEMBERS_87: dict[str, Check] = {
    'name': lambda v: type(v) is str and len(v) >= 1,
}
_MEMBERS_88: dict[str, Check] = {
    'format': lambda v: type(v) is str and v in _OPTIONS_82,
    'title': lambda v: type(v) is str,
    'description': lambda v: type(v) is str,
    'owners': lambda v: type(v) is list and distinct(v) and all(type(v_) is str and len(v_) >= 1 for v_ in v),
    'tags': lambda v: type(v) is list and distinct(v) and all(type(v_) is str and len(v_) >= 1 for v_ in v),
    'metadata': lambda v: type(v) is dict,
    'status': lambda v: type(v) is str and v in _OPTIONS_83,
    'replaced_by': lambda v: type(v) is str and len(v) >= 1,
    'sunset': lambda v: type(v) is str and _PATTERN_84.search(v) is not None,
    'budget': lambda v: type(v) is dict and members_or_own(v, _MEMBERS_85, never),
    'aliases': lambda v: type(v) is list and distinct(v) and all(type(v_) is str and len(v_) >= 1 for v_ in v),
    'extends': lambda v: type(v) is str and len(v) >= 1,
    'model': _model,
    'inputs': _inputs,
    'output': _output,
    'tools': lambda v: type(v) is list and all(_tool(v_) for v_ in v),
    'tool_choice': lambda v: type(v) in (str, dict) and (not type(v) is str or _PATTERN_86.search(v) is not None) and (not type(v) is dict or 'name' in v and members(v, _MEMBERS_87, never)),
    'messages': lambda v: type(v) is list and len(v) >= 1 and all(_turn(v_) for v_ in v),
    'tests': lambda v: type(v) is list and all(_test(v_) for v_ in v),
    'evaluation': _evaluation,
}

PARTS = {"": _root, "turn": _turn, "message": _message, "part": _part, "media": _media, "toolCall": _toolCall, "tool": _tool, "inputs": _inputs, "input": _input, "output": _output, "model": _model, "params": _params, "assertion": _assertion, "case": _case, "test": _test, "evaluation": _evaluation}


def fits(value: Any, part: str = '') -> bool:
    """Whether a value certainly fits the schema, or a part of its `$defs`."""
    return is_plain(value) and PARTS[part](value)
