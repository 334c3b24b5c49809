import assert from "node:assert/strict";
import { test } from "node:test";
import { renderProgram } from "../src/evaluate";
import { MAX_WORK, TemplateFailure } from "../src/limits";
import { Run, type Text } from "../src/scope";
import { type Dict, toValue } from "../src/values";
import { rows } from "./vectors";

interface Row {
  readonly source: string;
  readonly data: unknown;
  readonly program: string;
  readonly templates?: Record<string, [text: string, program: string | null]>;
  readonly text?: string;
  readonly error?: string;
  readonly place?: readonly [path: string, line: number, column: number];
  readonly work: number;
}

function found(row: Row): Pick<Row, "text" | "error" | "place" | "work"> {
  const load = (_: string, name: string): Text | undefined => {
    const other = row.templates?.[name];
    return other && { path: name, text: other[0], program: other[1] ?? undefined, starts: [1, 1] };
  };
  const run = new Run(load);
  const result: { text?: string; error?: string; place?: [string, number, number] } = {};
  try {
    const text: Text = { path: "main", text: row.source, program: row.program, starts: [1, 1] };
    result.text = renderProgram(text, row.program, toValue(row.data) as Dict, run);
  } catch (error) {
    if (!(error instanceof TemplateFailure)) throw error;
    result.error = error.refused ? "refused" : "failed";
    const { path = "", line = 0, column = 0 } = error.place ?? {};
    result.place = [path, line, column];
  }
  return { ...result, work: MAX_WORK - run.meter.left };
}

test("each program gives its text or its refusal, and takes the same work as in Python", () => {
  const all = rows<Row>("templates");
  for (const row of all) {
    const { text, error, work } = row;
    const { place, ...result } = found(row);
    const expected = text === undefined ? { error, work } : { text, work };
    if (row.place !== undefined) assert.deepEqual(place, row.place, row.source);
    assert.deepEqual(result, expected, `${row.source} with ${JSON.stringify(row.data)}`);
  }
  assert.ok(all.length > 5_000);
});

function rendered(program: unknown, data: unknown = {}): string {
  const written = typeof program === "string" ? program : JSON.stringify(program);
  const text: Text = { path: "main", text: "{{ … }}", program: written, starts: [1, 1] };
  return renderProgram(text, written, toValue(data) as Dict, new Run(() => undefined));
}

function refusal(program: unknown): string {
  try {
    return rendered(program);
  } catch (error) {
    assert.ok(error instanceof TemplateFailure && error.refused);
    return error.message.replace("the bundle has no valid program of this text: ", "");
  }
}

test("a program of anybody is refused where it is not valid", () => {
  let deep: unknown = ["const", 0, 1];
  for (let depth = 0; depth < 200; depth++) deep = ["not", 0, deep];
  const out = (node: unknown): unknown => ["template", 0, [["out", 0, [node]]]];

  const refusals = [
    "{",
    "[]",
    '["template",0,[],[],[]]',
    out(["danger", 0]),
    out(["constructor", 0]),
    out(["out", 0, []]),
    out(["name", -1, "a"]),
    out(["name", 0, 1]),
    out(["const", 0, []]),
    out(["binary", 0, "^", ["const", 0, 1], ["const", 0, 1]]),
    out(deep),
    `["template",0,[["out",0,[${'"a",'.repeat(20_000)}"a"]]]]`,
    out(["nsattr", 0, "a", "b"]),
    out(["slice", 0, null, null, null]),
  ].map(refusal);

  assert.deepEqual(refusals, [
    "it is not JSON",
    "an operation is missing",
    "`template` has 4 fields",
    "the operation `danger` is unknown; install a newer promptops",
    "the operation `constructor` is unknown; install a newer promptops",
    "`out` in a place for expression",
    "an offset outside of the text",
    "a field is not a string",
    "a constant is a string, a number, a boolean or null",
    "there is no operator `^`",
    "it is too large",
    "it is too large",
    "`nsref` is not allowed here",
    "a value of another kind can't be printed",
  ]);
});

test("a failure is at its line and its column in the file, counted in characters", () => {
  const program = JSON.stringify(["template", 0, [["out", 0, ["😀\n", ["name", 5, "a"]]]]]);
  const places = (
    [
      [7, 3],
      [
        [7, 9],
        [20, 5],
      ],
    ] as const
  ).map((starts) => {
    const text: Text = { path: "a.yaml", text: "😀\n{{ a }}", program, starts };
    try {
      return renderProgram(text, program, toValue({}) as Dict, new Run(() => undefined));
    } catch (error) {
      return error instanceof TemplateFailure && error.place;
    }
  });

  assert.deepEqual(places, [
    { path: "a.yaml", line: 8, column: 6 },
    { path: "a.yaml", line: 20, column: 8 },
  ]);
});

test("names of JavaScript are only names", () => {
  const name = ["template", 0, [["out", 0, [["name", 3, "constructor"]]]]];

  assert.throws(() => rendered(name), {
    message: "`constructor` is undefined",
    place: { path: "main", line: 1, column: 4 },
  });
  assert.equal(rendered(name, JSON.parse('{"constructor": 1, "__proto__": 2}')), "1");
});

test("a float of a program prints as a float, and a long integer keeps its digits", () => {
  const values = "1.0 1 -0.0 1e20 1e16 0.0001 1e-05 123456789012345678901234567890".split(" ");

  const texts = values.map((value) => rendered(`["template",0,[["out",0,[["const",0,${value}]]]]]`));

  assert.deepEqual(texts, "1.0 1 -0.0 1e+20 1e+16 0.0001 1e-05 123456789012345678901234567890".split(" "));
});

test("a number of the data that is whole is a whole number", () => {
  assert.equal(rendered(["template", 0, [["out", 0, [["name", 0, "n"]]]]], { n: 1.0 }), "1");
});
