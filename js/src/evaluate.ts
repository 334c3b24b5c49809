/** Runs programs: statements, and templates that use others, become closures once. */
import { type Evaluate, BuiltIn, argumentsOf, expression, knownFilter, outermost, reader } from "./expressions";
import { applyFilter } from "./filters";
import {
  MAX_INCLUDE_DEPTH,
  MAX_MACRO_DEPTH,
  MAX_OUTPUT_CHARS,
  MAX_TEMPLATE_CHARS,
  Meter,
  fail,
  refuse,
} from "./limits";
import { isNumber } from "./numbers";
import {
  type BlockNode,
  type CallBlockNode,
  type CallNode,
  type Expression,
  type ExtendsNode,
  type FilterNode,
  type ForNode,
  type FromNode,
  type IfNode,
  type ImportNode,
  type IncludeNode,
  type MacroNode,
  type Node,
  SPECIAL,
  type Statement,
  type Template,
  conditionOf,
  sizeOf,
  templateOf,
  undeclaredIn,
} from "./program";
import {
  type BlockBody,
  Blocks,
  type Execute,
  type Frame,
  type Out,
  Run,
  Scope,
  type Text,
  farness,
  located,
  placed,
  withPlace,
} from "./scope";
import {
  Callable,
  Dict,
  Module,
  Namespace,
  Opaque,
  Tuple,
  Undefined,
  type Value,
  equal,
  joined,
  kind,
  lengthOf,
  listOf,
  lookup,
  shown,
  text as textOf,
  textLength,
  truth,
  weighForComparing,
} from "./values";

/** Renders a text; throws a TemplateFailure. */
export function renderText(text: Text, names: Dict, run: Run): string {
  const short = isTemplate(text.text) ? substituted(text.text, names) : text.text;
  if (short !== undefined && run.meter.covers(2 + (textLength(short) >> 3))) return short;
  if (text.program === undefined)
    return isTemplate(text.text)
      ? placed(() => fail("the text is not a valid template"), null, text)
      : plain(text, run);
  return renderProgram(text, text.program, names, run);
}

/** Whether a condition holds; throws a TemplateFailure. */
export function holds(when: Text, names: Dict, run: Run): boolean {
  const { evaluate, size, node } = placed(
    () => compiledCondition(when.program ?? fail("the condition is not a valid expression")),
    null,
    when,
  );
  const test = (): boolean => {
    run.meter.charge(size);
    return truth(evaluate(outermost(when, names, run)));
  };
  return placed(test, node, when);
}

/** Renders a text by its program, also if it has a faster way. */
export function renderProgram(text: Text, program: string, names: Dict, run: Run): string {
  return placed(
    () => {
      const out: string[] = [];
      compiledTemplate(program).into(outermost(text, names, run).inner(), out);
      const found = out.join("");
      if (textLength(found) > MAX_OUTPUT_CHARS) refuse(`it renders over ${MAX_OUTPUT_CHARS} characters`);
      return /\p{Cs}/u.test(found) ? fail("it renders half of a surrogate pair, which is not valid text") : found;
    },
    null,
    text,
  );
}

/** The text of a template without tags, for which the work of the fast path was not left. */
function plain(text: Text, run: Run): string {
  run.meter.charge(1 + LITERAL_COST + (textLength(text.text) >> 3));
  return text.text;
}

function isTemplate(text: string): boolean {
  return text.includes("{{") || text.includes("{%") || text.includes("{#");
}

// Texts whose every tag is `{{ name }}`.

const TAG = /\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}/;
const RESERVED = new Set("and else false False if in is none None not or self super true True loop caller".split(" "));
const MAX_TAGS = 1_000;

/** The rendered text; undefined if the evaluator must render it. */
function substituted(source: string, names: Dict): string | undefined {
  const parts = partsOf(source);
  if (parts === undefined) return undefined;
  let found = "";
  for (const [index, part] of parts.entries()) {
    if (index % 2 === 0) {
      found += part;
      continue;
    }
    const value = names.get(part);
    if (value === undefined || !(typeof value === "string" || value === null || isNumber(value))) return undefined;
    found += textOf(value);
  }
  return textLength(found) <= MAX_OUTPUT_CHARS ? found : undefined;
}

