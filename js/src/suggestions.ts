/** Finds the known name that is most similar to a mistyped one, as Python's `difflib` compares them. */

const MAX_NAME_CHARS = 255;
const MAX_KNOWN_CHARS = 10_000;
const COMPARED = 20; // names that are compared exactly: those with the most pairs of characters in common
const CUTOFF = 0.6;
const SHORTEST = 3;

/** The most similar channel, or the only one that a name of 3 or more letters abbreviates. */
export function nearestChannel(name: string, channels: readonly string[]): string | undefined {
  const longer = channels.filter((each) => name.length >= SHORTEST && each.startsWith(name));
  return nearestName(name, channels) ?? (longer.length === 1 ? longer[0] : undefined);
}

/** Undefined if no name is similar; known names beyond `maxChars` in total are ignored. */
export function nearestName(word: string, known: readonly string[], maxChars = MAX_KNOWN_CHARS): string | undefined {
  if (word.length > MAX_NAME_CHARS) return undefined;
  let left = maxChars;
  const end = known.findIndex((name) => (left -= name.length) < 0);
  const names = end < 0 ? known : known.slice(0, end);
  const near = byScore(likely(word, names), (name) => similarity(name, word))
    .filter((name) => similarity(name, word) >= CUTOFF)
    .slice(0, 3);
  // Exchanged letters are the most frequent mistake.
  const sorted = (name: string): string => [...name].sort().join("");
  const exchanged = near.find((name) => sorted(name) === sorted(word));
  return exchanged ?? near[0] ?? names.find((name) => name.toLowerCase() === word.toLowerCase());
}

/** The names that share most with a word; comparing all of many similar names takes seconds. */
function likely(word: string, names: readonly string[]): readonly string[] {
  if (names.length <= COMPARED) return names;
  const own = pairs(word);
  const shared = (name: string): number =>
    [...pairs(name)].filter((pair) => own.has(pair)).length - name.length / MAX_NAME_CHARS;
  return byScore(names, shared).slice(0, COMPARED);
}

function byScore(names: readonly string[], score: (name: string) => number): string[] {
  return names
    .map((name) => [score(name), name] as const)
    .sort(([left, first], [right, second]) => right - left || (first < second ? 1 : -1))
    .map(([, name]) => name);
}

/** The pairs of adjacent characters, with both ends. */
function pairs(name: string): Set<string> {
  const ended = `^${name}$`;
  return new Set(Array.from({ length: ended.length - 1 }, (_, at) => ended.slice(at, at + 2)));
}

/** From 0 to 1. */
function similarity(left: string, right: string): number {
  return left.length + right.length === 0 ? 1 : (2 * matches(left, right)) / (left.length + right.length);
}

/** The characters in common: those of the longest common part, and of what is before it and behind it. */
function matches(left: string, right: string): number {
  let [length, atLeft, atRight] = [0, 0, 0];
  for (let start = 0; start < left.length; start++) {
    for (let at = 0; at < right.length; at++) {
      let same = 0;
      while (start + same < left.length && left[start + same] === right[at + same]) same += 1;
      if (same > length) [length, atLeft, atRight] = [same, start, at];
    }
  }
  if (length === 0) return 0;
  const before = matches(left.slice(0, atLeft), right.slice(0, atRight));
  return before + length + matches(left.slice(atLeft + length), right.slice(atRight + length));
}
