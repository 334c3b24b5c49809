import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readBundle } from "../src/bundle";
import { openCache } from "../src/cache";
import { RefResolver } from "../src/resolver";
import type { BundleSource } from "../src/source";
import { rows } from "./vectors";

test("before the allowed signers are read, nothing of the cache is given", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "promptops-"));
  const before = process.env.PROMPTOPS_CACHE;
  process.env.PROMPTOPS_CACHE = join(folder, "cache");
  context.after(() => {
    rmSync(folder, { recursive: true });
    if (before === undefined) delete process.env.PROMPTOPS_CACHE;
    else process.env.PROMPTOPS_CACHE = before;
  });
  const [{ bundle: text = "" } = {}] = rows<{ bundle?: string }>("requests");
  const data = new TextEncoder().encode(text);
  const bundle = await readBundle(data);
  const listed = { release: bundle.release, version: undefined, digest: bundle.digest };
  const source: BundleSource = {
    where: "https://example.com",
    remote: true,
    releases: async () => new Map([[bundle.release ?? "", listed]]),
    channel: async () => undefined,
    channels: async () => [],
    bundle: async () => ({ bundle, data, proof: undefined }),
  };
  const ref = `sha256:${bundle.digest}`;
  const signal = new AbortController().signal;
  const untrusting = new RefResolver(source, ref, async () => undefined, openCache, false);
  const waiting = new RefResolver(source, ref, () => new Promise(() => undefined), openCache, false);

  await untrusting.ask(undefined, signal);
  void waiting.ask(undefined, signal);

  assert.equal((await untrusting.lastGood())?.digest, bundle.digest);
  assert.equal(await waiting.lastGood(), undefined);
});