const partsOf = remembered((source: string): string[] | undefined => {
  if (textLength(source) > MAX_TEMPLATE_CHARS || source.split("{{").length - 1 > MAX_TAGS) return undefined;
  if (source.includes("{%") || source.includes("{#") || source.includes("\r")) return undefined;
  const parts = source.split(TAG);
  // In `{{{ name }}` the tag begins with the first two braces, so `{ name` is not a name.
  const isPlain = parts.every((part, index) =>
    index % 2 ? !RESERVED.has(part) : !part.includes("{{") && !part.endsWith("{"),
  );
  return isPlain ? parts : undefined;
});

// Statements

const ITERATION_COST = 3;
const LITERAL_COST = 4;
const EXTENDED_COST = 6;
const MACRO_COST = 16;
const INCLUDE_COST = 40;

function statements(body: readonly Statement[]): Execute {
  const steps = body.map(statement);
  const [only] = steps;
  if (steps.length === 1 && only !== undefined) return only;
  return (scope, out) => {
    for (const step of steps) step(scope, out);
  };
}

/** Like `statements`, for a body that can be rendered many times; each time is charged for. */
function counted(body: readonly Statement[]): Execute {
  const [run, size] = [statements(body), sizeOf(body)];
  return (scope, out) => {
    scope.run.meter.charge(size * farness(scope));
    run(scope, out);
  };
}

/** The closure of an expression whose failures have a place. */
function guarded(node: Expression): Evaluate {
  const evaluate = expression(node);
  return (scope) => {
    try {
      return evaluate(scope);
    } catch (error) {
      throw withPlace(error, node, scope.frame.text);
    }
  };
}

function condition(node: Expression): (scope: Scope) => boolean {
  const evaluate = expression(node);
  return (scope) => {
    try {
      return truth(evaluate(scope));
    } catch (error) {
      throw withPlace(error, node, scope.frame.text);
    }
  };
}

function captured(body: Execute, scope: Scope): string {
  const out: string[] = [];
  body(scope, out);
  return joined(out, scope.run.meter);
}

function statement(node: Statement): Execute {
  return located(node, () => closure(node));
}

function closure(node: Statement): Execute {
  switch (node.op) {
    case "out":
      return output(node.nodes);
    case "if":
      return branches(node);
    case "for":
      return loop(node);
    case "with": {
      const [values, targets, body] = [node.values.map(guarded), node.targets.map(binder), statements(node.body)];
      if (values.length !== targets.length) refuse("`with` has names without values");
      return (scope, out) => {
        scope.run.meter.charge(ITERATION_COST);
        const inner = scope.inner(undefined, node.unset);
        targets.forEach((bind, index) => bind(inner, values[index]?.(scope)));
        body(inner, out);
      };
    }
    case "set": {
      const [bind, value] = [binder(node.target), expression(node.node)];
      return (scope) =>
        placed(
          () => {
            scope.run.meter.charge(1);
            bind(scope, value(scope));
          },
          node.node,
          scope.frame.text,
        );
    }
    case "setblock": {
      const [bind, body] = [binder(node.target), statements(node.body)];
      const apply = node.filter === null ? null : filterChain(node.filter);
      return (scope) => {
        const found = captured(body, scope.inner(undefined, node.unset));
        bind(scope, apply === null ? found : apply(found, scope));
      };
    }
    case "filterblock": {
      const [body, apply] = [statements(node.body), filterChain(node.filter)];
      return (scope, out) => {
        const found = shown(apply(captured(body, scope.inner(undefined, node.unset)), scope), scope.run.meter);
        out?.push(found);
      };
    }
    case "macro": {
      const make = macroMaker(node);
      return (scope) => void scope.names.set(node.name, make(scope));
    }
    case "callblock":
      return callBlock(node);
    case "block":
      return block(node);
    case "include":
      return include(node);
    case "import":
      targets(node.template);
      return (scope) => void scope.names.set(node.target, moduleOf(node, scope));
    case "from":
      targets(node.template);
      return (scope) => {
        const found = moduleOf(node, scope);
        for (const [name, alias] of node.names) scope.names.set(alias, lookup(found, name));
      };
    case "extends":
      return refuse("`extends` must come first in its template");
    case "template":
      return refuse("`template` is not a statement");
  }
}

