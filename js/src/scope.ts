/** The rendering of a request, the scopes of its names, and the places of its failures. */
import { Meter, TemplateFailure, type TemplatePlace } from "./limits";
import type { Value } from "./values";

/** A text of a bundle: its program is missing for one without tags. */
export interface Text {
  readonly path: string;
  readonly text: string;
  readonly program: string | undefined;
}

/** The rendering of one request: its texts and conditions, one after the other. */
export class Run {
  readonly meter = new Meter();
  macroDepth = 0;

  /** `load` finds an included text by the path of the including one and the written name. */
  constructor(readonly load: (path: string, name: string) => Text | undefined) {}
}

// Scopes

/** The output of texts; null where it is discarded. */
export type Out = string[] | null;
export type Execute = (scope: Scope, out: Out) => void;

export interface BlockBody {
  readonly run: Execute;
  readonly unset: ReadonlySet<string>;
}

export interface Frame {
  readonly path: string;
  /** The number of nested includes. */
  readonly depth: number;
}

export const NO_NAMES: ReadonlySet<string> = new Set();

/** The blocks of a template and of those it extends, by name, innermost first. */
export class Blocks {
  constructor(
    public top: Scope,
    readonly definitions = new Map<string, [BlockBody, Frame][]>(),
  ) {}
}

export class Scope {
  blocks: Blocks;
  readonly depth: number;

  constructor(
    readonly names: Map<string, Value>,
    readonly parent: Scope | null,
    readonly run: Run,
    readonly frame: Frame,
    public unset: ReadonlySet<string> = NO_NAMES,
  ) {
    this.blocks = parent === null ? new Blocks(this) : parent.blocks;
    this.depth = parent === null ? 0 : parent.depth + 1;
  }

  inner(names = new Map<string, Value>(), unset = NO_NAMES): Scope {
    return new Scope(names, this, this.run, this.frame, unset);
  }

  /** This scope for an included template or a block: only names that have a value. */
  exposed(): Scope {
    let hasUnset = false;
    for (let scope: Scope | null = this; scope !== null; scope = scope.parent) hasUnset ||= scope.unset.size > 0;
    if (!hasUnset) return this;
    const found = new Scope(this.names, this.parent === null ? null : this.parent.exposed(), this.run, this.frame);
    found.blocks = this.blocks;
    return found;
  }

  /** The scope of an import: the outermost one, without the inputs. */
  globals(): Scope {
    let scope: Scope = this;
    while (scope.parent !== null) scope = scope.parent;
    return new Scope(scope.names, null, this.run, this.frame);
  }
}

/** The cost factor of a body that is nested in many scopes, where names are searched. */
export function farness(scope: Scope): number {
  return 1 + (scope.depth >> 4);
}

// Places of failures

/** Calls a function; a failure without a nearer place has this one. */
export function placed<T>(run: () => T, offset: number, path: string): T {
  try {
    return run();
  } catch (error) {
    throw withPlace(error, { offset, path });
  }
}

export function withPlace(error: unknown, place: TemplatePlace): unknown {
  // The engine's stack, or its longest string or array.
  const failure =
    error instanceof RangeError
      ? new TemplateFailure("the template is nested too deep, or its values are too large", true)
      : error;
  if (failure instanceof TemplateFailure) failure.place ??= place;
  return failure;
}
