/** Which cases a run in the Testing view includes. No import of `vscode`, for tests. */

/** A prompt, or a case below it. */
export interface CaseItem {
  readonly label: string;
  readonly parent: CaseItem | undefined;
}

/** Names of cases of one prompt; without `only`, all but those of `without`. */
export interface ChosenCases {
  readonly only: readonly string[] | undefined;
  readonly without: readonly string[];
}

/** The prompts of which cases run, in order. What is hidden in the view is excluded. */
export function chosenCases<Item extends CaseItem>(
  include: readonly Item[],
  exclude: readonly Item[],
): Map<Item, ChosenCases> {
  const hidden = new Set<CaseItem>(exclude);
  const found = new Map<Item, ChosenCases>();
  for (const item of include) {
    const prompt = (item.parent ?? item) as Item;
    if (hidden.has(prompt) || hidden.has(item)) {
      continue;
    }
    const before = found.get(prompt);
    const all = item === prompt || (before !== undefined && before.only === undefined);
    const only = all ? undefined : [...(before?.only ?? []), item.label];
    const without = exclude.filter(({ parent }) => parent === prompt).map(({ label }) => label);
    found.set(prompt, { only, without });
  }
  return found;
}

/** Whether the case of a name is one of them. */
export function isChosen({ only, without }: ChosenCases, name: string): boolean {
  return (only?.includes(name) ?? true) && !without.includes(name);
}
