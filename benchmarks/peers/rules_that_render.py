"""The codes of the rules that render test cases: each is run alone over one prompt, and watched.

python3 rules_that_render.py PATH, in its repository
"""

import sys
from datetime import date
from pathlib import Path

from promptops.lint.engine import lint_one
from promptops.lint.registry import built_in
from promptops.runtime.request.render import Renderer
from promptops.workspace.workspace import workspace

rendered = []
trace = Renderer.trace
Renderer.trace = lambda self, inputs: rendered.append(inputs) or trace(self, inputs)


def renders(rule):
    rendered.clear()
    with workspace(Path(), "worktree") as found:
        lint_one(found.catalog, found.catalog.loaded(sys.argv[1]), [rule], date.today())
    return bool(rendered)


print(",".join(code for code, rule in built_in().items() if renders(rule)))
