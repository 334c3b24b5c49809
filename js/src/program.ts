/**
 * The program of a text: decodes it into nodes, and checks each part of it, because a program may
 * come from anybody. docs/reference/programs.md lists the operations.
 */
import { NotJson, exactNumber, readJson } from "./json";
import { MAX_TEMPLATE_CHARS, refuse } from "./limits";
import { WholeFloat } from "./numbers";
import type { Value } from "./values";

/** The version of the operations that this module knows. */
export const PROGRAMS = 1;

const MAX_PROGRAM_CHARS = 8 * MAX_TEMPLATE_CHARS;
const MAX_NODES = 20_000;
const MAX_DEPTH = 150;

/** Names with a meaning of their own, each a bit of a set. */
export const SPECIAL = { caller: 1, kwargs: 2, varargs: 4, loop: 8, self: 16 } as const;

const BITS = new Map<string, number>(Object.entries(SPECIAL));

interface NodeFacts {
  /** The offset of its first token. */
  readonly at: number;
  /** The number of nodes, with those below it. */
  size: number;
  /** The names of `SPECIAL` that occur. */
  special: number;
  /** Of those: which are read before they are declared, and which are declared, outside of blocks. */
  undeclared: number;
  declared: number;
  hasScopedBlock: boolean;
  /** The nodes directly below it. */
  readonly below: Node[];
}

type Op<Name extends string, Fields> = NodeFacts & Fields & { readonly op: Name };
type Names = ReadonlySet<string>;
type Body = readonly Statement[];

export interface Arguments {
  readonly args: readonly Expression[];
  readonly kwargs: readonly Keyword[];
  readonly dyn_args: Expression | null;
  readonly dyn_kwargs: Expression | null;
}
interface Parameters {
  readonly args: readonly NameNode[];
  readonly defaults: readonly Expression[];
  readonly body: Body;
  readonly unset: Names;
}
interface Other {
  readonly template: Expression;
  readonly with_context: boolean;
}

export type Template = Op<"template", { body: Body; unset: Names }>;
export type IfNode = Op<"if", { test: Expression; body: Body; elif_: readonly IfNode[]; else_: Body }>;
export type ForNode = Op<
  "for",
  {
    target: Expression;
    iter: Expression;
    body: Body;
    else_: Body;
    test: Expression | null;
    recursive: boolean;
    unset: Names;
    unset_in_else: Names;
  }
>;
export type MacroNode = Op<"macro", Parameters & { name: string }>;
export type CallBlockNode = Op<"callblock", Parameters & { call: CallNode }>;
export type BlockNode = Op<"block", { name: string; body: Body; scoped: boolean; required: boolean; unset: Names }>;
export type ExtendsNode = Op<"extends", { template: Expression }>;
export type IncludeNode = Op<"include", Other & { ignore_missing: boolean }>;
export type ImportNode = Op<"import", Other & { target: string }>;
export type FromNode = Op<"from", Other & { names: readonly (readonly [string, string])[] }>;
export type FilterNode = Op<"filter", Arguments & { node: Expression | null; name: string }>;
export type CallNode = Op<"call", Arguments & { node: Expression }>;
export type NameNode = Op<"name", { name: string; is_target: boolean }>;
export type Keyword = Op<"arg", { key: string; value: Expression }>;

export type Statement =
  | Template
  | IfNode
  | ForNode
  | MacroNode
  | CallBlockNode
  | BlockNode
  | ExtendsNode
  | IncludeNode
  | ImportNode
  | FromNode
  | Op<"out", { nodes: readonly Expression[] }>
  | Op<"with", { targets: readonly Expression[]; values: readonly Expression[]; body: Body; unset: Names }>
  | Op<"set", { target: Expression; node: Expression }>
  | Op<"setblock", { target: Expression; filter: FilterNode | null; body: Body; unset: Names }>
  | Op<"filterblock", { body: Body; filter: FilterNode; unset: Names }>;

export type Expression =
  | NameNode
  | FilterNode
  | CallNode
  | Op<"nsattr", { name: string; attr: string }>
  | Op<"text", { data: string }>
  | Op<"const", { value: Value }>
  | Op<"tuple" | "list", { items: readonly Expression[] }>
  | Op<"dict", { items: readonly Op<"pair", { key: Expression; value: Expression }>[] }>
  | Op<"attr", { node: Expression; attr: string }>
  | Op<"item", { node: Expression; arg: Expression }>
  | Op<"slice", { start: Expression | null; stop: Expression | null; step: Expression | null }>
  | Op<"test", Arguments & { node: Expression; name: string }>
  | Op<"and" | "or", { left: Expression; right: Expression }>
  | Op<"not" | "neg" | "pos", { node: Expression }>
  | Op<"binary", { operator: string; left: Expression; right: Expression }>
  | Op<"concat", { nodes: readonly Expression[] }>
  | Op<"compare", { expr: Expression; ops: readonly Op<"operand", { operator: string; expr: Expression }>[] }>
  | Op<"cond", { test: Expression; expr1: Expression; expr2: Expression | null }>;

