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

/** The shortest edits, by Myers' algorithm: `reached[k]` is the furthest place on diagonal k. */
function edits(old: string[], now: string[]): DiffPart[] {
  const trace: Map<number, number>[] = [];
  const reached = new Map([[1, 0]]);
  for (let count = 0; count <= old.length + now.length; count += 1) {
    if (count > MOST_EDITS) {
      return replaced(old, now);
    }
    trace.push(new Map(reached));
    for (let k = -count; k <= count; k += 2) {
      let x = stepsDown(reached, k, count) ? (reached.get(k + 1) ?? 0) : (reached.get(k - 1) ?? 0) + 1;
      while (x < old.length && x - k < now.length && old[x] === now[x - k]) {
        x += 1;
      }
      reached.set(k, x);
      if (x >= old.length && x - k >= now.length) {
        return walkedBack(trace, old, now);
      }
    }
  }
  return [];
}

function stepsDown(reached: Map<number, number>, k: number, count: number): boolean {
  return k === -count || (k !== count && (reached.get(k - 1) ?? -1) < (reached.get(k + 1) ?? -1));
}

function walkedBack(trace: Map<number, number>[], old: string[], now: string[]): DiffPart[] {
  const parts: DiffPart[] = [];
  let [x, y] = [old.length, now.length];
  for (let count = trace.length - 1; count >= 0; count -= 1) {
    const reached = trace[count] ?? new Map<number, number>();
    const k = x - y;
    const down = stepsDown(reached, k, count);
    const fromX = reached.get(down ? k + 1 : k - 1) ?? 0;
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
