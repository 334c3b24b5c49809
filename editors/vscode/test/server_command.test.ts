import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";

import { type Surroundings, serverCommand } from "../src/server_command";

const nothing: Surroundings = {
  configured: [],
  folders: ["/home/ada/shop"],
  trusted: true,
  searchPath: "/usr/bin:/bin",
  platform: "linux",
  isProgram: () => false,
  realPath: (file) => file,
};

function found(around: Partial<Surroundings>, ...programs: string[]): string | undefined {
  const isProgram = (file: string): boolean => programs.includes(file);
  return serverCommand({ ...nothing, isProgram, ...around })?.command;
}

test("the setting comes first, with its arguments", () => {
  const configured = ["uv", "run", "promptops"];

  deepEqual(serverCommand({ ...nothing, configured, isProgram: () => true }), {
    command: "uv",
    args: ["run", "promptops", "lsp"],
  });
});

test("the environment of the workspace comes before the interpreter and PATH", () => {
  const interpreter = "/opt/envs/shop/bin/python";
  const all = [
    "/home/ada/shop/.venv/bin/promptops",
    "/home/ada/shop/venv/bin/promptops",
    "/opt/envs/shop/bin/promptops",
    "/usr/bin/promptops",
  ];

  const order = all.map((_, index) => found({ interpreter }, ...all.slice(index)));

  deepEqual(order, all);
});

test("the environment of any folder of the workspace is used", () => {
  const folders = ["/home/ada/shop", "/home/ada/other"];

  equal(found({ folders }, "/home/ada/other/venv/bin/promptops"), "/home/ada/other/venv/bin/promptops");
});

test("without promptops there is no command", () => {
  equal(serverCommand(nothing), undefined);
});

test("an untrusted workspace does not name the program", () => {
  const interpreter = "/home/ada/shop/env/bin/python";
  const inside = ["/home/ada/shop/.venv/bin/promptops", "/home/ada/shop/env/bin/promptops"];

  equal(found({ trusted: false, interpreter }, ...inside), undefined);
  equal(found({ trusted: false, interpreter }, ...inside, "/bin/promptops"), "/bin/promptops");
});

test("an untrusted workspace is not reached through PATH or a link", () => {
  const searchPath = "/home/ada/shop/bin:/home/ada/links:.:bin";
  const programs = ["/home/ada/shop/bin/promptops", "/home/ada/links/promptops", "bin/promptops"];
  const realPath = (file: string): string => file.replace("/home/ada/links", "/home/ada/shop/bin");

  equal(found({ trusted: false, searchPath, realPath }, ...programs), undefined);
});

test("a folder whose name begins with dots is inside", () => {
  const searchPath = "/home/ada/shop/..bin";

  equal(found({ trusted: false, searchPath }, "/home/ada/shop/..bin/promptops"), undefined);
});

test("on Windows the program is in Scripts", () => {
  const folders = ["C:\\shop"];
  const program = "C:\\shop\\.venv\\Scripts\\promptops.exe";

  equal(found({ folders, platform: "win32" }, program), program);
});
