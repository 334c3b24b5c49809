import { door, serve } from "./page";
import assert from "node:assert/strict";
import { test } from "node:test";
import { Saving } from "../src/saving";
import { problem } from "../src/session";

const CHANGE = { files: [], saved: null };

test("two clicks save once, and the second save may follow the first", async () => {
  const slow = door();
  const requests = serve(async (path) => {
    await (path === "/api/save" ? slow.opened : undefined);
    return path === "/api/save" ? { paths: ["prompts/a.prompt.yaml"] } : CHANGE;
  });
  const saving = new Saving();

  const both = Promise.all([saving.toFiles("one"), saving.toFiles("one")]);
  const before = saving.isUnderWay.value;
  slow.open();
  await both;
  await saving.toFiles("two");

  const states = requests.filter(([path]) => path === "/api/save").map(([, { state }]) => state);
  assert.deepEqual([states, before, saving.isUnderWay.value], [["one", "two"], true, false]);
  assert.deepEqual(saving.paths.value, ["prompts/a.prompt.yaml"]);
});

test("a file that somebody else changed is a conflict until the next save", async () => {
  const files = [{ path: "prompts/a.prompt.yaml", edited: "mine", disk: "theirs" }];
  const errors = [{ message: "it was changed meanwhile", hint: null, where: null, place: null }];
  const conflict = () => Response.json({ errors, kind: "disk", text: null, files }, { status: 409 });
  const saving = new Saving();

  serve((path) => (path === "/api/branch" ? conflict() : CHANGE));
  await saving.toBranch("one", "kind", "Be kind");
  const refused = [saving.conflicts.value, problem.value?.message];
  serve((path) => (path === "/api/branch" ? { branch: "kind", next: null } : CHANGE));
  await saving.toBranch("one", "kind", "Be kind");

  assert.deepEqual(refused, [files, "it was changed meanwhile"]);
  assert.deepEqual([saving.conflicts.value, problem.value], [[], null]);
});
