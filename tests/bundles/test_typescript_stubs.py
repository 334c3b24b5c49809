"""The TypeScript module of `promptops stubs`: its text, and what `tsc` reports for calls."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from promptops.bundles.build import build
from promptops.cli.main import run
from promptops.commands.stubs.command import load_stubs
from promptops.commands.stubs.typescript_module import typescript_source
from promptops.model.prompt import Output, Prompt
from promptops.model.shipping import Stubs
from tests.bundles.test_stubs import ROOT, SMALL, TYPES
from tests.conformance.test_js_package import SOURCES, npm, with_packages


@pytest.fixture
def small(repo):
    repo.write({"prompts/support/sort.prompt.yaml": SMALL})
    repo.commit("one")
    repo.git("tag", "-a", "v1.0.0", "-m", "v1.0.0")
    return repo


def stubs_of(*prompts: Prompt) -> str:
    return typescript_source(
        Stubs(title="x", release=None, digest=None, made_by="x", prompts=prompts)
    )


def prompt(
    name: str = "a",
    inputs: dict[str, Any] | None = None,
    output: Output | None = None,
    **more: Any,
) -> Prompt:
    return Prompt(
        id=name,
        path="prompts/a.prompt.yaml",
        locate=lambda *_: None,  # type: ignore[arg-type, return-value]  # nothing is placed here
        inputs=inputs or {},
        output=output or Output(),
        messages=(),
        **more,
    )


def test_a_small_catalog_as_a_module(small):
    digest = build(small.root, "v1.0.0").contents.digest

    text = typescript_source(load_stubs(small.root, "v1.0.0", "typed.ts"))

    assert (
        text
        == f"""\
/**
 * Typed prompts of v1.0.0: made by promptops, not to be edited.
 *
 * Release: v1.0.0
 * Bundle: sha256:{digest}
 * Made by: promptops stubs v1.0.0 -o typed.ts --format typescript
 */
/* eslint-disable */
import type {{ Prompt }} from "promptops";

/** The release that these types describe: `release` of a bundle. */
export const RELEASE = "v1.0.0";
/** Its bundle: `digest` of a bundle. */
export const DIGEST = "{digest}";

/** What `support/sort` takes. */
export interface SupportSortInputs {{
  /** Verbatim. */
  ticket: string;
  tone?: "formal" | "friendly" | null | undefined;
  class?: number | null | undefined;
}}

export interface SupportSortNode {{
  /** As printed. */
  "order-id": string;
  below?: SupportSortNode[];
}}

export interface SupportSortOutput {{
  urgency: number;
  tree: SupportSortNode;
}}

/** Sort one ticket; say "why". */
export type SupportSort = Prompt<SupportSortInputs, SupportSortOutput>;

