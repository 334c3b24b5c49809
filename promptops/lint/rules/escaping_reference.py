"""SEC010."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.analysis.includes import includes
from promptops.catalog.catalog import Catalog
from promptops.lint import Problem, Severity, rule
from promptops.lint.searchable_text import templates
from promptops.model.loaded import FileReference
from promptops.source.document import Document


@rule("SEC010", severity=Severity.ERROR, unsuppressable=True)
def escaping_reference(
    problems: Sequence[Problem],
    catalog: Catalog,
    document: Document,
    references: Sequence[FileReference],
) -> Iterator[Problem]:
    """All files that a prompt refers to are inside the repository.

    Machines with API keys read prompts. An include of `/etc/passwd` or `../../.env`, or of a
    symbolic link that leads outside the repository, would put that file into a request. A URL would
    let its owner change the prompt after the review. Name templates, body files, schemas, tools,
    cases and media by paths below their root or, with `./`, relative to the file that names them.
    Comments can't suppress this rule.

    Bad:
        messages:
          - role: user
            content: |
              {% include "../secrets.md.j2" %}

    Bad:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        messages:
          - role: user
            content: |
              {% include "partials/rules.md.j2" %}
        --- prompts/partials/rules.md.j2
        {% include "/etc/hostname" %}

    Bad:
        inputs:
          properties:
            ticket: {$ref: "https://schemas.example.com/ticket.json"}

    Good:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        messages:
          - role: user
            content: |
              {% include "partials/rules.md.j2" %}
        --- prompts/partials/rules.md.j2
        Answer in one sentence.
    """
    for problem in problems:
        if problem.code == "SEC010":
            yield problem
    for text in templates(catalog, document, references):
        for include in includes(text):
            place = text.place(include.start, include.end)
            found = catalog.resolver.follow("template", include.name, place, text.path)
            if isinstance(found, Problem):
                yield found
