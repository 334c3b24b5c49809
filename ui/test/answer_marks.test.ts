import assert from "node:assert/strict";
import { test } from "node:test";

import { cutWords, isWrong, markedParts, markTitle } from "../src/answer_marks";
import type { AssertionResult, ModelAnswer } from "../src/types";

function result(type: string, status: AssertionResult["status"], at: [number, number][]): AssertionResult {
  const place = { path: "a", line: 1, column: 1, end_line: 1, end_column: 1 };
  return { type, status, at, must: true, reason: "why", place, on: "answer", score: null, compared: null };
}

test("an answer is split where assertions found something, in characters", () => {
  const found = result("contains", "passed", [[2, 4]]);
  const wrong = result("not-contains", "failed", [[3, 6]]);

  const parts = markedParts("😀 abcdé", [found, wrong, result("length", "passed", [])]);

  const shown = parts.map((part) => [part.text, part.results.map(({ type }) => type).join(" "), isWrong(part)]);
  assert.deepEqual(shown, [
    ["😀 ", "", false],
    ["a", "contains", false],
    ["b", "contains not-contains", true],
    ["cd", "not-contains", true],
    ["é", "", false],
  ]);
  assert.equal(parts.map(({ text }) => text).join(""), "😀 abcdé");
  assert.equal(parts[2] && markTitle(parts[2]), "passed: contains: why\nfailed: not-contains: why");
});

test("an answer that was cut at its limit says so", () => {
  const words = (limit: number | null, wasCut: boolean) =>
    cutWords({ limit, was_cut: wasCut } as Partial<ModelAnswer> as ModelAnswer);

  assert.equal(words(50, true), "The answer was cut at its limit of 50 tokens.");
  assert.equal(words(null, true), "The answer was cut at its limit.");
  assert.equal(words(50, false), null);
});
