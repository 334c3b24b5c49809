/** Expressions as closures, with filters, tests and calls. */
import { applyFilter, applyTest, hasFilter, hasTest } from "./filters";
import { MAX_INTEGER_BITS, MAX_ITEMS, MAX_RANGE, MAX_TEXT_CHARS, Meter, fail, refuse } from "./limits";
import {
  add,
  bitLength,
  divide,
  floorDivide,
  isInt,
  isNumber,
  modulo,
  multiply,
  negative,
  power,
  subtract,
  toBig,
} from "./numbers";
import { type Arguments, type Expression, type FilterNode } from "./program";
import { Run, Scope, type Text, located } from "./scope";
import {
  Callable,
  Complex,
  Dict,
  Lazy,
  Namespace,
  Opaque,
  Range,
  Slice,
  Tuple,
  Undefined,
  type Value,
  compare,
  contains,
  equal,
  joined,
  kind,
  lengthOf,
  listOf,
  lookup,
  shown,
  sized,
  sliced,
  text as textOf,
  textLength,
  truth,
  weighForComparing,
  weighKey,
  weighedItems,
} from "./values";

export type Evaluate = (scope: Scope) => Value;

export function expression(node: Expression): Evaluate {
  return located(node, () => closure(node));
}

function closure(node: Expression): Evaluate {
  switch (node.op) {
    case "name":
      return reader(node.name);
    case "const":
      return constant(node.value);
    case "text": {
      const { data } = node;
      return () => data;
    }
    case "attr":
      return member(expression(node.node), node.attr);
    case "item":
      return item(expression(node.node), node.arg);
    case "slice": {
      const [start, stop, step] = [node.start, node.stop, node.step].map((part) =>
        part === null ? () => null : expression(part),
      );
      return (scope) => new Slice([start?.(scope), stop?.(scope), step?.(scope)]);
    }
    case "tuple":
    case "list":
      return sequence(node.items.map(expression), node.op === "tuple");
    case "dict":
      return dictionary(node.items.map(({ key, value }) => [expression(key), expression(value)]));
    case "and": {
      const [left, right] = [expression(node.left), expression(node.right)];
      return (scope) => {
        const value = left(scope);
        return truth(value) ? right(scope) : value;
      };
    }
    case "or": {
      const [left, right] = [expression(node.left), expression(node.right)];
      return (scope) => {
        const value = left(scope);
        return truth(value) ? value : right(scope);
      };
    }
    case "not": {
      const value = expression(node.node);
      return (scope) => !truth(value(scope));
    }
    case "neg":
    case "pos":
      return unary(expression(node.node), node.op);
    case "binary": {
      const [left, right, operator] = [expression(node.left), expression(node.right), node.operator];
      return (scope) => sized(arithmetic(operator, left(scope), right(scope)), scope.run.meter);
    }
    case "concat": {
      const parts = node.nodes.map(expression);
      return (scope) =>
        joined(
          parts.map((part) => shown(part(scope), scope.run.meter)),
          scope.run.meter,
        );
    }
    case "compare":
      return comparison(
        expression(node.expr),
        node.ops.map(({ operator, expr }) => [operator, expression(expr)]),
      );
    case "cond": {
      const [test, yes] = [expression(node.test), expression(node.expr1)];
      const no =
        node.expr2 === null
          ? () => new Undefined("the condition is false and there is no `else`", false)
          : expression(node.expr2);
      return (scope) => (truth(test(scope)) ? yes(scope) : no(scope));
    }
    case "filter":
      return filter(node);
    case "test":
      return test(node.name, expression(node.node), argumentsOf(node));
    case "call":
      return call(expression(node.node), argumentsOf(node));
    case "nsattr":
      return refuse("`nsref` is not allowed here");
  }
}

export function reader(key: string): Evaluate {
  return (from) => {
    for (let scope: Scope | null = from; scope !== null; scope = scope.parent) {
      const found = scope.names.get(key);
      if (found !== undefined) return found;
      if (scope.unset.has(key)) break;
    }
    return new Undefined(`\`${key}\` is undefined`);
  };
}

function constant(value: Value): Evaluate {
  if (typeof value === "bigint" && bitLength(value) > MAX_INTEGER_BITS) refuse("a number that is too large");
  return () => value;
}

function member(owner: Evaluate, key: string): Evaluate {
  return (scope) => lookup(owner(scope), key);
}

function item(owner: Evaluate, arg: Expression): Evaluate {
  if (arg.op === "const" && typeof arg.value === "string") return member(owner, arg.value);
  const key = expression(arg);
  return (scope) => {
    const [value, found] = [owner(scope), key(scope)];
    if (found instanceof Slice) return sized(sliced(value, found), scope.run.meter);
    weighKey(found, lengthOf(value), scope.run.meter);
    return lookup(value, found);
  };
}

/** A list with macros in it could be printed. */
function dataOnly(value: Value): Value {
  return value instanceof Opaque ? refuse("a list can contain data only") : value;
}

