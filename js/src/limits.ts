/** The limits of a request, its counted work, and the failure of a template. */

export const MAX_TEMPLATE_CHARS = 256 * 1024;
export const MAX_MEDIA_BYTES = 2 * 1024 * 1024;
export const MAX_OUTPUT_CHARS = 1_000_000;
export const MAX_TEXT_CHARS = 1_000_000;
export const MAX_ITEMS = 100_000;
export const MAX_RANGE = 10_000;
export const MAX_ARGUMENT = 1_000;
export const MAX_WORK = 2_000_000;
export const MAX_INCLUDE_DEPTH = 8;
export const MAX_MACRO_DEPTH = 32;
export const MAX_DATA_DEPTH = 100;
export const MAX_DATA_ITEMS = 1_000_000;
export const MAX_DATA_BITS = 1_023;
export const MAX_INTEGER_BITS = 4_096;

/** The place of a failure: a file relative to the repository root, 1-based line and column in code points. */
export interface TemplatePlace {
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

/** A template that failed while it was rendered; `refused` if it exceeded a limit. */
export class TemplateFailure extends Error {
  override readonly name = "TemplateFailure";
  place: TemplatePlace | undefined;
  /** The offset of its place, if it is known before the text is. */
  at: number | undefined;

  constructor(
    message: string,
    readonly refused: boolean,
  ) {
    super(message);
  }
}

export function fail(message: string): never {
  throw new TemplateFailure(message, false);
}

/** Like `fail`, for what exceeds a limit. */
export function refuse(message: string): never {
  throw new TemplateFailure(message, true);
}

/** The remaining work of one request. */
export class Meter {
  left = MAX_WORK;

  charge(units: number): void {
    this.left -= units;
    if (this.left < 0) refuse("the template does too much work");
  }

  /** Takes units of work if enough are left; returns whether they were. */
  covers(units: number): boolean {
    if (units > this.left) return false;
    this.left -= units;
    return true;
  }
}

export function refuseMany(items: number): void {
  if (items > MAX_ITEMS) refuse(`a list of over ${MAX_ITEMS} items`);
}

export function refuseBits(bits: number): void {
  if (bits > MAX_INTEGER_BITS) refuse("a number that is too large");
}
