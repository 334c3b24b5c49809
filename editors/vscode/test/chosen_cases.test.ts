import assert from "node:assert/strict";
import { test } from "node:test";

import { type CaseItem, chosenCases, isChosen } from "../src/chosen_cases";

const ask = { label: "ask", parent: undefined };
const tell = { label: "tell", parent: undefined };
const [one, two, other] = [item("one", ask), item("two", ask), item("one", tell)];

function item(label: string, parent: CaseItem): CaseItem {
  return { label, parent };
}

function chosen(include: CaseItem[], exclude: CaseItem[]): string[] {
  const found = chosenCases(include, exclude);
  const all = [one, two, other].filter(({ label, parent }) => {
    const cases = found.get(parent as CaseItem);
    return cases !== undefined && isChosen(cases, label);
  });
  return all.map(({ label, parent }) => `${parent?.label}/${label}`);
}

test("the chosen cases run without those that are hidden", () => {
  const table: [CaseItem[], CaseItem[], string[]][] = [
    [[ask, tell], [], ["ask/one", "ask/two", "tell/one"]],
    [[ask, tell], [one], ["ask/two", "tell/one"]],
    [[ask, tell], [ask], ["tell/one"]],
    [[one, two], [two], ["ask/one"]],
    [[one, ask], [two], ["ask/one"]],
    [[ask, one], [], ["ask/one", "ask/two"]],
    [[two, other], [], ["ask/two", "tell/one"]],
    [[one], [ask], []],
    [[one], [one], []],
  ];

  for (const [include, exclude, expected] of table) {
    assert.deepEqual(chosen(include, exclude), expected);
  }
});