export type Node = NodeFacts & { readonly op: string };

/** The tree of a template's program; fails for one that is not valid. */
export function templateOf(program: string): Template {
  return read(program, "template") as Template;
}

/** The tree of a condition's program. */
export function conditionOf(program: string): Expression {
  return read(program, "expression") as Expression;
}

/** The names of `SPECIAL` that a body reads before it declares them. */
export function undeclaredIn(body: readonly Node[]): number {
  return inOrder(body.map((node) => [node.undeclared, node.declared]))[0];
}

export function sizeOf(body: readonly Node[]): number {
  return body.reduce((sum, node) => sum + node.size, 0);
}

// What each operation is and has. A field is `name:type`, then its default. A type is that of a
// value, or a kind of node; `*` is a list of them, `?` one that may be null.

const ARGUMENTS = "args:expression*=[] kwargs:arg*=[] dyn_args:expression?=null dyn_kwargs:expression?=null";
const STATEMENTS: Record<string, string> = {
  template: "body:statement* unset:names=[]",
  out: "nodes:expression*",
  if: "test:expression body:statement* elif_:if*=[] else_:statement*=[]",
  for: "target:expression iter:expression body:statement* else_:statement*=[] test:expression?=null recursive:boolean=false unset:names=[] unset_in_else:names=[]",
  with: "targets:expression* values:expression* body:statement* unset:names=[]",
  set: "target:expression node:expression",
  setblock: "target:expression filter:filter? body:statement* unset:names=[]",
  filterblock: "body:statement* filter:filter unset:names=[]",
  macro: "name:string args:name* defaults:expression* body:statement* unset:names=[]",
  callblock: "call:call args:name* defaults:expression* body:statement* unset:names=[]",
  block: "name:string body:statement* scoped:boolean=false required:boolean=false unset:names=[]",
  extends: "template:expression",
  include: "template:expression with_context:boolean=true ignore_missing:boolean=false",
  import: "template:expression target:string with_context:boolean=false",
  from: "template:expression names:imported with_context:boolean=false",
};
const EXPRESSIONS: Record<string, string> = {
  name: "name:string is_target:boolean=false",
  nsattr: "name:string attr:string",
  text: "data:string",
  const: "value:constant",
  tuple: "items:expression*",
  list: "items:expression*",
  dict: "items:pair*",
  attr: "node:expression attr:string",
  item: "node:expression arg:expression",
  slice: "start:expression? stop:expression? step:expression?",
  filter: `node:expression? name:string ${ARGUMENTS}`,
  test: `node:expression name:string ${ARGUMENTS}`,
  call: `node:expression ${ARGUMENTS}`,
  and: "left:expression right:expression",
  or: "left:expression right:expression",
  not: "node:expression",
  neg: "node:expression",
  pos: "node:expression",
  binary: "operator:arithmetic left:expression right:expression",
  concat: "nodes:expression*",
  compare: "expr:expression ops:operand*",
  cond: "test:expression expr1:expression expr2:expression?=null",
};
const DETAILS: Record<string, string> = {
  pair: "key:expression value:expression",
  arg: "key:string value:expression",
  operand: "operator:comparison expr:expression",
};

interface Field {
  readonly name: string;
  readonly type: string;
  readonly isNode: boolean;
  readonly isList: boolean;
  readonly isOptional: boolean;
  /** JSON; undefined for none. */
  readonly fallback: string | undefined;
}
interface Operation {
  readonly group: "statement" | "expression" | "detail";
  readonly fields: readonly Field[];
  readonly least: number;
}

const OPERATIONS = new Map<string, Operation>();
for (const [group, table] of [
  ["statement", STATEMENTS],
  ["expression", EXPRESSIONS],
  ["detail", DETAILS],
] as const) {
  for (const [op, written] of Object.entries(table)) {
    const fields = written.split(" ").map(field);
    OPERATIONS.set(op, {
      group,
      fields,
      least: fields.filter(({ fallback }) => fallback === undefined).length,
    });
  }
}

function field(written: string): Field {
  const [head = "", fallback] = written.split("=");
  const [name = "", type = ""] = head.split(":");
  const kind = type.replace(/[*?]$/, "");
  const isNode =
    kind === "statement" || kind === "expression" || [STATEMENTS, EXPRESSIONS, DETAILS].some((table) => kind in table);
  return { name, type: kind, isNode, isList: type.endsWith("*"), isOptional: type.endsWith("?"), fallback };
}

const WORDS: Record<string, readonly string[]> = {
  arithmetic: ["+", "-", "*", "/", "//", "%", "**"],
  comparison: ["eq", "ne", "gt", "gteq", "lt", "lteq", "in", "notin"],
};

function wrong(problem: string): never {
  return refuse(`the bundle has no valid program of this text: ${problem}`);
}