function sequence(items: Evaluate[], isTuple: boolean): Evaluate {
  return (scope) => {
    scope.run.meter.charge(1 + items.length);
    const found = items.map((each) => dataOnly(each(scope)));
    return isTuple ? Tuple.holding(found) : found;
  };
}

function dictionary(pairs: [Evaluate, Evaluate][]): Evaluate {
  return (scope) => {
    scope.run.meter.charge(1 + 4 * pairs.length);
    const found = new Dict();
    for (const [key, value] of pairs) {
      const name = dataOnly(key(scope));
      weighKey(name, found.size, scope.run.meter);
      const own = dataOnly(value(scope));
      found.set(name, own);
    }
    return found;
  };
}

function unary(operand: Evaluate, op: "neg" | "pos"): Evaluate {
  return (scope) => {
    const value = operand(scope);
    if (value instanceof Undefined) return value.fail();
    if (!isNumber(value)) return fail(`\`${op === "neg" ? "-" : "+"}\` does not work on ${kind(value)}`);
    return op === "neg" ? negative(value) : isInt(value) ? add(value, 0) : value;
  };
}

function arithmetic(operator: string, left: Value, right: Value): Value {
  if (operator === "%" && typeof left === "string") refuse("`%` on a string; use the filter `format`, or `~`");
  if (operator === "*") {
    const repeated = repetition(left, right) ?? repetition(right, left);
    if (repeated !== undefined) return repeated;
  }
  if (isNumber(left) && isNumber(right)) {
    if (operator === "+") return add(left, right);
    if (operator === "-") return subtract(left, right);
    if (operator === "*") return multiply(left, right);
    if (operator === "/") return divide(left, right);
    if (operator === "//") return floorDivide(left, right);
    return operator === "%" ? modulo(left, right) : (power(left, right) ?? new Complex());
  }
  for (const value of [left, right]) if (value instanceof Undefined) value.fail();
  if (operator === "+") {
    if (typeof left === "string" && typeof right === "string") return left + right;
    if (left instanceof Tuple && right instanceof Tuple) return Tuple.holding([...left, ...right]);
    if (Array.isArray(left) && Array.isArray(right) && !(left instanceof Tuple || right instanceof Tuple))
      return [...left, ...right];
  }
  return fail(`\`${operator}\` does not work on ${kind(left)} and ${kind(right)}`);
}

const LARGEST_COUNT = 2n ** 63n;

/** A string or a list several times; undefined for other values. */
function repetition(value: Value, times: Value): Value | undefined {
  if (!(typeof value === "string" || Array.isArray(value)) || !isInt(times)) return undefined;
  const [limit, number] = [typeof value === "string" ? MAX_TEXT_CHARS : MAX_ITEMS, toBig(times)];
  if (BigInt(lengthOf(value)) * number > BigInt(limit)) refuse("a result of `*` that is too large");
  if (number >= LARGEST_COUNT || number < -LARGEST_COUNT) fail("a count for `*` that is too large");
  const count = lengthOf(value) ? Math.max(Number(times), 0) : 0;
  if (typeof value === "string") return value.repeat(count);
  const found = Array.from({ length: count }, () => Array.from(value)).flat();
  return value instanceof Tuple ? Tuple.holding(found) : found;
}

function comparison(first: Evaluate, rest: [string, Evaluate][]): Evaluate {
  return (scope) => {
    let left = first(scope);
    for (const [operator, operand] of rest) {
      const right = operand(scope);
      if (!compared(operator, left, chargedForComparing(left, right, scope.run.meter))) return false;
      left = right;
    }
    return true;
  };
}

function compared(operator: string, left: Value, right: Value): boolean {
  if (operator === "eq") return equal(left, right);
  if (operator === "ne") return !equal(left, right);
  if (operator === "in") return contains(right, left);
  if (operator === "notin") return !contains(right, left);
  if (operator === "gt") return compare(left, right, ">") > 0;
  if (operator === "gteq") return compare(left, right, ">=") >= 0;
  return operator === "lt" ? compare(left, right, "<") < 0 : compare(left, right, "<=") <= 0;
}

function chargedForComparing(left: Value, right: Value, meter: Meter): Value {
  meter.charge(1);
  for (const value of [left, right]) {
    if (typeof value === "string") meter.charge(textLength(value) >> 6);
    else weighForComparing(value, meter);
  }
  return right instanceof Lazy ? weighedItems(right, meter) : right;
}

// Filters, tests and calls

const CALL_COST = 8;

type Given = (scope: Scope) => [Value[], Dict];

export function argumentsOf(node: Arguments): Given {
  const args = node.args.map(expression);
  const named = node.kwargs.map(({ key, value }): [string, Evaluate] => [key, expression(value)]);
  const more = node.dyn_args === null ? null : expression(node.dyn_args);
  const moreNamed = node.dyn_kwargs === null ? null : expression(node.dyn_kwargs);
  return (scope) => {
    const { meter } = scope.run;
    const positional = args.map((argument) => argument(scope));
    if (more !== null) {
      const values = more(scope);
      meter.charge(lengthOf(values));
      positional.push(...(sized(listOf(values), meter) as Value[]));
    }
    const keywords = new Dict();
    for (const [key, value] of named) keywords.set(key, value(scope));
    if (moreNamed !== null) addNamed(keywords, sized(moreNamed(scope), meter));
    return [positional, keywords];
  };
}

