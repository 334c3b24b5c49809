import { deepEqual } from "node:assert/strict";
import { test } from "node:test";

import { linesOf, position } from "../src/places";

test("a column counts characters, a position units of UTF-16", () => {
  const lines = linesOf("a\r\n😀 {{ x }}\n");

  deepEqual(position(lines, 2, 3), { line: 1, character: 3 });
  deepEqual(position(lines, 1, 1), { line: 0, character: 0 });
});

test("a place after the end is the end", () => {
  deepEqual(position(linesOf("a\nbc"), 9, 9), { line: 1, character: 2 });
  deepEqual(position(linesOf("ab"), 1, 9), { line: 0, character: 2 });
});