function read(program: string, kind: string): Node {
  if (program.length > MAX_PROGRAM_CHARS) wrong("it is too large");
  let data: unknown;
  try {
    data = readJson(program, { object: () => ({}), number: exactNumber, depth: 1_000 });
  } catch (error) {
    if (error instanceof NotJson) wrong("it is not JSON");
    throw error;
  }
  return new Decoder().node(data, kind, 0);
}

class Decoder {
  private count = 0;

  node(data: unknown, kind: string, depth: number): Node {
    this.count += 1;
    if (this.count > MAX_NODES || depth > MAX_DEPTH) wrong("it is too large");
    if (typeof data === "string" && (kind === "expression" || kind === "text")) {
      return finished({ ...facts(0), op: "text", data: data } as Node);
    }
    const [op, operation, parts] = operationOf(data, kind);
    const found = { ...facts(offset(parts[0])), op } as Node & Record<string, unknown>;
    operation.fields.forEach((each, index) => {
      const part = index + 1 < parts.length ? parts[index + 1] : undefined;
      found[each.name] = part === undefined ? fallbackOf(each) : this.field(part, each, found, depth);
    });
    return finished(found);
  }

  private field(part: unknown, field: Field, owner: Node, depth: number): unknown {
    if (!field.isNode) return valueOf(part, field.type);
    if (part === null && field.isOptional) return null;
    const read = (each: unknown): Node => {
      const found = this.node(each, field.type, depth + 1);
      owner.below.push(found);
      return found;
    };
    return field.isList ? listOf(part).map(read) : read(part);
  }
}

function operationOf(data: unknown, kind: string): [string, Operation, unknown[]] {
  if (!Array.isArray(data) || data.length < 2 || typeof data[0] !== "string") return wrong("an operation is missing");
  const [op, ...parts] = data as [string, ...unknown[]];
  const operation = OPERATIONS.get(op);
  if (operation === undefined)
    return wrong(`the operation \`${op.slice(0, 20)}\` is unknown; install a newer promptops`);
  if (kind !== op && kind !== operation.group) wrong(`\`${op}\` in a place for ${kind}`);
  if (parts.length - 1 < operation.least || parts.length - 1 > operation.fields.length)
    wrong(`\`${op}\` has ${parts.length} fields`);
  return [op, operation, parts];
}

function facts(at: number): NodeFacts {
  return { at, size: 1, special: 0, undeclared: 0, declared: 0, hasScopedBlock: false, below: [] };
}

function fallbackOf(field: Field): unknown {
  return field.type === "names" ? new Set() : JSON.parse(field.fallback ?? "null");
}

function offset(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) return wrong("a field is not a whole number");
  return value >= 0 && value <= MAX_TEMPLATE_CHARS ? value : wrong("an offset outside of the text");
}

function valueOf(value: unknown, type: string): unknown {
  if (type === "names") return new Set(listOf(value).map(textOf));
  if (type === "imported") return listOf(value).map(importedName);
  if (type === "constant") {
    const isConstant =
      value === null || ["string", "boolean", "number", "bigint"].includes(typeof value) || value instanceof WholeFloat;
    return isConstant ? value : wrong("a constant is a string, a number, a boolean or null");
  }
  if (type === "boolean") return typeof value === "boolean" ? value : wrong("a field is not a boolean");
  const words = WORDS[type];
  if (words && !words.includes(textOf(value))) wrong(`there is no operator \`${textOf(value).slice(0, 20)}\``);
  return textOf(value);
}

function importedName(value: unknown): readonly [string, string] {
  if (!Array.isArray(value)) return [textOf(value), textOf(value)];
  return value.length === 2
    ? [textOf(value[0]), textOf(value[1])]
    : wrong("an imported name is not a name and an alias");
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : wrong("a field is not a string");
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : wrong("a field is not a list");
}

/** The node with what follows from those below it. */
function finished(node: Node & { name?: unknown; is_target?: unknown; scoped?: unknown }): Node {
  const own = node.op === "name" ? (BITS.get(node.name as string) ?? 0) : 0;
  const isRead = node.op === "name" && !node.is_target;
  for (const child of node.below) {
    node.size += child.size;
    node.special |= child.special;
    node.hasScopedBlock ||= child.hasScopedBlock;
  }
  node.special |= own;
  node.hasScopedBlock ||= node.op === "block" && node.scoped === true;
  if (node.op !== "block") {
    const parts = node.below.map(({ undeclared, declared }): [number, number] => [undeclared, declared]);
    [node.undeclared, node.declared] = inOrder([isRead ? [own, 0] : [0, own], ...parts]);
  }
  return node;
}

/** The undeclared names of all parts together, and the declared ones. */
function inOrder(parts: readonly (readonly [number, number])[]): [number, number] {
  let [undeclared, declared] = [0, 0];
  for (const [read, given] of parts) {
    undeclared |= read & ~declared;
    declared |= given & ~undeclared;
  }
  return [undeclared, declared];
}
