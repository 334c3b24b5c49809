/** What differs between two texts, in words. */

export interface DiffPart {
  readonly kind: "same" | "removed" | "added";
  readonly text: string;
}

/** More differing words than these are shown as one replaced block. */
const MOST_EDITS = 1500;

/** The parts of both texts in order: without `added` they are `before`, without `removed` `after`. */
export function textDiff(before: string, after: string): DiffPart[] {
  const [old, now] = [words(before), words(after)];
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) {
    start += 1;
  }
  let end = 0;
  while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) {
    end += 1;
  }
  const head = old.slice(0, start).map((text): DiffPart => ({ kind: "same", text }));
  const tail = old.slice(old.length - end).map((text): DiffPart => ({ kind: "same", text }));
  const middle = edits(old.slice(start, old.length - end), now.slice(start, now.length - end));
  return joined([...head, ...middle, ...tail]);
}

function words(text: string): string[] {
  return text.match(/\n|[^\S\n]+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];
}

/** The furthest places after `count` edits: on the diagonals -count, -count + 2, …, count. */
type Reached = readonly number[];

/** The shortest edits, by Myers' algorithm. */
function edits(old: string[], now: string[]): DiffPart[] {
  const trace: Reached[] = [];
  for (let count = 0; count <= old.length + now.length; count += 1) {
    if (count > MOST_EDITS) {
      return replaced(old, now);
    }
    const before = trace.at(-1) ?? [];
    const reached: number[] = [];
    trace.push(reached);
    for (let k = -count; k <= count; k += 2) {
      let x = stepsDown(before, k) ? place(before, k + 1) : place(before, k - 1) + 1;
      while (x < old.length && x - k < now.length && old[x] === now[x - k]) {
        x += 1;
      }
      reached.push(x);
      if (x >= old.length && x - k >= now.length) {
        return walkedBack(trace, old, now);
      }
    }
  }
  return [];
}

function stepsDown(before: Reached, k: number): boolean {
  return place(before, k - 1) < place(before, k + 1);
}

/** The furthest place on a diagonal; -1 if it is not reached. */
function place(reached: Reached, k: number): number {
  return reached[(k + reached.length - 1) / 2] ?? -1;
}

function walkedBack(trace: readonly Reached[], old: string[], now: string[]): DiffPart[] {
  const parts: DiffPart[] = [];
  let [x, y] = [old.length, now.length];
  for (let count = trace.length - 1; count >= 0; count -= 1) {
    const before = trace[count - 1] ?? [];
    const k = x - y;
    const down = stepsDown(before, k);
    const fromX = place(before, down ? k + 1 : k - 1);
    const fromY = fromX - (down ? k + 1 : k - 1);
    while (x > 0 && y > 0 && x > fromX && y > fromY) {
      x -= 1;
      y -= 1;
      parts.push({ kind: "same", text: old[x] ?? "" });
    }
    if (count > 0) {
      parts.push(down ? { kind: "added", text: now[fromY] ?? "" } : { kind: "removed", text: old[fromX] ?? "" });
    }
    [x, y] = [fromX, fromY];
  }
  return parts.reverse();
}

function replaced(old: string[], now: string[]): DiffPart[] {
  const parts: DiffPart[] = [
    { kind: "removed", text: old.join("") },
    { kind: "added", text: now.join("") },
  ];
  return parts.filter(({ text }) => text !== "");
}

function joined(parts: DiffPart[]): DiffPart[] {
  const found: DiffPart[] = [];
  for (const part of parts) {
    const last = found.at(-1);
    if (last?.kind === part.kind) {
      found[found.length - 1] = { kind: part.kind, text: last.text + part.text };
    } else {
      found.push(part);
    }
  }
  return found;
}
