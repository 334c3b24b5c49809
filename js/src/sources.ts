/** Recognises the kind of a source and opens it. */
import type { Stats } from "node:fs";
import { BundleFile } from "./bundle_file";
import { NotFound, UsageError, quoted } from "./errors";
import { type NodeModules, needed, variable } from "./node";
import { siteAt, siteFolder } from "./site";
import { type BundleSource, shown } from "./source";

const PACKAGE = "pkg:";
const KINDS = "the folder of a site, a bundle, https://… or pkg:NAME";
const NPM_NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/i;

/** The given source, otherwise PROMPTOPS_SOURCE; throws a UsageError if there is none. */
export function namedSource(source: string | undefined): string {
  const named = source || variable("PROMPTOPS_SOURCE");
  if (named) return named;
  throw new UsageError("no source is given", { hint: "pass `source`, or set PROMPTOPS_SOURCE" });
}

/** Throws a UsageError for what is not a kind of source, NotFound if the source does not exist. */
export function opened(where: string): BundleSource {
  if (where.startsWith(PACKAGE)) return at(packagePath(where.slice(PACKAGE.length)));
  const scheme = /^(.*?):\/\//s.exec(where)?.[1];
  if (scheme === undefined) return at(where);
  if (scheme === "https" || scheme === "http") return siteAt(where);
  if (scheme.startsWith("git+")) throw noGit(shown(where));
  throw new UsageError(`${quoted(shown(where))} is not a source`, { hint: `a source is ${KINDS}` });
}

/** The error for a git repository, or for a revision of one. */
export function noGit(where: string): UsageError {
  const hint = "build a site or a bundle of it: promptops build --site DIR, or promptops build REF -o FILE";
  return new UsageError("only Python reads git repositories", { where, hint });
}

function at(written: string): BundleSource {
  const node = needed(`the source ${quoted(shown(written))}`);
  const { path, cwd } = node;
  // `..` stays, because the folder before it may be a link.
  const whole = path.isAbsolute(written) ? written : `${cwd()}/${written}`;
  const place = written.includes("..") ? whole : path.resolve(written);
  if (isFile(node, place)) return new BundleFile(place);
  if (!isFolder(node, place)) {
    const hint = `a source is ${KINDS}; check that it exists and can be read`;
    throw new NotFound("there is no such source", { where: shown(place), hint });
  }
  if (!isSite(node, place)) throw noGit(place);
  return siteFolder(place);
}

/** The path of a bundle or a site in an installed package; `NAME` means its site or its only bundle. */
function packagePath(name: string): string {
  const where = `${PACKAGE}${name}`;
  const node = needed(`the source ${quoted(where)}`);
  const parts = name.split("/");
  const [of, inside] = [parts.splice(0, name.startsWith("@") ? 2 : 1).join("/"), parts.join("/")];
  if (!NPM_NAME.test(of)) throw new UsageError(`${quoted(of)} is not the name of a package`, { where });
  const folder = installed(node, of);
  if (folder === undefined) {
    const hint = "check that it is installed here: npm ls";
    throw new NotFound("there is no such package", { where, hint });
  }
  if (!inside && isSite(node, folder)) return folder;
  const names = inside ? [inside] : node.fs.readdirSync(folder).filter((file) => /\.jsonl(\.gz)?$/.test(file));
  const found = names.filter((file) => node.fs.existsSync(`${folder}/${file}`));
  if (found.length === 1) return `${folder}/${found[0]}`;
  const hint = found.length ? `name one: ${where}/FILE, where FILE is one of ${found.sort().join(", ")}` : undefined;
  throw new NotFound(`the package has ${found.length} bundles`, { where, hint });
}

/** The folder of a package, found from the working directory as Node finds it. */
function installed(node: NodeModules, name: string): string | undefined {
  const { path, cwd } = node;
  for (let folder = cwd(); ; folder = path.dirname(folder)) {
    const found = path.join(folder, "node_modules", name);
    if (isFolder(node, found)) return found;
    if (folder === path.dirname(folder)) return undefined;
  }
}

/** Whether a folder has a site; a repository may have an `index.json`, too. */
function isSite(node: NodeModules, folder: string): boolean {
  return isFile(node, `${folder}/index.json`) && isFolder(node, `${folder}/bundles`);
}

function isFile(node: NodeModules, path: string): boolean {
  return statusOf(node, path)?.isFile() ?? false;
}

function isFolder(node: NodeModules, path: string): boolean {
  return statusOf(node, path)?.isDirectory() ?? false;
}

function statusOf({ fs }: NodeModules, path: string): Stats | undefined {
  try {
    return fs.statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // not readable, or no valid path
  }
}
