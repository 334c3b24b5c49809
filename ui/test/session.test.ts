import "./page";
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasToken, takeToken } from "../src/api";
import { address, routeOf } from "../src/session";

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
