import { door } from "./page";
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasToken, takeToken } from "../src/api";
import { address, change, readChange, routeOf } from "../src/session";

test("an address names a page, a prompt and a case", () => {
  const [id, name] = ["support/a b%", "50%? no & yes"];

  assert.deepEqual(routeOf(address("prompt", id)), { page: "prompt", id, name: null });
  assert.deepEqual(routeOf(address("prompt", id, name)), { page: "prompt", id, name });
  assert.deepEqual(
    ["", "#", "#/", "#/prompt/%", "#/prompt/a?case=%", "#token=x"].map(routeOf),
    Array(6).fill({ page: "", id: "", name: null }),
  );
});

test("a token is taken once, and stays", () => {
  location.hash = "#token=x";
  const taken = takeToken();
  location.hash = "#/prompt/a";

  assert.deepEqual([taken, takeToken(), hasToken()], [true, false, true]);
});

function show(hash: string): void {
  location.hash = hash;
  window.dispatchEvent(new Event("hashchange"));
}

test("the failing cases are read on the page of the changes, and a late answer without them is not shown", async () => {
  const slow = door();
  const addresses: string[] = [];
  globalThis.fetch = async (path) => {
    addresses.push(String(path));
    const isWhole = String(path).endsWith("?failing=1");
    await (isWhole ? undefined : slow.opened);
    return Response.json({ files: [], saved: null, state: isWhole ? "whole" : "of the badge" });
  };

  show("#/prompt/a");
  const badge = readChange();
  show("#/change");
  await readChange();
  slow.open();
  await badge;

  assert.deepEqual([addresses, change.value?.state], [["/api/change", "/api/change?failing=1"], "whole"]);
});
