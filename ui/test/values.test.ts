import assert from "node:assert/strict";
import { test } from "node:test";
import {
  firstValue,
  fits,
  isGiven,
  nearestPointer,
  parsedJson,
  parsedNumber,
  pointer,
  shownText,
  summary,
  withInput,
  withoutInput,
} from "../src/form/values";
import type { FormField } from "../src/types";

const field = (kind: FormField["kind"], more: Partial<FormField> = {}): FormField => ({
  name: "x",
  kind,
  required: true,
  description: null,
  choices: [],
  fields: [],
  ...more,
});

test("an input that is left out differs from an empty one", () => {
  const inputs = withInput({ ticket: "help" }, "tone", "");

  assert.deepEqual([isGiven(inputs, "tone"), isGiven(withoutInput(inputs, "tone"), "tone")], [true, false]);
  assert.equal(isGiven({}, "toString"), false);
});

test("an added input has its default, else an empty value of its kind", () => {
  const row = field("table", { fields: [field("text", { name: "id" }), field("text", { name: "note", required: false })] });

  const values = [
    field("text", { default: "friendly" }),
    field("text", { default: null }),
    field("number"),
    field("boolean"),
    field("choice", { choices: ["formal", "friendly"] }),
    field("list"),
    row,
    field("object", { fields: row.fields }),
    field("history"),
    field("media"),
    field("json"),
  ].map(firstValue);

  assert.deepEqual(values, ["friendly", "", 0, false, "formal", [], [], { id: "" }, [], "", null]);
});

test("a value that a control can't show is shown as JSON", () => {
  const columns = { fields: [field("text", { name: "id" })] };
  const fitting = [
    fits(field("text"), "007"),
    fits(field("text"), 7),
    fits(field("text"), null),
    fits(field("list"), ["a", ""]),
    fits(field("list"), ["a", 1]),
    fits(field("table", columns), [{ id: "KI-7" }, {}]),
    fits(field("table", columns), [{ id: "KI-7", more: 1 }]),
    fits(field("object", columns), { id: null }),
    fits(field("history"), [{ role: "user", content: "hi" }]),
    fits(field("history"), [{ role: "user", content: [{ type: "text" }] }]),
    fits(field("choice", { choices: [1, "one"] }), "1"),
  ];

  assert.deepEqual(fitting, [true, true, false, true, false, true, false, false, true, false, false]);
});

test("a text that is not a number stays a text, for the check of the inputs", () => {
  assert.deepEqual(["7", " 2.5 ", "-1e3", "", "7 apples", "0x10"].map(parsedNumber), [7, 2.5, -1000, "", "7 apples", "0x10"]);
});

test("JSON is parsed, or has a problem", () => {
  assert.deepEqual(parsedJson('{"a": [1]}'), { value: { a: [1] } });
  assert.equal("problem" in parsedJson("{a}"), true);
});

test("values are shown in words", () => {
  assert.deepEqual(["a", 7, null, undefined, ["x"]].map(shownText), ["a", "7", "null", "", '["x"]']);
  assert.equal(summary("x".repeat(80)), `${"x".repeat(59)}…`);
  assert.deepEqual(["", [], [1], ["a", "b"], "a\nb", 4].map(summary), ["empty", "none", "1 item", "2 items", "a b", "4"]);
});

test("a problem is shown at the deepest part that contains it", () => {
  const shown = ["/items", "/items/0", "/items/0/id", "/item"];

  assert.equal(nearestPointer("/items/0/id", shown), "/items/0/id");
  assert.equal(nearestPointer("/items/0/name", shown), "/items/0");
  assert.equal(nearestPointer("/items/10", shown), "/items");
  assert.equal(nearestPointer("/other", shown), null);
  assert.equal(pointer("a/b", 0, "~"), "/a~1b/0/~0");
});
