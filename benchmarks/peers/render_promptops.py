"""Ours; the inputs are checked. python3 render_promptops.py BUNDLE"""

import sys
from functools import partial

from per_call import report
from templates import INPUTS

import promptops

prompts = promptops.load("v1.0.0", source=sys.argv[1])
ways = {name: partial(prompts[name].render, **inputs) for name, inputs in INPUTS.items()}
said = {name: [each["content"] for each in way().messages] for name, way in ways.items()}
ways |= {f"{name}, openai": lambda way=way: way().openai() for name, way in ways.items()}
ways["warm"] = lambda: promptops.load("v1.0.0", source=sys.argv[1])
known = {"v1.0.0": prompts}
ways["dict"] = lambda: known["v1.0.0"]
report(ways, said)