/** Literal text and values in turn; literal text is charged for first. */
function output(nodes: readonly Expression[]): Execute {
  const parts = nodes.map((node) => ({
    literal: node.op === "text" ? node.data : null,
    evaluate: expression(node),
    node,
  }));
  const cost = parts.reduce(
    (sum, { literal }) => sum + (literal === null ? 0 : LITERAL_COST + (textLength(literal) >> 3)),
    0,
  );
  return (scope, out) => {
    if (out === null) return;
    const { meter } = scope.run;
    meter.charge(cost);
    for (const { literal, evaluate, node } of parts) {
      if (literal !== null) {
        out.push(literal);
        continue;
      }
      try {
        const found = shown(evaluate(scope), meter);
        meter.charge(LITERAL_COST + (textLength(found) >> 2));
        out.push(found);
      } catch (error) {
        throw withPlace(error, node, scope.frame.text);
      }
    }
  };
}

function branches(node: IfNode): Execute {
  const tags = [node, ...node.elif_].map((tag): [(scope: Scope) => boolean, Execute] => [
    condition(tag.test),
    statements(tag.body),
  ]);
  const otherwise = statements(node.else_);
  return (scope, out) => {
    const taken = tags.find(([holds]) => holds(scope));
    (taken?.[1] ?? otherwise)(scope, out);
  };
}

// Loops

class Loop extends Callable {
  readonly kind = "`loop`";
  override readonly isIterable = true;
  private index0 = -1;
  private before: Value | undefined;
  private current: Value | undefined;
  private after: Value | undefined;
  private changed: Value[] | undefined;

  constructor(
    private items: Iterator<Value>,
    private length: number | undefined,
    private readonly again: ((values: Value, depth: number) => Value) | null,
    private readonly depth0: number,
  ) {
    super();
  }

  /** The next item; undefined after the last one. */
  next(): Value | undefined {
    const found = this.peek();
    this.after = undefined;
    if (found === undefined) return undefined;
    this.index0 += 1;
    this.before = this.current;
    this.current = found;
    return found;
  }

  call(args: Value[], named: Dict): Value {
    if (this.again === null) return fail("the loop must have the `recursive` marker");
    const [values] = args;
    if (args.length !== 1 || values === undefined || named.size) return fail("`loop` needs a list to loop over");
    return this.again(values, this.depth0 + 1);
  }

  override member(name: Value): Value | undefined {
    switch (name) {
      case "index":
        return this.index0 + 1;
      case "index0":
        return this.index0;
      case "revindex":
        return this.size() - this.index0;
      case "revindex0":
        return this.size() - this.index0 - 1;
      case "first":
        return this.index0 === 0;
      case "last":
        return this.peek() === undefined;
      case "length":
        return this.size();
      case "depth":
        return this.depth0 + 1;
      case "depth0":
        return this.depth0;
      case "previtem":
        return this.index0 === 0 ? new Undefined("there is no previous item") : this.before;
      case "nextitem":
        return this.peek() ?? new Undefined("there is no next item");
      case "cycle":
        return new BuiltIn((args, named) => this.cycle(args, named), chargedToCompare);
      case "changed":
        return new BuiltIn((args, named) => this.hasChanged(args, named), chargedToCompare);
      default:
        return undefined;
    }
  }

  private peek(): Value | undefined {
    if (this.after === undefined) {
      const step = this.items.next();
      this.after = step.done ? undefined : step.value;
    }
    return this.after;
  }

  private size(): number {
    if (this.length === undefined) {
      const isAhead = this.after !== undefined;
      const rest: Value[] = [];
      for (let step = this.items.next(); !step.done; step = this.items.next()) rest.push(step.value);
      this.items = rest[Symbol.iterator]();
      this.length = rest.length + this.index0 + 1 + Number(isAhead);
    }
    return this.length;
  }

