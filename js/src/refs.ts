/** What a ref names, and the highest version in a range. */
import { UsageError, quoted } from "./errors";

export type Ref =
  | { readonly kind: "Exact"; readonly tag: string }
  | { readonly kind: "Highest"; readonly text: string; readonly range: VersionRange }
  | { readonly kind: "Digest"; readonly sha256: string }
  | { readonly kind: "NamedRef"; readonly name: string }
  | { readonly kind: "GitRevision"; readonly revision: string };

export interface Version {
  readonly numbers: readonly [major: number, minor: number, patch: number];
  /** The parts of a prerelease; empty for a release. */
  readonly pre: readonly string[];
}

type Bound = readonly [sign: ">=" | "<=" | ">" | "<", version: Version];

export interface VersionRange {
  readonly bounds: readonly Bound[];
  /** Prereleases that the range names; only those of the same releases are in it. */
  readonly named: readonly Version[];
}

const NUMBER = "(?:0|[1-9][0-9]{0,9})";
const PRE = `(?:${NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)`;
const VERSION = new RegExp(`^(${NUMBER})\\.(${NUMBER})\\.(${NUMBER})(?:-(${PRE}(?:\\.${PRE})*))?$`);
const BOUND = /^\s*(\^|~|>=|<=|>|<|=)\s*v?([0-9]+(?:\.[0-9]+(?:\.[0-9]+(?:-[0-9A-Za-z.-]+)?)?)?)\s*$/;

/** What a ref names; throws a UsageError for an invalid one. */
export function parseRef(text: string): Ref {
  if (parseVersion(text.replace(/^v/, "")) !== undefined) return { kind: "Exact", tag: text };
  if (text.startsWith("sha256:")) {
    return /^sha256:[0-9a-f]{64}$/.test(text)
      ? { kind: "Digest", sha256: text.slice("sha256:".length) }
      : wrong(text, "is not a digest", "sha256: and 64 hexadecimal digits");
  }
  if (text.startsWith("git:") && text.length > "git:".length)
    return { kind: "GitRevision", revision: text.slice("git:".length) };
  if (/^[\^~><=]/.test(text)) {
    const range = parseRange(text);
    return range === undefined
      ? wrong(text, "is not a range", "such as `^1.2`, `~1.2.3`, `>=1,<2`")
      : { kind: "Highest", text, range };
  }
  const problem = wrongName(text);
  return problem === undefined ? { kind: "NamedRef", name: text } : wrong(text, `is not a ref: ${problem}`, HINT);
}

const HINT = "such as `v1.2.0`, `^1.2`, `sha256:…`, or a channel: `production`";

function wrong(text: string, problem: string, hint: string): never {
  throw new UsageError(`${quoted(text)} ${problem}`, { hint });
}

function wrongName(text: string): string | undefined {
  if (text.toLowerCase() === "latest") return "there is no implicit latest release";
  if (text.includes("@")) return "the tag of one prompt is not a release of the whole catalog";
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(text) || text.length > 100)
    return "a name has letters, digits, `.`, `_` and `-`";
  if (/^[0-9a-fA-F]+$/.test(text)) return "it could be a commit id";
  return /^v?[0-9]+(\.[0-9]+)*$/.test(text) ? "it could be a version" : undefined;
}

export function parseVersion(text: string): Version | undefined {
  const found = VERSION.exec(text);
  if (found === null) return undefined;
  const [, major, minor, patch, pre] = found;
  return { numbers: [Number(major), Number(minor), Number(patch)], pre: pre?.split(".") ?? [] };
}

/** The text of a version, as in a tag without its `v`. */
export function versionText({ numbers, pre }: Version): string {
  return numbers.join(".") + (pre.length ? `-${pre.join(".")}` : "");
}

/** A range, its parts separated by commas; undefined for another text. */
export function parseRange(text: string): VersionRange | undefined {
  const bounds: Bound[] = [];
  const named: Version[] = [];
  for (const part of text.split(",")) {
    const [, sign = "", written = ""] = BOUND.exec(part) ?? [];
    const [numbers = ""] = written.split("-");
    const given = numbers.split(".").length;
    const version = parseVersion(numbers + ".0".repeat(3 - given) + written.slice(numbers.length));
    if (version === undefined) return undefined;
    bounds.push(...boundsOf(sign, version, given));
    if (version.pre.length) named.push(version);
  }
  return { bounds, named };
}

/** The bounds of one part; `given` is how many numbers of the version were written. */
function boundsOf(sign: string, version: Version, given: number): Bound[] {
  if (sign === "^")
    return [
      [">=", version],
      ["<", aboveCaret(version, given)],
    ];
  if (sign === "~")
    return [
      [">=", version],
      ["<", above(version, Math.min(given, 2))],
    ];
  const after = above(version, given);
  if (sign === "=") return [[">=", version], given < 3 ? ["<", after] : ["<=", version]];
  if (given < 3 && sign === "<=") return [["<", after]];
  if (given < 3 && sign === ">") return [[">=", after]];
  return [[sign as Bound[0], version]];
}

/** The next version that changes the first number other than 0; `^0` is 0.x, `^0.0` is 0.0.x. */
function aboveCaret(version: Version, given: number): Version {
  const [major, minor] = version.numbers;
  return above(version, major || given === 1 ? 1 : minor || given === 2 ? 2 : 3);
}

function above({ numbers: [major, minor, patch] }: Version, given: number): Version {
  if (given === 1) return { numbers: [major + 1, 0, 0], pre: [] };
  return { numbers: given === 2 ? [major, minor + 1, 0] : [major, minor, patch + 1], pre: [] };
}

/** The highest version in a range; undefined if it contains none of them. */
export function highest(range: VersionRange, versions: readonly Version[]): Version | undefined {
  return versions
    .filter((version) => isIn(range, version))
    .sort(compareVersions)
    .at(-1);
}

function isIn({ bounds, named }: VersionRange, version: Version): boolean {
  const isNamed = named.some(({ numbers }) => numbers.join() === version.numbers.join());
  if (version.pre.length && !isNamed) return false;
  return bounds.every(([sign, bound]) => {
    const order = compareVersions(version, bound);
    return sign === ">=" ? order >= 0 : sign === "<=" ? order <= 0 : sign === ">" ? order > 0 : order < 0;
  });
}

/** By the rules of Semantic Versioning. */
export function compareVersions(left: Version, right: Version): number {
  for (const [index, number] of left.numbers.entries())
    if (number !== right.numbers[index]) return number - (right.numbers[index] ?? 0);
  if (!left.pre.length || !right.pre.length) return Number(!left.pre.length) - Number(!right.pre.length);
  for (let index = 0; index < Math.min(left.pre.length, right.pre.length); index++) {
    const order = comparePre(left.pre[index] ?? "", right.pre[index] ?? "");
    if (order !== 0) return order;
  }
  return left.pre.length - right.pre.length;
}

function comparePre(left: string, right: string): number {
  const [isLeftNumber, isRightNumber] = [/^[0-9]+$/.test(left), /^[0-9]+$/.test(right)];
  if (isLeftNumber && isRightNumber) return Number(left) - Number(right);
  if (isLeftNumber !== isRightNumber) return isLeftNumber ? -1 : 1;
  return left < right ? -1 : Number(left > right);
}
