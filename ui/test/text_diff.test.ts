import assert from "node:assert/strict";
import { test } from "node:test";
import { textDiff } from "../src/text_diff";

const short = (before: string, after: string): string =>
  textDiff(before, after)
    .map(({ kind, text }) => ({ same: text, removed: `[-${text}-]`, added: `[+${text}+]` })[kind])
    .join("");

test("words that differ are marked, and nothing else", () => {
  assert.equal(short("The reply is warm.", "The reply is very warm."), "The reply is [+very +]warm.");
  assert.equal(short("be brief", "be polite"), "be [-brief-][+polite+]");
  assert.equal(short("same", "same"), "same");
  assert.equal(short("", "new"), "[+new+]");
  assert.equal(short("old", ""), "[-old-]");
  assert.equal(short("", ""), "");
});

test("both texts can be read from the parts", () => {
  const texts = ["", "a", "a b c", "c b a", "x\n\ny  z", "Grüße, 你好!", "one two three two one", "a a a b", "b a a a"];
  for (const before of texts) {
    for (const after of texts) {
      const parts = textDiff(before, after);
      const side = (left: string) => parts.filter(({ kind }) => kind !== left).map(({ text }) => text).join("");
      assert.deepEqual([side("added"), side("removed")], [before, after]);
    }
  }
});

test("texts without a common word are one replaced block, however long they are", () => {
  const [before, after] = ["a ", "b "].map((word) => word.repeat(20_000));

  const parts = textDiff(before ?? "", after ?? "");

  assert.deepEqual(parts.map(({ kind }) => kind), ["removed", "added", "same"]);
});

test("no shorter edit exists", () => {
  const words = (seed: number) => Array.from({ length: 40 }, (_, at) => "abc"[(seed * (at + 3) * (at + 7)) % 3]).join("-");
  for (let seed = 1; seed < 20; seed += 1) {
    const [before, after] = [words(seed), words(seed + 1)];
    const edited = textDiff(before, after).filter(({ kind }) => kind !== "same");
    const count = edited.reduce((sum, { text }) => sum + (text.match(/\w+|-/g)?.length ?? 0), 0);

    assert.equal(count, shortest(before.match(/\w+|-/g) ?? [], after.match(/\w+|-/g) ?? []));
  }
});

/** The number of edits, by the table of all prefixes. */
function shortest(before: readonly string[], after: readonly string[]): number {
  let row = after.map((_, at) => at + 1);
  row.unshift(0);
  for (const [index, word] of before.entries()) {
    const next = [index + 1];
    for (const [at, other] of after.entries()) {
      const changed = Math.min(row[at + 1] ?? 0, next[at] ?? 0) + 1;
      next.push(word === other ? (row[at] ?? 0) : changed);
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
