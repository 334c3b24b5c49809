"""TST014."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.catalog.catalog import Catalog
from promptops.catalog.schema_places import schema_locator
from promptops.lint import Problem, Severity, rule
from promptops.model.prompt import Prompt
from promptops.source.schema_validity import unchecked_formats


@rule("TST014", severity=Severity.WARNING)
def unchecked_format(prompt: Prompt, catalog: Catalog) -> Iterator[Problem]:
    """Where the output schema has a `format`, something beside it checks the answer.

    In JSON Schema, `format` is a remark. It is sent to the model, but with `format: date` the
    answer "next week" fits the schema, so tests pass and `parse` returns it. A `pattern`, an `enum`
    or a `const` is checked, also in an `allOf` beside it. The `format` of a number, as OpenAPI has
    it, is not reported. In a `json-schema` assertion, the `format` of a string alone is an error
    ([TST009](TST009.md)).

    Bad:
        output:
          format: json
          schema:
            type: object
            additionalProperties: false
            required: [day]
            properties:
              day: {type: string, format: date}

    Good:
        output:
          format: json
          schema:
            type: object
            additionalProperties: false
            required: [day]
            properties:
              day: {type: string, format: date, pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'}
    """
    schema = prompt.output.schema
    if schema is None:
        return
    locate = schema_locator(prompt.locate, "/output/schema", schema, catalog.files.defines)
    for found in unchecked_formats(schema):
        place = locate(f"/output/schema{found.pointer}", True)
        message = f"`format: {found.name}` is not checked in answers"
        yield Problem(message, at=place, hint=found.hint)
