"""`traced` around a call, without OpenTelemetry. python3 trace_call.py BUNDLE"""

import sys
from contextlib import nullcontext

sys.modules["opentelemetry"] = None  # as if it were not installed

from per_call import report  # noqa: E402
from templates import INPUTS  # noqa: E402

import promptops  # noqa: E402

name, inputs = next(iter(INPUTS.items()))
request = promptops.load("v1.0.0", source=sys.argv[1])[name].render(**inputs)


def traced():
    with promptops.traced(request) as call:
        call.answer = "Yes."
        return call.answer


def bare():
    with nullcontext():
        return "Yes."


report({"traced": traced, "bare": bare}, {"traced": [traced()], "bare": [bare()]})