  private cycle(args: Value[], named: Dict): Value {
    return args.length && !named.size ? args[this.index0 % args.length] : fail("no items for cycling given");
  }

  private hasChanged(args: Value[], named: Dict): boolean {
    if (named.size) fail("`loop.changed` has no named arguments");
    if (this.changed !== undefined && equal(this.changed, args)) return false;
    this.changed = args;
    return true;
  }
}

function chargedToCompare(args: Value[], meter: Meter): Value[] {
  weighForComparing(args, meter);
  return args;
}

function loop(node: ForNode): Execute {
  if (node.target.special & SPECIAL.loop) located(node.target, () => refuse("`loop` is the name of the loop itself"));
  const [iterable, body, otherwise] = [guarded(node.iter), statements(node.body), statements(node.else_)];
  const [bind, test] = [binder(node.target), node.test === null ? null : condition(node.test)];
  const isExtended = hasLoop(node);
  const cost = ITERATION_COST + sizeOf(node.body) + (isExtended ? EXTENDED_COST : 0);
  const testCost = ITERATION_COST + (node.test?.size ?? 0);

  function* chosen(scope: Scope, values: Value[]): Generator<Value> {
    for (const value of values) {
      scope.run.meter.charge(testCost * farness(scope));
      const inner = scope.inner();
      bind(inner, value);
      if (test === null || test(inner)) yield value;
    }
  }

  function iterate(
    scope: Scope,
    out: Out,
    values: Value[],
    again: ((values: Value, depth: number) => Value) | null,
    depth: number,
  ): void {
    const items = test === null ? values[Symbol.iterator]() : chosen(scope, values);
    const context = isExtended ? new Loop(items, test === null ? values.length : undefined, again, depth) : null;
    const next = context === null ? () => nextOf(items) : () => context.next();
    const farCost = cost * farness(scope);
    let isTaken = false;
    for (let value = next(); value !== undefined; value = next()) {
      isTaken = true;
      scope.run.meter.charge(farCost);
      const inner = scope.inner(undefined, node.unset);
      if (context !== null) inner.names.set("loop", context);
      bind(inner, value);
      body(inner, out);
    }
    if (!isTaken) otherwise(scope.inner(undefined, node.unset_in_else), out);
  }

  return (scope, out) =>
    placed(
      () => {
        const again = (values: Value, depth: number): Value => {
          scope.run.meter.charge(cost);
          const items = itemsOf(values, scope);
          return captured((inner, text) => iterate(inner, text, items, again, depth), scope);
        };
        if (node.recursive) {
          const found = again(iterable(scope), 0) as string;
          out?.push(found);
        } else {
          iterate(scope, out, itemsOf(iterable(scope), scope), null, 0);
        }
      },
      node.iter,
      scope.frame.text,
    );
}

function nextOf(items: Iterator<Value>): Value | undefined {
  const step = items.next();
  return step.done ? undefined : step.value;
}

/** Whether the scope of a loop has the name `loop`, because something in it may use it. */
function hasLoop(node: ForNode): boolean {
  if (node.recursive || undeclaredIn(node.body) & SPECIAL.loop) return true;
  // A template that extends this one may replace a scoped block by one that uses it.
  return [...node.body, ...node.else_].some((part) => part.hasScopedBlock);
}

function itemsOf(value: Value, scope: Scope): Value[] {
  if (value instanceof Opaque) refuse(`${kind(value)} has no items`);
  scope.run.meter.charge(lengthOf(value));
  return listOf(value);
}

/** How a value is bound to the name, or the names, on the left of `in` or `=`. */
function binder(target: Expression): (scope: Scope, value: Value) => void {
  if (target.op === "name") {
    const { name } = target;
    return (scope, value) => void scope.names.set(name, value);
  }
  if (target.op === "nsattr") {
    const [find, { attr }] = [reader(target.name), target];
    return (scope, value) => {
      const found = find(scope);
      if (!(found instanceof Namespace)) return refuse("only a `namespace` has attributes that can be set");
      found.names.set(attr, value);
    };
  }
  if (target.op !== "tuple" && target.op !== "list") return refuse("not a name");
  const binders = target.items.map(binder);
  return (scope, value) => {
    scope.run.meter.charge(lengthOf(value));
    if (value instanceof Opaque) fail(`${kind(value)} has no items`);
    const values = listOf(value);
    if (values.length !== binders.length) fail(`${binders.length} names for ${values.length} values`);
    binders.forEach((bind, index) => bind(scope, values[index]));
  };
}

