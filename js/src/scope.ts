/** The rendering of a request, the scopes of its names, and the places of its failures. */
import { own } from "./data";
import { Meter, TemplateFailure, type TemplatePlace } from "./limits";
import type { Node } from "./program";
import type { Value } from "./values";

/** A text of a bundle: its program is missing for one without tags. */
export interface Text {
  readonly path: string;
  readonly text: string;
  readonly program: string | undefined;
  /** The place of its first line, if its lines follow one another in one column; or that of each line. */
  readonly starts: Start | readonly Start[];
}

/** Line and column in a file, 1-based, in code points. */
export type Start = readonly [line: number, column: number];

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
  readonly text: Text;
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

/** Calls a function that makes a closure of a node; a failure without a nearer place is at the node. */
export function located<T>(node: Node, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof TemplateFailure) error.at ??= node.at;
    throw error;
  }
}

/** Calls a function; a failure without a nearer place is at the node, or at the start of the text. */
export function placed<T>(run: () => T, node: Node | null, text: Text): T {
  try {
    return run();
  } catch (error) {
    throw withPlace(error, node, text);
  }
}

export function withPlace(error: unknown, node: Node | null, text: Text): unknown {
  // The engine's stack, or its longest string or array.
  const failure =
    error instanceof RangeError
      ? new TemplateFailure("the template is nested too deep, or its values are too large", true)
      : error;
  if (failure instanceof TemplateFailure && failure.place === undefined) {
    const offset = failure.at ?? (node === null ? 0 : offender(failure.message, node, text.text));
    failure.place = placeOf(offset, text);
  }
  return failure;
}

/** The offset of the name or the attribute in a message, or of the first token of the expression. */
function offender(message: string, node: Node, text: string): number {
  const named = /['`]([^'`]+)['`](?: is undefined)?$/.exec(message)?.[1];
  let first = node.at;
  for (const part of walk(node)) {
    if (named !== undefined && part.op === "name" && own(part, "name") === named) return part.at;
    if (named !== undefined && part.op === "attr" && own(part, "attr") === named) {
      const characters = Array.from(text);
      const before = characters.slice(0, part.at).join("").length;
      return part.at + Array.from(text.slice(before, text.indexOf(named, before))).length;
    }
    first = Math.min(first, part.at);
  }
  return first;
}

function* walk(node: Node): Generator<Node> {
  yield node;
  for (const part of node.below) yield* walk(part);
}

/** The place of a character; of the last one if the text ends before. */
function placeOf(offset: number, { path, text, starts }: Text): TemplatePlace {
  const characters = Array.from(text);
  const lines = characters
    .slice(0, Math.min(offset, Math.max(characters.length - 1, 0)))
    .join("")
    .split("\n");
  const [line, column] = startOfLine(starts, lines.length - 1);
  return { path, line, column: column + Array.from(lines.at(-1) ?? "").length };
}

function startOfLine(starts: Text["starts"], number: number): Start {
  if (!isOne(starts)) return starts[Math.min(number, starts.length - 1)] ?? [1, 1];
  return [starts[0] + number, starts[1]];
}

function isOne(starts: Text["starts"]): starts is Start {
  return typeof starts[0] === "number";
}
