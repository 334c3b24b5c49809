/** A strict reader of JSON, which keeps what `JSON.parse` loses: 1.0 and 1, long integers, repeated keys. */
import { WholeFloat, int } from "./numbers";

/** How a text is read. */
export interface JsonReading {
  /** Creates an object from its members, in order. */
  readonly object: (members: [string, unknown][]) => unknown;
  /** Creates a number from its text, for one that is not a plain whole number. */
  readonly number: (text: string) => unknown;
  /** The largest nesting. */
  readonly depth: number;
}

export class NotJson extends Error {}

/** A text that is nested deeper than a reading allows. */
export class TooDeep extends NotJson {}

export function readJson(text: string, reading: JsonReading): unknown {
  return new Reader(text, reading).whole();
}

/** A number as a template has it. */
export function exactNumber(text: string): unknown {
  if (!/[.eE]/.test(text)) return int(BigInt(text));
  const value = Number(text);
  return Number.isSafeInteger(value) ? new WholeFloat(value) : value;
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const BLANK = /[ \t\n\r]*/y;
const ESCAPES: Record<string, string> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

class Reader {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly reading: JsonReading,
  ) {}

  whole(): unknown {
    this.match(BLANK);
    const value = this.value(0);
    this.match(BLANK);
    return this.at === this.text.length ? value : this.wrong();
  }

  private value(depth: number): unknown {
    const char = this.text[this.at];
    if (char === '"') return this.string();
    if (char === "{") return this.object(depth);
    if (char === "[") return this.list(depth);
    if (this.word("true")) return true;
    if (this.word("false")) return false;
    if (this.word("null")) return null;
    const written = this.match(NUMBER);
    if (!written) return this.wrong();
    return written.length < 16 && /^-?[0-9]+$/.test(written) ? Number(written) + 0 : this.reading.number(written);
  }

  private list(depth: number): unknown[] {
    const found: unknown[] = [];
    this.enter(depth);
    if (this.sign("]")) return found;
    do {
      this.match(BLANK);
      found.push(this.value(depth + 1));
      this.match(BLANK);
    } while (this.sign(","));
    return this.sign("]") ? found : this.wrong();
  }

  private object(depth: number): unknown {
    const found: [string, unknown][] = [];
    this.enter(depth);
    if (this.sign("}")) return this.reading.object(found);
    do {
      this.match(BLANK);
      if (this.text[this.at] !== '"') this.wrong();
      const key = this.string();
      this.match(BLANK);
      if (!this.sign(":")) this.wrong();
      this.match(BLANK);
      found.push([key, this.value(depth + 1)]);
      this.match(BLANK);
    } while (this.sign(","));
    return this.sign("}") ? this.reading.object(found) : this.wrong();
  }

  private enter(depth: number): void {
    if (depth >= this.reading.depth) throw new TooDeep("nested too deep");
    this.at += 1;
    this.match(BLANK);
  }

  private string(): string {
    this.at += 1;
    let found = this.match(PLAIN);
    while (!this.sign('"')) {
      if (!this.sign("\\")) this.wrong();
      found += this.escape() + this.match(PLAIN);
    }
    return found;
  }

  private escape(): string {
    const char = this.text[this.at++] ?? "";
    if (char !== "u") return ESCAPES[char] ?? this.wrong();
    const digits = this.text.slice(this.at, this.at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.wrong();
    this.at += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? "";
    this.at += found.length;
    return found;
  }

  private sign(char: string): boolean {
    if (this.text[this.at] !== char) return false;
    this.at += 1;
    return true;
  }

  private word(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  private wrong(): never {
    throw new NotJson(`this is not JSON at character ${this.at}`);
  }
}