/** The prompts of v1.0.0 by id, for `load<Prompts>(…)` and `readBundle<Prompts>(…)`. */
export interface Prompts {{
  "old/sort": SupportSort;
  "support/sort": SupportSort;
}}
"""
    )


def test_the_command_writes_it_with_the_options_of_the_python_module(small, capfd):
    at = ("-C", str(small.root))

    assert run(["stubs", "v1.0.0", "--format", "typescript", *at]) == 0
    printed = capfd.readouterr()
    assert run(["stubs", "v1.0.0", "--format", "typescript", "-o", "typed.ts", *at]) == 0
    silent = capfd.readouterr()
    assert run(["stubs", "v9", "--format", "typescript", *at]) != 0
    failed = capfd.readouterr()

    assert (printed.err, silent.out, silent.err) == ("", "", "wrote typed.ts\n")
    written = (small.root / "typed.ts").read_text()
    assert written == printed.out.replace("stubs v1.0.0 ", "stubs v1.0.0 -o typed.ts ")
    assert (failed.out, "there is no revision 'v9'" in failed.err) == ("", True)


# Schemas of all kinds: the type of an answer.

OUTPUTS = [
    ({}, "unknown"),
    ({"type": "string", "format": "date"}, "string"),
    ({"type": ["string", "null", "integer"]}, "string | number | null"),
    ({"type": ["integer", "number"]}, "number"),
    ({"enum": ["a", 1, True, None]}, '"a" | 1 | true | null'),
    ({"enum": [1.5, "a"]}, '"a" | number'),
    ({"enum": [1, 2**60]}, "1 | number"),
    ({"enum": [[1], {"a": 1}]}, "unknown[] | { [key: string]: unknown }"),
    ({"enum": [f"v{n}" for n in range(300)]}, "string"),
    ({"const": 'a"\\\n\u202e\u2028\U000e0041\ud800'}, r'"a\"\\\n\u202e\u2028\u{e0041}\ud800"'),
    ({"type": "array"}, "unknown[]"),
    ({"type": "array", "items": {"enum": ["a", "b"]}}, '("a" | "b")[]'),
    ({"items": {"type": "array", "items": {"type": ["string", "null"]}}}, "(string | null)[][]"),
    (
        {"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "boolean"}},
        "(string | boolean)[]",
    ),
    ({"type": "object"}, "{ [key: string]: unknown }"),
    ({"additionalProperties": {"type": "integer"}}, "{ [key: string]: number }"),
    ({"patternProperties": {"^x": {"type": "integer"}}, "type": "object"},
     "{ [key: string]: unknown }"),
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string | null"),
    ({"oneOf": [{"properties": {"a": True}}, {"properties": {"b": True}}]}, "AOutput2 | AOutput3"),
    ({"not": {"type": "string"}}, "unknown"),
    ({"$ref": "#/$defs/x", "$defs": {"x": {"type": "boolean"}}}, "boolean"),
    ({"$ref": "#/$defs/x", "$defs": {"x": {"properties": {"a": True}}}}, "AOutput2"),
    ({"$ref": "#/nowhere"}, "unknown"),
    ({"type": 7, "enum": "x", "anyOf": {}, "allOf": 3, "properties": []}, "unknown"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "expected"), OUTPUTS)
def test_what_a_schema_means(schema, expected):
    text = stubs_of(prompt(output=Output(format="json", schema=schema)))

    assert text.partition("export type AOutput = ")[2].partition(";\n")[0] == expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (Output(), "string"),
        (Output(format="markdown"), "string"),
        (Output(format="json"), "unknown"),
    ],
)
def test_an_answer_without_a_schema_is_a_string_or_any_data(output, expected):
    assert f"export type AOutput = {expected};\n" in stubs_of(prompt(output=output))


def test_inputs_of_all_kinds():
    inputs = {
        "required": ["many", "toned"],
        "properties": {
            "many": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
            "toned": {"type": "string", "default": "dry"},
            "open": {"properties": {"a": {"type": "string"}}, "additionalProperties": True},
            "closed": {"properties": {"a": {"type": "string"}}},
            "object": {"type": "object"},
            "counts": {"additionalProperties": {"type": "integer"}},
            "any": True,
            "never": False,
            "long": {"enum": [f"a rather long value number {n}" for n in range(4)]},
        },
    }

    text = stubs_of(prompt(inputs=inputs))

    assert (
        """\
export interface AInputsOpen {
  a?: string | undefined;
  [key: string]: unknown;
}

export interface AInputsClosed {
  a?: string | undefined;
}