// Macros, and blocks whose output is captured before it is used

class Macro extends Callable {
  readonly kind = "a macro";

  constructor(
    private readonly parameters: readonly string[],
    private readonly special: readonly string[],
    private readonly invoke: (values: (Value | undefined)[]) => string,
  ) {
    super();
  }

  call(args: Value[], named: Dict): Value {
    const rest = new Map(named.names);
    const take = (name: string): Value | undefined => {
      const found = rest.get(name);
      rest.delete(name);
      return found;
    };
    const values = this.parameters.map((name, index) => (index < args.length ? args[index] : take(name)));
    for (const name of this.special) {
      if (name === "caller") values.push(take("caller") ?? new Undefined("No caller defined"));
      if (name === "kwargs") values.push(rest);
      if (name === "varargs") values.push(Tuple.holding(args.slice(this.parameters.length)));
    }
    const hasNamed = this.special.includes("kwargs");
    if (!hasNamed && rest.size) fail(`the macro has no parameter \`${[...rest.keys()].join("`, `")}\``);
    if (!this.special.includes("varargs") && args.length > this.parameters.length)
      fail(`the macro takes not more than ${this.parameters.length} arguments`);
    return this.invoke(
      values.map((value) => {
        if (value !== rest) return value;
        const kwargs = new Dict();
        for (const [key, each] of rest) kwargs.set(key, each);
        return kwargs;
      }),
    );
  }
}

function macroMaker(node: MacroNode | CallBlockNode): (scope: Scope) => Macro {
  const parameters = node.args.map(({ name }) => name);
  const own = undeclaredIn(node.body);
  const optional = parameters.slice(parameters.length - node.defaults.length);
  for (const parameter of node.args) located(parameter, () => checkParameter(parameter.name));
  function checkParameter(name: string): void {
    if (parameters.filter((each) => each === name).length > 1) refuse(`two parameters \`${name}\``);
    if (name === "caller" && own & SPECIAL.caller && !optional.includes(name))
      refuse("the parameter `caller` has no default: write `caller=none`, or remove it");
  }

  const first = parameters.length - node.defaults.length;
  const defaults = new Map(
    node.defaults.map((each, index): [string | undefined, Evaluate] => [parameters[first + index], guarded(each)]),
  );
  const special = (["caller", "kwargs", "varargs"] as const).filter(
    (word) => own & SPECIAL[word] && !parameters.includes(word),
  );
  const [body, names] = [counted(node.body), [...parameters, ...special]];
  return (scope) =>
    new Macro(parameters, special, (values) => {
      const inner = scope.inner(undefined, node.unset);
      names.forEach((key, index) => {
        const fallback = defaults.get(key) ?? (() => new Undefined(`parameter \`${key}\` was not provided`));
        const value = values[index];
        inner.names.set(key, value === undefined ? fallback(inner) : value);
      });
      return deeper(scope.run, () => captured(body, inner));
    });
}

function deeper(run: Run, render: () => string): string {
  run.meter.charge(MACRO_COST);
  run.macroDepth += 1;
  if (run.macroDepth > MAX_MACRO_DEPTH) refuse(`macros that call each other over ${MAX_MACRO_DEPTH} deep`);
  try {
    return render();
  } finally {
    run.macroDepth -= 1;
  }
}

