import "./page";
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasToken, takeToken } from "../src/api";
import { address, routeOf } from "../src/session";

test("an address names a page and a prompt", () => {
  assert.deepEqual(routeOf(address("prompt", "support/a b%")), { page: "prompt", id: "support/a b%" });
  assert.deepEqual(["", "#", "#/", "#/prompt/%", "#token=x"].map(routeOf), Array(5).fill({ page: "", id: "" }));
});

test("a token is taken once, and stays", () => {
  location.hash = "#token=x";
  const taken = takeToken();
  location.hash = "#/prompt/a";

  assert.deepEqual([taken, takeToken(), hasToken()], [true, false, true]);
});