/** What `a` takes. */
export interface AInputs {
  many: readonly (readonly string[])[];
  toned?: string | undefined;
  open?: AInputsOpen | undefined;
  closed?: AInputsClosed | undefined;
  object?: object | undefined;
  counts?: { [key: string]: number } | undefined;
  any?: unknown;
  long?:
    | "a rather long value number 0"
    | "a rather long value number 1"
    | "a rather long value number 2"
    | "a rather long value number 3" | undefined;
}
"""
        in text
    )


def test_of_alternative_inputs_each_may_be_given_with_either_type():
    either = [
        {"required": ["a"], "properties": {"b": {"type": "integer"}}},
        {"required": ["b"], "properties": {"b": {"type": "string"}}},
    ]

    text = stubs_of(prompt(inputs={"properties": {"a": {"type": "integer"}}, "anyOf": either}))

    assert "  b?: number | string | undefined;\n  a?: number | undefined;\n}" in text


def test_names_that_collide_are_numbered():
    prompts = [prompt(name) for name in ("a-b", "a.b", "a/b", "prompt", "prompts", "a-b-inputs")]

    text = stubs_of(*prompts)

    assert text.partition("export interface Prompts {\n")[2] == (
        '  "a-b": AB;\n  "a-b-inputs": ABInputs;\n  "a.b": AB2;\n  "a/b": AB3;\n'
        '  "prompt": Prompt2;\n  "prompts": Prompts2;\n}\n'
    )
    assert "export type AB = Prompt<ABInputs2, ABOutput>;" in text


def test_a_description_can_not_end_its_comment_or_switch_off_a_check():
    hostile = "*/ alert(1) /*\n@ts-expect-error\n * @ts-ignore\u2028{@link x}\x00\u202e a@b.example"
    inputs = {"properties": {"a": {"description": hostile}}}

    text = stubs_of(
        prompt(inputs=inputs, description="@ts-expect-error"),
        prompt("b", status="deprecated", replaced_by="a", description="Old."),
    )

    assert (
        r"""  /**
   * *\/ alert(1) /*
   * \@ts-expect-error
   *  * \@ts-ignore\u2028{\@link x}\x00\u202e a@b.example
   */
  a?: unknown;
"""
        in text
    )
    assert "/** \\@ts-expect-error */\nexport type A = " in text
    assert (
        "/**\n * Old.\n *\n * It is deprecated; use `a`.\n *\n * @deprecated\n */\nexport type B ="
    ) in text


# What the compiler reports.

PROGRAM = """\
import { type Bundle, type Prompt, load, readBundle } from "promptops";
import type { Prompts, SupportTriageInputs } from "./prompts";
import type { Prompts as Hostile } from "./hostile";
import type { Prompts as Own } from "./own";

export async function desk(data: Uint8Array): Promise<string> {
  const prompts: Bundle<Prompts> = await readBundle<Prompts>(data);
  const triage = prompts.get("support/triage");
  const known = [{ id: "KI-1", title: "Red light" }] as const;
  const inputs: SupportTriageInputs = { ticket: "It blinks.", product: "hub", known_issues: known };
  const request = triage.render(inputs);
  triage.render({ ticket: "", product: "hub", tone: undefined });
  const { value } = triage.parse("{}");
  const category: "bug" | "how_to" | "billing" | "other" | "account" = value.category;
  const issue: string | null = value.known_issue;
  const loaded: Bundle<Prompts> = await load<Prompts>("v1.0.0", { source: "/prompts" });
  const text: string = loaded.get("summaries/meeting-notes").parse("").value;
  const any: Prompt = triage;
  const untyped = (await readBundle(data)).get("a" + "b");
  untyped.render({ a: 1 }).prompt.toUpperCase();
  untyped.render();
  prompts.get("answers/faq");

  // @ts-expect-error: a misspelt id
  prompts.get("support/triag");
  // @ts-expect-error: an id that is not known at compile time
  prompts.get("support/" + "triage");
  // @ts-expect-error: a missing input
  triage.render({ product: "hub" });
  // @ts-expect-error: no inputs
  triage.render();
  // @ts-expect-error: a misspelt input
  triage.render({ tikcet: "", ticket: "", product: "hub" });
  // @ts-expect-error: a value that the enum does not have
  triage.render({ ticket: "", product: "hubs" });
  // @ts-expect-error: another type
  triage.render({ ticket: 7, product: "hub" });
  // @ts-expect-error: null is not undefined
  triage.render({ ticket: "", product: "hub", tone: null });
  // @ts-expect-error: a missing key of a nested object
  triage.render({ ticket: "", product: "hub", known_issues: [{ id: "" }] });
  // @ts-expect-error: a misspelt key of the answer
  triage.parse("").value.categry;
  // @ts-expect-error: another type of a key of the answer
  const urgency: string = triage.parse("").value.urgency;
  // @ts-expect-error: the answer is a string
  const number: number = prompts.get("summaries/meeting-notes").parse("").value;

  return [category, issue, text, any.id, request.prompt, urgency, number].join();
}