function callBlock(node: CallBlockNode): Execute {
  const make = macroMaker(node);
  const facts = {
    at: node.at,
    size: 1,
    special: 0,
    undeclared: 0,
    declared: 0,
    hasScopedBlock: false,
    below: [],
  };
  // `caller` is an additional named argument; its name is impossible in a template.
  const hidden: Expression = { ...facts, op: "name", name: " caller", is_target: false };
  const called: CallNode = {
    ...node.call,
    at: node.at,
    kwargs: [...node.call.kwargs, { ...facts, op: "arg", key: "caller", value: hidden }],
  };
  const write = output([called]);
  return (scope, out) => write(scope.inner(new Map([[" caller", make(scope)]])), out);
}

/** The chain of filters over a captured body; the innermost value is the body. */
function filterChain(node: FilterNode): (value: Value, scope: Scope) => Value {
  const chain: FilterNode[] = [];
  for (let part: Expression | null = node; part !== null && part.op === "filter"; part = part.node) chain.unshift(part);
  chain.forEach(knownFilter);
  const steps = chain.map((link) => ({ name: link.name, given: argumentsOf(link), link }));
  return (value, scope) =>
    steps.reduce(
      (found, { name, given, link }) =>
        placed(() => applyFilter(name, found, ...given(scope), scope.run.meter), link, scope.frame.text),
      value,
    );
}

// Templates that use others

/** The closures of one template. */
class Program {
  private readonly blocks: Map<string, BlockBody>;
  private readonly hasSelf: boolean;
  private readonly before: Execute;
  private readonly after: Execute;
  private readonly parent: ExtendsNode | undefined;

  constructor(private readonly tree: Template) {
    this.parent = tree.body.find((node): node is ExtendsNode => node.op === "extends");
    const at = this.parent === undefined ? tree.body.length : tree.body.indexOf(this.parent);
    this.hasSelf = tree.body.some((node) => node.special & SPECIAL.self);
    this.blocks = new Map();
    addBlocks(tree, this.blocks);
    this.before = counted(tree.body.slice(0, at));
    this.after = counted(tree.body.slice(at + 1));
    if (this.parent !== undefined) targets(this.parent.template);
  }

  /** Renders in a scope, which keeps the names that the template sets at its top level. */
  into(scope: Scope, out: Out): void {
    scope.blocks.top = scope;
    scope.unset = this.tree.unset;
    for (const [name, body] of this.blocks) {
      const known = scope.blocks.definitions.get(name);
      if (known === undefined) scope.blocks.definitions.set(name, [[body, scope.frame]]);
      else known.push([body, scope.frame]);
    }
    if (this.hasSelf) scope.names.set("self", new OwnBlocks(scope));
    this.before(scope, out);
    if (this.parent === undefined) return;
    // The part after `extends` is run for its names; its output is discarded.
    this.after(scope, null);
    const [parent, frame] = opened(this.parent, scope, false) ?? fail("there is no such template");
    parent.into(new Scope(new Map(), scope, scope.run, frame), out);
  }
}

function addBlocks(node: Node, found: Map<string, BlockBody>): void {
  for (const child of node.below) {
    if (child.op === "block") {
      const { name, body, unset } = child as BlockNode;
      if (found.has(name)) located(child, () => refuse(`block \`${name}\` is defined twice`));
      found.set(name, { run: counted(body), unset });
    }
    addBlocks(child, found);
  }
}

const compiledTemplate = remembered((program) => new Program(templateOf(program)));
const compiledCondition = remembered((program) => {
  const tree = conditionOf(program);
  return { evaluate: expression(tree), size: tree.size, node: tree };
});

/** The names that an include may mean, in order. */
function targets(node: Expression): string[] {
  if (node.op === "const" && typeof node.value === "string") return [node.value];
  if (node.op === "list" || node.op === "tuple") return node.items.flatMap(targets);
  return located(node, () => fail("the name of a template must be a literal, not computed"));
}

/** The program and the frame of the first name that exists. */
function opened(
  node: ExtendsNode | IncludeNode | ImportNode | FromNode,
  scope: Scope,
  mayMiss: boolean,
): [Program, Frame] | undefined {
  return placed(
    () => {
      scope.run.meter.charge(INCLUDE_COST);
      if (scope.frame.depth >= MAX_INCLUDE_DEPTH) refuse(`includes are nested over ${MAX_INCLUDE_DEPTH} deep`);
      for (const name of targets(node.template)) {
        const found = scope.run.load(scope.frame.text.path, name);
        if (found === undefined) continue;
        const frame = { text: found, depth: scope.frame.depth + 1 };
        return [placed(() => compiledTemplate(programOf(found)), null, found), frame];
      }
      return mayMiss ? undefined : fail(`there is no template \`${targets(node.template)[0] ?? ""}\``);
    },
    node.template,
    scope.frame.text,
  );
}