function addNamed(keywords: Dict, more: Value): void {
  if (!(more instanceof Dict)) return fail("the value after `**` is not an object");
  for (const [key, value] of more.entries()) {
    if (keywords.has(key)) fail(`the argument \`${textOf(key)}\` is passed twice`);
    keywords.set(key, value);
  }
}

function filter(node: FilterNode): Evaluate {
  const { name } = node;
  knownFilter(node);
  if (node.node === null) return refuse(`\`${name}\` has no value`);
  const [value, given] = [expression(node.node), argumentsOf(node)];
  return (scope) => {
    const found = value(scope);
    return applyFilter(name, found, ...given(scope), scope.run.meter);
  };
}

export function knownFilter(node: FilterNode): void {
  if (!hasFilter(node.name)) fail(`there is no filter \`${node.name}\``);
}

function test(name: string, value: Evaluate, given: Given): Evaluate {
  if (!hasTest(name)) fail(`there is no test \`${name}\``);
  return (scope) => {
    const found = value(scope);
    return applyTest(name, found, ...given(scope), scope.run.meter);
  };
}

function call(callee: Evaluate, given: Given): Evaluate {
  return (scope) => {
    const found = callee(scope);
    if (!(found instanceof Undefined || found instanceof Callable))
      refuse("only macros, `range` and `namespace` can be called; values have no methods");
    const [args, named] = given(scope);
    scope.run.meter.charge(CALL_COST);
    if (found instanceof Undefined) return found.fail();
    const callable = found as Callable;
    return callable.call(callable.charged(args, scope.run.meter), named);
  };
}

/** `range` and `namespace`, and the functions of `loop`. */
export class BuiltIn extends Callable {
  readonly kind = "a function";

  constructor(
    private readonly apply: (args: Value[], named: Dict) => Value,
    private readonly charge: (args: Value[], meter: Meter) => Value[] = (args) => args,
  ) {
    super();
  }
  override charged(args: Value[], meter: Meter): Value[] {
    return this.charge(args, meter);
  }
  call(args: Value[], named: Dict): Value {
    return this.apply(args, named);
  }
}

const GLOBALS = new Map<string, Value>([
  ["range", new BuiltIn(range)],
  ["namespace", new BuiltIn(namespace, chargedPairs)],
]);

function range(args: Value[], named: Dict): Value {
  if (named.size || !args.length || args.length > 3) fail("`range` takes one to three numbers");
  const [start, stop, step] = args.map((value) =>
    isInt(value) ? toBig(value) : fail(`${kind(value)} is not a whole number`),
  );
  const [from, to, by] = stop === undefined ? [0n, start ?? 0n, 1n] : [start ?? 0n, stop, step ?? 1n];
  if (by === 0n) fail("the step of `range` is not zero");
  const distance = by > 0n ? to - from : from - to;
  const size = by > 0n ? by : -by;
  const length = distance > 0n ? (distance + size - 1n) / size : 0n;
  const largest = 2n ** 62n;
  if ([from, to].some((bound) => bound > largest || bound < -largest) || length > BigInt(MAX_RANGE))
    refuse(`\`range\` gives at most ${MAX_RANGE} numbers`);
  return new Range(small(from), small(to), small(by), Number(length));
}

function small(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function namespace(args: Value[], named: Dict): Value {
  if (args.length > 1) fail("`namespace` takes at most one object");
  const names = new Dict();
  const [given] = args;
  const pairs = given instanceof Dict ? [...given.entries()] : given === undefined ? [] : listOf(given).map(pair);
  for (const [key, value] of [...pairs, ...named.entries()]) names.set(key, value);
  return new Namespace(names);
}

function pair(value: Value): [Value, Value] {
  const found = listOf(value);
  return found.length === 2 ? [found[0], found[1]] : fail("`namespace` needs pairs of a name and a value");
}

function chargedPairs(args: Value[], meter: Meter): Value[] {
  const found = args.map((argument) => (argument instanceof Dict ? argument : sized(listOf(argument), meter)));
  for (const argument of found) {
    meter.charge(2 * lengthOf(argument));
    const keys =
      argument instanceof Dict
        ? argument.keys()
        : (argument as Value[]).map((each) => (Array.isArray(each) && each.length ? each[0] : null));
    let count = 0;
    for (const key of keys) weighKey(key, count++, meter);
  }
  return found;
}

export function outermost(text: Text, names: Dict, run: Run): Scope {
  const frame = { text, depth: 0 };
  return new Scope(names.names, new Scope(GLOBALS, null, run, frame), run, frame);
}
