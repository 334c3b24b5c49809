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
    cwd: "/home/ada/shop",
    searchPath: "/usr/bin:/bin",
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

test("an untrusted workspace starts no configured command but promptops outside of it", () => {
  const commands = [
    ["uv", "run", "promptops"],
    ["/usr/bin/uv", "run", "promptops"],
    ["/usr/bin/env", "promptops"],
    ["/usr/bin/uv"],
    ["promptops"],
    ["./promptops"],
    ["bin/promptops"],
    ["/home/ada/shop/bin/promptops"],
    ["/opt/../home/ada/shop/bin/promptops"],
    ["/home/ada/link/promptops"],
    ["/opt/bin/promptops", "-C", "/home/ada/shop"],
    ["/opt/bin/python", "-m", "promptops"],
    ["/opt/gone/promptops"],
    [""],
  ];
  const realPath = (file: string): string => file.replace("/home/ada/link", "/home/ada/shop/bin");
  const isProgram = (file: string): boolean => !file.includes("/gone/");
  const around = { ...nothing, trusted: false, searchPath: "", realPath, isProgram };

  const started = commands.map((configured) => serverCommand({ ...around, configured }));

  deepEqual(started, commands.map(() => undefined));
  equal(serverCommand({ ...around, configured: ["/opt/bin/promptops"] })?.command, "/opt/bin/promptops");
});

test("an untrusted workspace uses PATH where the configured command is not used", () => {
  const configured = ["uv", "run", "promptops"];

  equal(found({ trusted: false, configured }, "/bin/promptops"), "/bin/promptops");
});

test("an untrusted workspace is neither where the server starts nor on its PATH", () => {
  const around = { ...nothing, isProgram: (file: string) => file === "/usr/bin/promptops" };
  const searchPath = "/home/ada/shop/bin:.::node_modules/.bin:/home/ada/shop:/usr/bin:/bin";

  deepEqual(serverCommand({ ...around, trusted: false, searchPath }), {
    command: "/usr/bin/promptops",
    args: ["lsp"],
    cwd: "/usr/bin",
    searchPath: "/usr/bin:/bin",
  });
  equal(serverCommand({ ...around, searchPath })?.searchPath, searchPath);
});

test("on Windows an untrusted workspace starts promptops of another drive", () => {
  const around = { ...nothing, trusted: false, folders: ["C:\\shop"], isProgram: () => true };
  const started = (program: string): string | undefined =>
    serverCommand({ ...around, platform: "win32", searchPath: "", configured: [program] })?.cwd;

  deepEqual(
    ["C:\\SHOP\\promptops.exe", "\\tools\\uv.exe", "promptops.exe", "D:\\tools\\promptops.exe"].map(started),
    [undefined, undefined, undefined, "D:\\tools"],
  );
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