export function hostile(bundle: Bundle<Hostile>, own: Bundle<Own>): unknown {
  own.get("own").render({ "a-b": 1, class: "x", constructor: true, "": [] });
  // @ts-expect-error: a key of a reserved word has its type, too
  own.get("own").render({ class: 1 });
  const tree = bundle.get("a").parse("").value.tree;
  return tree?.below?.below?.Next;
}
"""


def tsc(folder: Path, *files: str) -> str:
    options = {
        "strict": True,
        "exactOptionalPropertyTypes": True,
        "noUncheckedIndexedAccess": True,
        "noEmit": True,
        "target": "ES2022",
        "module": "ESNext",
        "moduleResolution": "Bundler",
        "lib": ["ES2023", "DOM", "DOM.Iterable"],
        "types": [],
        "paths": {"promptops": [str(SOURCES / "out" / "types" / "main.d.ts")]},
    }
    config = {"compilerOptions": options, "files": files}
    (folder / "tsconfig.json").write_text(json.dumps(config), "utf-8")
    command = ["node", str(SOURCES / "node_modules/typescript/bin/tsc"), "-p", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def hostile_module() -> str:
    """Schemas of all kinds, below keys of all kinds."""
    keys = ["class", "string", "__proto__", "constructor", "a-b", "", "ä", '"', "\\", "A", "1"]
    keys += ["readonly", "\u202e", "\u2028", "*/", "${x}", "`", "\ud800", "\U000e0041"]
    node = {"properties": {"below": {"$ref": "#/$defs/node"}, "Next": {"$ref": "#/$defs/node"}}}
    schema = {
        "$defs": {"node": node, "many": {"items": {"$ref": "#/$defs/many"}}},
        "properties": {
            **{key: {"type": ["string", "null"], "description": f"{key}*/"} for key in keys},
            **{f"k{number}": schema for number, (schema, _) in enumerate([*TYPES, *OUTPUTS])},
            "tree": {"$ref": "#/$defs/node"},
            "many": {"$ref": "#/$defs/many"},
            "either": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "string"}]},
        },
    }
    output = Output(format="json", schema=schema)
    ids = ["a", "a-b", "a.b", "class", "prompts", "release", "string", "1", "x*/y"]
    return stubs_of(
        *(prompt(name, schema, output, description="*/ @ts-ignore\n@ts-nocheck") for name in ids)
    )


def own_module() -> str:
    keys = {"a-b": "integer", "class": "string", "constructor": "boolean", "": "array"}
    return stubs_of(
        prompt("own", {"properties": {key: {"type": kind} for key, kind in keys.items()}})
    )


@with_packages
def test_the_compiler_accepts_the_modules_and_refuses_wrong_calls(tmp_path):
    npm("build")
    (tmp_path / "prompts.ts").write_text(typescript_source(load_stubs(ROOT, "worktree")), "utf-8")
    (tmp_path / "hostile.ts").write_bytes(hostile_module().encode("utf-8", "strict"))
    (tmp_path / "own.ts").write_text(own_module(), "utf-8")
    (tmp_path / "program.ts").write_text(PROGRAM, "utf-8")

    assert tsc(tmp_path, "prompts.ts", "hostile.ts", "own.ts", "program.ts") == ""
