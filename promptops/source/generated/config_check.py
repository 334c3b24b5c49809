"""Whether a value certainly fits config.schema.json.

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


def _profile(v: Any) -> bool:
    return type(v) is dict and 'provider' in v and 'id' in v and members_or_own(v, _MEMBERS_4, never)


def _params(v: Any) -> bool:
    return type(v) is dict and members_or_own(v, _MEMBERS_6, never)


def _severity(v: Any) -> bool:
    return type(v) is str and v in _OPTIONS_7


def _lint(v: Any) -> bool:
    return type(v) is dict and members_or_own(v, _MEMBERS_8, never)


def _rule(v: Any) -> bool:
    return type(v) is dict and 'code' in v and 'name' in v and 'kind' in v and 'message' in v and members_or_own(v, _MEMBERS_13, never) and ((((not type(v) is dict or 'tokens' in v and members(v, _MEMBERS_16, always))) if (not type(v) is dict or 'kind' in v and members(v, _MEMBERS_15, always)) else (True))) and ((((not type(v) is dict or 'swap' in v and members(v, _MEMBERS_19, always))) if (not type(v) is dict or 'kind' in v and members(v, _MEMBERS_18, always)) else (True))) and ((((not type(v) is dict or 'tokens' in v and members(v, _MEMBERS_22, always)) and (((not type(v) is dict or 'min' in v)) or ((not type(v) is dict or 'max' in v)))) if (not type(v) is dict or 'kind' in v and members(v, _MEMBERS_21, always)) else (True)))


def _waiver(v: Any) -> bool:
    return type(v) is dict and 'fingerprint' in v and 'reason' in v and 'who' in v and 'expires' in v and members_or_own(v, _MEMBERS_24, never)


def _test(v: Any) -> bool:
    return type(v) is dict and members_or_own(v, _MEMBERS_26, never)


def _release(v: Any) -> bool:
    return type(v) is dict and members_or_own(v, _MEMBERS_31, never)


def _diff(v: Any) -> bool:
    return type(v) is dict and members_or_own(v, _MEMBERS_34, never)


def _check(v: Any) -> bool:
    return type(v) is dict and members_or_own(v, _MEMBERS_37, never)


def _compare(v: Any) -> bool:
    return type(v) is dict and members_or_own(v, _MEMBERS_38, never)


def _probe(v: Any) -> bool:
    return type(v) is dict and members_or_own(v, _MEMBERS_39, never)


def _mutate(v: Any) -> bool:
    return type(v) is dict and members_or_own(v, _MEMBERS_40, never)


def _drift(v: Any) -> bool:
    return type(v) is dict and members_or_own(v, _MEMBERS_41, never)


def _score(v: Any) -> bool:
    return type(v) is dict and members_or_own(v, _MEMBERS_45, never)


def _alert(v: Any) -> bool:
    return type(v) is dict and 'metric' in v and members_or_own(v, _MEMBERS_46, never)


def _root(v: Any) -> bool:
    return type(v) is dict and members_or_own(v, _MEMBERS_47, never)


_PATTERN_0 = lazy_pattern('^https?://')
_PATTERN_1 = lazy_pattern('^[A-Za-z_][A-Za-z0-9_]*\\Z')
_MEMBERS_2: dict[str, Check] = {}
_MEMBERS_3: dict[str, Check] = {
    'input': lambda v: type(v) in (int, float) and v >= 0,
    'output': lambda v: type(v) in (int, float) and v >= 0,
    'cached': lambda v: type(v) in (int, float) and v >= 0,
}
_MEMBERS_4: dict[str, Check] = {
    'provider': lambda v: type(v) is str and len(v) >= 1,
    'id': lambda v: type(v) is str and len(v) >= 1,
    'base_url': lambda v: type(v) is str and _PATTERN_0.search(v) is not None,
    'api_key_env': lambda v: type(v) is str and _PATTERN_1.search(v) is not None,
    'headers': lambda v: type(v) is dict and members(v, _MEMBERS_2, lambda v: type(v) is str),
    'params': _params,
    'provider_options': lambda v: type(v) is dict and members(v, _MEMBERS_2, lambda v: type(v) is dict),
    'price': lambda v: type(v) is dict and members_or_own(v, _MEMBERS_3, never),
    'context_window': lambda v: type(v) is int and v >= 1,
    'max_output_tokens': lambda v: type(v) is int and v >= 1,
}
_OPTIONS_5 = frozenset(('none', 'minimal', 'low', 'medium', 'high', 'xhigh',))
_MEMBERS_6: dict[str, Check] = {
    'temperature': lambda v: type(v) in (int, float) and v >= 0,
    'top_p': lambda v: type(v) in (int, float) and v >= 0 and v <= 1,
    'max_output_tokens': lambda v: type(v) is int and v >= 1,
    'stop': lambda v: type(v) in (str, list) and (not type(v) is str or len(v) >= 1) and (not type(v) is list or len(v) >= 1 and all(type(v_) is str and len(v_) >= 1 for v_ in v)),
    'seed': lambda v: type(v) is int,
    'reasoning_effort': lambda v: type(v) is str and v in _OPTIONS_5,
    'frequency_penalty': lambda v: type(v) in (int, float) and v >= -2 and v <= 2,
    'presence_penalty': lambda v: type(v) in (int, float) and v >= -2 and v <= 2,
    'parallel_tool_calls': lambda v: type(v) is bool,
}
_OPTIONS_7 = frozenset(('error', 'warning', 'info',))
_MEMBERS_8: dict[str, Check] = {
    'select': lambda v: type(v) is list and all(type(v_) is str and len(v_) >= 1 for v_ in v),
    'ignore': lambda v: type(v) is list and all(type(v_) is str and len(v_) >= 1 for v_ in v),
    'extend-select': lambda v: type(v) is list and all(type(v_) is str and len(v_) >= 1 for v_ in v),
    'required-metadata': lambda v: type(v) is list and all(type(v_) is str and len(v_) >= 1 for v_ in v),
    'fail-on': _severity,
    'per-file-ignores': lambda v: type(v) is dict and members(v, _MEMBERS_2, lambda v: type(v) is list and all(type(v_) is str and len(v_) >= 1 for v_ in v)),
    'severity': lambda v: type(v) is dict and members(v, _MEMBERS_2, _severity),
    'baseline': lambda v: type(v) is str and len(v) >= 1,
    'rules': lambda v: type(v) is list and all(_rule(v_) for v_ in v),
    'waivers': lambda v: type(v) is list and all(_waiver(v_) for v_ in v),
}
_PATTERN_9 = lazy_pattern('^X[0-9]{3}\\Z')
_PATTERN_10 = lazy_pattern('^[a-z][a-z0-9-]*\\Z')
_OPTIONS_11 = frozenset(('existence', 'substitution', 'occurrence',))
_OPTIONS_12 = frozenset(('system', 'developer', 'user', 'assistant', 'tool',))
_MEMBERS_13: dict[str, Check] = {
    'code': lambda v: type(v) is str and _PATTERN_9.search(v) is not None,
    'name': lambda v: type(v) is str and _PATTERN_10.search(v) is not None,
    'kind': lambda v: type(v) is str and v in _OPTIONS_11,
    'tokens': lambda v: type(v) is list and len(v) >= 1 and all(type(v_) is str and len(v_) >= 1 for v_ in v),
    'swap': lambda v: type(v) is dict and len(v) >= 1 and members(v, _MEMBERS_2, lambda v: type(v) is str),
    'min': lambda v: type(v) is int and v >= 0,
    'max': lambda v: type(v) is int and v >= 0,
    'scope': lambda v: type(v) is str and v in _OPTIONS_12,
    'ignore_case': lambda v: type(v) is bool,
    'message': lambda v: type(v) is str and len(v) >= 1,
    'severity': _severity,
}
_OPTIONS_14 = frozenset(('existence',))
_MEMBERS_15: dict[str, Check] = {
    'kind': lambda v: type(v) is str and v in _OPTIONS_14,
}
_MEMBERS_16: dict[str, Check] = {
    'swap': never,
    'min': never,
    'max': never,
}
_OPTIONS_17 = frozenset(('substitution',))
_MEMBERS_18: dict[str, Check] = {
    'kind': lambda v: type(v) is str and v in _OPTIONS_17,
}
_MEMBERS_19: dict[str, Check] = {
    'tokens': never,
    'min': never,
    'max': never,
}
_OPTIONS_20 = frozenset(('occurrence',))
_MEMBERS_21: dict[str, Check] = {
    'kind': lambda v: type(v) is str and v in _OPTIONS_20,
}
_MEMBERS_22: dict[str, Check] = {
    'swap': never,
}
_PATTERN_23 = lazy_pattern('^[0-9]{4}-[0-9]{2}-[0-9]{2}\\Z')
_MEMBERS_24: dict[str, Check] = {
    'fingerprint': lambda v: type(v) is str and len(v) >= 1,
    'reason': lambda v: type(v) is str and len(v) >= 1,
    'who': lambda v: type(v) is str and len(v) >= 1,
    'expires': lambda v: type(v) is str and _PATTERN_23.search(v) is not None,
}
_MEMBERS_25: dict[str, Check] = {
    'commit': lambda v: type(v) in (int, float) and v >= 0,
    'pull_request': lambda v: type(v) in (int, float) and v >= 0,
    'nightly': lambda v: type(v) in (int, float) and v >= 0,
}
_MEMBERS_26: dict[str, Check] = {
    'concurrency': lambda v: type(v) is int and v >= 1,
    'timeout_s': lambda v: type(v) in (int, float) and v <= 3600 and v > 0,
    'total_timeout_s': lambda v: type(v) in (int, float) and v <= 86400 and v > 0,
    'embeddings': lambda v: type(v) is str and len(v) >= 1,
    'moderations': lambda v: type(v) is str and len(v) >= 1,
    'budget': lambda v: type(v) is dict and members_or_own(v, _MEMBERS_25, never),
}
_PATTERN_27 = lazy_pattern('\\{version\\}')
_OPTIONS_28 = frozenset(('repository', 'per-prompt',))
_OPTIONS_29 = frozenset(('auto', 'always', 'never',))
_OPTIONS_30 = frozenset(('warn', 'fail',))
_MEMBERS_31: dict[str, Check] = {
    'tag_format': lambda v: type(v) is str and _PATTERN_27.search(v) is not None,
    'tags': lambda v: type(v) is str and v in _OPTIONS_28,
    'branches': lambda v: type(v) is list and len(v) >= 1 and all(type(v_) is str and len(v_) >= 1 for v_ in v),
    'sign': lambda v: type(v) is str and v in _OPTIONS_29,
    'allowed_signers': lambda v: type(v) is str and len(v) >= 1,
    'on_inconclusive': lambda v: type(v) is str and v in _OPTIONS_30,
}
_OPTIONS_32 = frozenset(('minor', 'patch',))
_OPTIONS_33 = frozenset(('major', 'minor',))
_MEMBERS_34: dict[str, Check] = {
    'whitespace': lambda v: type(v) is str and v in _OPTIONS_32,
    'provider_change': lambda v: type(v) is str and v in _OPTIONS_33,
    'waivers': lambda v: type(v) is list and all(_waiver(v_) for v_ in v),
}
_OPTIONS_35 = frozenset(('breaking', 'risk',))
_OPTIONS_36 = frozenset(('smoke', 'all',))
_MEMBERS_37: dict[str, Check] = {
    'fail-on': lambda v: type(v) is list and all(type(v_) is str and v_ in _OPTIONS_35 for v_ in v),
    'coverage': lambda v: type(v) in (int, float) and v >= 0 and v <= 100,
    'mutation': lambda v: type(v) is bool,
    'probes': lambda v: type(v) is str and type(v) is str and v in _OPTIONS_36,
}
_MEMBERS_38: dict[str, Check] = {
    'recordings': lambda v: type(v) is str and len(v) >= 1,
    'margin': lambda v: type(v) in (int, float) and v <= 100 and v > 0,
    'contract_margin': lambda v: type(v) in (int, float) and v <= 100 and v > 0,
}
_MEMBERS_39: dict[str, Check] = {
    'recordings': lambda v: type(v) is str and len(v) >= 1,
}
_MEMBERS_40: dict[str, Check] = {
    'fail-under': lambda v: type(v) in (int, float) and v >= 0 and v <= 100,
}
_MEMBERS_41: dict[str, Check] = {
    'release': lambda v: type(v) is str and len(v) >= 1,
    'repeats': lambda v: type(v) is int and v >= 1 and v <= 100,
}
_PATTERN_42 = lazy_pattern('^/')
_MEMBERS_43: dict[str, Check] = {
    'id': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'at': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'prompt': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'version': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'release': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'channel': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'conversation': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'trace_id': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'span_id': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'inputs': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'messages': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'output': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'tool_calls': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'finish_reason': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'model': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'fingerprint': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'usage': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'latency_s': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'cost_usd': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'error': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'cached_tokens': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'input_tokens': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'latency_ms': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'output_tokens': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'prompt_digest': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
    'request_digest': lambda v: type(v) is str and _PATTERN_42.search(v) is not None,
}
_OPTIONS_44 = frozenset(('prompt', 'version', 'release', 'channel', 'model', 'day', 'hour',))
_MEMBERS_45: dict[str, Check] = {
    'fields': lambda v: type(v) is dict and members_or_own(v, _MEMBERS_43, never),
    'by': lambda v: type(v) is list and len(v) >= 1 and distinct(v) and all(type(v_) is str and v_ in _OPTIONS_44 for v_ in v),
    'judge': lambda v: type(v) is int and v >= 0,
    'unjoined': lambda v: type(v) in (int, float) and v >= 0 and v <= 100,
    'alerts': lambda v: type(v) is list and all(_alert(v_) for v_ in v),
}
_MEMBERS_46: dict[str, Check] = {
    'metric': lambda v: type(v) is str and len(v) >= 1,
    'below': lambda v: type(v) in (int, float),
    'above': lambda v: type(v) in (int, float),
    'prompts': lambda v: type(v) is list and len(v) >= 1 and all(type(v_) is str and len(v_) >= 1 for v_ in v),
    'optional': lambda v: type(v) is bool,
}
_MEMBERS_47: dict[str, Check] = {
    'prompts': lambda v: type(v) is list and len(v) >= 1 and all(type(v_) is str and len(v_) >= 1 for v_ in v),
    'schemas': lambda v: type(v) is list and all(type(v_) is str and len(v_) >= 1 for v_ in v),
    'models': lambda v: type(v) is dict and members(v, _MEMBERS_2, _profile),
    'lint': _lint,
    'test': _test,
    'release': _release,
    'diff': _diff,
    'check': _check,
    'compare': _compare,
    'probe': _probe,
    'mutate': _mutate,
    'drift': _drift,
    'score': _score,
}

PARTS = {"": _root, "profile": _profile, "params": _params, "severity": _severity, "lint": _lint, "rule": _rule, "waiver": _waiver, "test": _test, "release": _release, "diff": _diff, "check": _check, "compare": _compare, "probe": _probe, "mutate": _mutate, "drift": _drift, "score": _score, "alert": _alert}


def fits(value: Any, part: str = '') -> bool:
    """Whether a value certainly fits the schema, or a part of its `$defs`."""
    return is_plain(value) and PARTS[part](value)