/** The program of an included text; one without tags is its own result. */
function programOf(text: Text): string {
  if (text.program !== undefined) return text.program;
  if (isTemplate(text.text)) fail("the text is not a valid template");
  return JSON.stringify(["template", 0, text.text ? [["out", 0, [text.text]]] : []]);
}

function include(node: IncludeNode): Execute {
  targets(node.template);
  return (scope, out) => {
    const found = opened(node, scope, node.ignore_missing);
    if (found === undefined) return;
    const [program, frame] = found;
    const inner = new Scope(new Map(), node.with_context ? scope.exposed() : scope.globals(), scope.run, frame);
    inner.blocks = new Blocks(inner);
    program.into(inner, out);
  };
}

function moduleOf(node: ImportNode | FromNode, scope: Scope): Module {
  const [program, frame] = opened(node, scope, false) ?? fail("there is no such template");
  const inner = new Scope(new Map(), node.with_context ? scope.exposed() : scope.globals(), scope.run, frame);
  inner.blocks = new Blocks(inner);
  program.into(inner, []);
  const names = new Dict();
  for (const [name, value] of inner.names) if (!name.startsWith("_")) names.set(name, value);
  return new Module(names);
}

/** One definition of a block, callable directly, as `self.name()`, or as `super()`. */
class Block extends Callable {
  readonly kind = "a block";

  constructor(
    private readonly name: string,
    private readonly scope: Scope,
    private readonly level = 0,
  ) {
    super();
  }

  call(args: Value[], named: Dict): string {
    if (args.length || named.size) fail("a block has no parameters");
    const definitions = this.scope.blocks.definitions.get(this.name) ?? [];
    const [body, frame] = definitions[this.level] ?? fail(`there is no block \`${this.name}\``);
    const isLast = this.level + 1 >= definitions.length;
    const above = isLast
      ? new Undefined(`there is no parent block called \`${this.name}\``)
      : new Block(this.name, this.scope, this.level + 1);
    const inner = new Scope(
      new Map<string, Value>([["super", above]]),
      this.scope.exposed(),
      this.scope.run,
      frame,
      body.unset,
    );
    return captured(body.run, inner);
  }
}

/** The value of `self`. */
class OwnBlocks extends Opaque {
  readonly kind = "`self`";
  override readonly isIterable = true;

  constructor(private readonly scope: Scope) {
    super();
  }
  override member(name: Value): Value | undefined {
    const isKnown = typeof name === "string" && this.scope.blocks.definitions.has(name);
    return isKnown ? new Block(name, this.scope.blocks.top) : undefined;
  }
}

function block(node: BlockNode): Execute {
  return (scope, out) => {
    if (out === null) return;
    if (node.required && (scope.blocks.definitions.get(node.name)?.length ?? 0) <= 1)
      placed(() => refuse(`the required block \`${node.name}\` is not defined`), node, scope.frame.text);
    let around = scope.blocks.top;
    if (node.scoped) {
      around = scope.inner();
      around.blocks = new Blocks(around, scope.blocks.definitions);
    }
    out.push(new Block(node.name, around).call([], new Dict()));
  };
}

const MAX_REMEMBERED = 4_096;

/** A function of one string that keeps its last results. */
function remembered<T>(make: (source: string) => T): (source: string) => T {
  const known = new Map<string, { value: T }>();
  return (source) => {
    const found = known.get(source);
    if (found !== undefined) return found.value;
    const value = make(source);
    const [oldest] = known.keys();
    if (known.size >= MAX_REMEMBERED && oldest !== undefined) known.delete(oldest);
    known.set(source, { value });
    return value;
  };
}
