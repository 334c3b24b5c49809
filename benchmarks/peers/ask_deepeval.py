"""DeepEval as its guide has it: each answer is asked for, then all are evaluated.

python3 ask_deepeval.py TICKETS.json, with OPENAI_BASE_URL and OPENAI_API_KEY, prints how many
passed.
"""

import json
import sys
from pathlib import Path

from deepeval import evaluate
from deepeval.metrics import BaseMetric
from deepeval.test_case import LLMTestCase
from openai import OpenAI
from tickets import chat


class IsBug(BaseMetric):
    threshold = 1
    __name__ = "is a bug"

    def measure(self, test_case, *_, **__):
        said = test_case.actual_output
        self.success = bool(json.loads(said)) and "bug" in said
        self.score = float(self.success)
        return self.score

    async def a_measure(self, test_case, *_, **__):
        return self.measure(test_case)

    def is_successful(self):
        return self.success


def ask(ticket):
    completion = client.chat.completions.create(**chat(ticket))
    return LLMTestCase(input=ticket, actual_output=completion.choices[0].message.content)


client = OpenAI()
cases = [ask(ticket) for ticket in json.loads(Path(sys.argv[1]).read_text())]
found = evaluate(cases, [IsBug()])
print(f"{sum(each.success for each in found.test_results)} passed")
