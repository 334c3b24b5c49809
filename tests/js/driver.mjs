// Loads bundles as it is told on standard input: one JSON value on each line, and one line for each answer.
import { createInterface } from "node:readline";

const [, , built] = process.argv;
const NEVER = 1e9;
const DEADLINE_MS = 60_000;
let generation = 0;
let promptops = await import(`${built}?0`);
let last;
let warnings = [];
console.warn = (text) => warnings.push(text);

let pending = 0;
const request = globalThis.fetch;
globalThis.fetch = async (...parameters) => {
  pending += 1;
  try {
    return await request(...parameters);
  } finally {
    pending -= 1;
  }
};

const operations = {
  /** As if the process were new. */
  async forget() {
    promptops = await import(`${built}?${++generation}`);
    last = undefined;
  },
  /** Waits for queries in the background: between two requests of one, none is pending. */
  async settle() {
    for (let quiet = 0; quiet < 5; quiet = pending ? 0 : quiet + 1)
      await new Promise((resolve) => setTimeout(resolve, 2));
  },
  async load({ ref, options, count = 1 }) {
    const loads = Array.from({ length: count }, () => outcome(ref, options));
    const found = await Promise.all(loads);
    const [first] = found;
    const same = found.every(({ bundle }) => bundle !== undefined && bundle === last?.bundle);
    last = first;
    return { ...first, same, all: found.every(({ bundle }) => bundle === first.bundle), ...taken() };
  },
  /** Loads until the bundle is as it should be. */
  async until({ ref, options, wanted }) {
    const end = performance.now() + DEADLINE_MS;
    let found;
    do {
      await new Promise((resolve) => setTimeout(resolve, 5));
      found = await outcome(ref, { ...options, refreshSeconds: NEVER });
    } while (Object.entries(wanted).some(([key, value]) => found[key] !== value) && performance.now() < end);
    const same = found.bundle !== undefined && found.bundle === last?.bundle;
    last = found;
    return { ...found, same, ...taken() };
  },
};

async function outcome(ref, options) {
  try {
    const bundle = await promptops.load(ref ?? undefined, options);
    const { release, digest, channel, stale } = bundle;
    const [id = ""] = bundle.ids;
    const request = bundle.get(id).render(id === "greet" ? { name: "Ada" } : { question: "Ada" });
    return { bundle, release, digest, channel, stale, text: request.messages.at(-1)?.content, request: await request.digest() };
  } catch (error) {
    const { name, message, where = null, hint = null, stack } = error;
    return { error: name, message, where, hint, ...(error instanceof promptops.PromptopsError ? {} : { stack }) };
  }
}

/** The warnings since the last answer; a bundle is not JSON. */
function taken() {
  const found = warnings;
  warnings = [];
  return { warnings: found, bundle: undefined };
}

for await (const line of createInterface({ input: process.stdin })) {
  const { operation, environment = {}, ...rest } = JSON.parse(line);
  for (const name of Object.keys(process.env)) if (/^(PROMPTOPS_|XDG_)/.test(name)) delete process.env[name];
  Object.assign(process.env, environment);
  if (rest.folder) process.chdir(rest.folder);
  console.log(JSON.stringify((await operations[operation](rest)) ?? {}));
}
