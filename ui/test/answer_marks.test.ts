import assert from "node:assert/strict";
import { test } from "node:test";
import { cutWords, isWrong, markedParts, markTitle } from "../src/answer_marks";
import type { AssertionResult, ModelAnswer } from "../src/types";

function result(status: AssertionResult["status"], type: string, ...at: [number, number][]): AssertionResult {
  return { status, type, reason: `about ${type}`, at } as unknown as AssertionResult;
}

test("an answer is marked where assertions found something, in characters as Python counts them", () => {
  const parts = markedParts("😀 sorry, sorry", [
    result("passed", "contains", [2, 7], [9, 14]),
    result("failed", "not-regex", [2, 4]),
    result("passed", "output"),
  ]);

  assert.deepEqual(
    parts.map(({ text, results }) => [text, results.map(({ type }) => type)]),
    [
      ["😀 ", []],
      ["so", ["contains", "not-regex"]],
      ["rry", ["contains"]],
      [", ", []],
      ["sorry", ["contains"]],
    ],
  );
  assert.deepEqual(parts.map(isWrong), [false, true, false, false, false]);
  assert.equal(markTitle(parts[1]!), "passed: contains: about contains\nfailed: not-regex: about not-regex");
  assert.deepEqual(markedParts("", []), []);
});

test("an answer that was cut says at which limit", () => {
  const words = (wasCut: boolean, limit: number | null) => cutWords({ was_cut: wasCut, limit } as ModelAnswer);

  assert.deepEqual(
    [words(true, 12), words(true, null), words(false, 12)],
    ["The answer was cut at its limit of 12 tokens.", "The answer was cut at its limit.", null],
  );
});
