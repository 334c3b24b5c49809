import { door, preview, prompt, refusal, serve } from "./page";
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { pending, problem } from "../src/session";
import { allSent, editedPrompt, TriedPrompt } from "../src/tried_prompt";

const [OWN, BODY] = ["/messages/0/content", "/messages/1/content_file"];

beforeEach(() => {
  pending.value = [];
  problem.value = null;
});

/** Answers what a test is not about. */
function usual(path: string): unknown {
  const answers: Record<string, unknown> = {
    "/api/session": {},
    "/api/prompt": prompt(),
    "/api/preview": preview("shown"),
    "/api/edit": preview("edited"),
    "/api/change": { files: [], saved: null },
    "/api/recorded": refusal(404, "nothing is recorded"),
  };
  return answers[path];
}

async function opened(id: string, answer: (path: string, body: Record<string, unknown>) => unknown = usual) {
  const requests = serve(async (path, body) => (await answer(path, body)) ?? usual(path));
  const tried = editedPrompt(id);
  await tried.open();
  requests.length = 0;
  return { tried, requests };
}

for (const broken of [
  () => refusal(500, "a bug"),
  () => refusal(401, "another token"),
  () => Promise.reject(new TypeError("connection refused")),
  () => new Response('{"digest": "cut o'),
]) {
  test(`a typed text is kept until the server has it, after ${broken}`, async () => {
    let isBroken = true;
    const { tried, requests } = await opened("kept", (path) => (path === "/api/edit" && isBroken ? broken() : undefined));

    tried.edit(OWN, "Hello, you.");
    await assert.rejects(allSent());
    const shown = problem.value;
    isBroken = false;
    tried.fill({ order: "1" });
    const refused = await allSent();
    tried.close();

    const edits = requests.filter(([path]) => path === "/api/edit").map(([, { text }]) => text);
    assert.deepEqual([edits, refused, tried.notTaken.value.size], [["Hello, you.", "Hello, you."], [], 0]);
    assert.deepEqual([shown === null, problem.value, tried.preview.value?.digest], [false, null, "edited"]);
  });
}

for (const status of [400, 403, 413]) {
  test(`a text that is refused with ${status} is marked until it changes, and the others are sent`, async () => {
    const { tried, requests } = await opened("refused", (path, { text }) =>
      path === "/api/edit" && text === "bad" ? refusal(status, "not this") : undefined,
    );

    tried.edit(OWN, "bad");
    tried.edit(BODY, "good");
    const refused = await allSent();
    tried.fill({ order: "1" });
    await allSent();
    const marked = [...tried.notTaken.value].map(([at, { text, error }]) => [at, text, error.message]);
    tried.close();
    const again = editedPrompt("refused");
    await again.open();
    const texts = again.texts.value?.texts.map(({ text }) => text);
    again.edit(OWN, "fine");
    const later = await allSent();
    again.close();

    const edits = requests.filter(([path]) => path === "/api/edit").map(([, { text }]) => text);
    assert.deepEqual(edits, ["bad", "good", "fine"]);
    assert.deepEqual([refused, marked, later], [["refused"], [[OWN, "bad", "not this"]], []]);
    assert.deepEqual([again === tried, texts], [true, ["bad", "Body."]]);
  });
}

test("what was typed last is sent when the page is left", async () => {
  const { tried, requests } = await opened("left");

  tried.edit(OWN, "Hello, you.");
  tried.close();
  await allSent();

  assert.deepEqual(requests.map(([path, { text }]) => [path, text]), [["/api/edit", "Hello, you."]]);
  assert.notEqual(editedPrompt("left"), tried);
});

test("a late preview of the old inputs is not shown under the case that was chosen", async () => {
  const { tried } = await opened("chosen");
  const slow = door();
  serve(async (path, body) => {
    if (path === "/api/preview" && body.case === undefined) {
      await slow.opened;
      return preview("old");
    }
    return body.case === "one" ? preview("new", { case: "one", inputs: { order: "1" } }) : usual(path);
  });

  tried.fill({ order: "typed" });
  const sent = tried.flush();
  const chosen = tried.choose("one");
  slow.open();
  await Promise.all([sent, chosen]);
  tried.close();

  assert.deepEqual([tried.preview.value?.digest, tried.inputs.value], ["new", { order: "1" }]);
});

test("a case that arrives late does not replace what was typed meanwhile", async () => {
  const slow = door();
  const { tried } = await opened("typed", async (path, body) => {
    if (body.case === "one") {
      await slow.opened;
      return preview("case", { case: "one", inputs: { order: "1" } });
    }
    return path === "/api/preview" ? preview(JSON.stringify(body.inputs ?? null)) : undefined;
  });

  const chosen = tried.choose("one");
  tried.fill({ order: "typed" });
  slow.open();
  await Promise.all([chosen, tried.flush()]);
  tried.close();

  assert.deepEqual([tried.inputs.value, tried.preview.value?.digest], [{ order: "typed" }, '{"order":"typed"}']);
});

test("nothing is blocked by an answer that is cut off", async () => {
  const cut = () => new Response('{"text": {"number": 0, "piece": "He');
  const { tried } = await opened("cut", (path) => (path === "/api/test" || path === "/api/answers" ? cut() : undefined));

  await tried.test();
  const shown = problem.value?.message;
  await tried.ask(["fast"]);
  const later = problem.value?.message;
  serve((path) => (path === "/api/test" ? { cases: [] } : usual(path)));
  await tried.test();
  tried.close();

  assert.deepEqual([tried.testing.value, tried.streaming.value, problem.value], [false, null, null]);
  assert.deepEqual([shown, later], Array(2).fill("the answer of the workbench is not complete"));
});

test("the file of the edited text has the changes, until there are none", async () => {
  const changes: unknown = { files: [{ path: "prompts/cases.yaml", id: null }], saved: null };
  const { tried } = await opened("badge", (path) => {
    const kept = path === "/api/keep" ? preview("kept") : undefined;
    return path === "/api/change" ? changes : path === "/api/revert" ? prompt({ pending: false }) : kept;
  });

  tried.edit(BODY, "Another body.");
  await allSent();
  const edited = [pending.value, tried.texts.value?.pending];
  await tried.keep("angry", []);
  const kept = pending.value;
  serve((path) => (path === "/api/revert" ? prompt() : usual(path)));
  await tried.revert();
  tried.close();

  assert.deepEqual(edited, [["prompts/body.md"], true]);
  assert.deepEqual([kept, pending.value, tried.texts.value?.pending], [["prompts/cases.yaml"], [], false]);
});

test("a prompt that is not edited sends nothing", async () => {
  const requests = serve(usual);

  await new TriedPrompt("idle").flush();

  assert.deepEqual(requests, []);
});

test("what is compared or saved waits for the last edit, even that of a page that was left", async () => {
  const slow = door();
  const { tried } = await opened("slow", async (path) => {
    await (path === "/api/edit" ? slow.opened : undefined);
  });
  let isSent = false;

  tried.edit(OWN, "Hello, you.");
  tried.close();
  const sent = allSent().then(() => (isSent = true));
  await new Promise((resolve) => setImmediate(resolve));
  const before = isSent;
  slow.open();
  await sent;

  assert.deepEqual([before, tried.preview.value?.digest], [false, "edited"]);
});

/** A server which refuses an edit of a text that it does not have, unless it has the result. */
function textServer() {
  const texts = new Map(prompt().texts.map(({ at, text }) => [at, text]));
  const server = { texts, edits: [] as [unknown, unknown][] };
  const answer = (path: string, { at, text, was }: Record<string, unknown>): unknown => {
    if (path === "/api/prompt") {
      return prompt({ texts: prompt().texts.map((each) => ({ ...each, text: texts.get(each.at) ?? "" })) });
    }
    if (path !== "/api/edit") {
      return undefined;
    }
    server.edits.push([was, text]);
    const present = texts.get(String(at));
    if (present !== was && present !== text) {
      const errors = [{ message: "the text was changed meanwhile", hint: null, where: null, place: null }];
      return Response.json({ errors, kind: "text", text: present, files: [] }, { status: 409 });
    }
    texts.set(String(at), String(text));
    return preview("edited");
  };
  return { server, answer };
}

/** Waits for what the page does some time after the last key. */
async function until(isSo: () => boolean): Promise<void> {
  for (let waits = 0; !isSo() && waits < 2000; waits += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

test("a text that another tab changed is shown while another box is edited here, and is not overwritten", async () => {
  const { server, answer } = textServer();
  const { tried } = await opened("two boxes", answer);
  const before = tried.versions.value;

  tried.edit(OWN, "Hello, you.");
  await allSent();
  server.texts.set(BODY, "Their body.");
  tried.again();
  await until(() => tried.texts.value?.texts[1]?.text === "Their body.");
  const shown = tried.texts.value?.texts.map(({ text }) => text);
  const remade = [OWN, BODY].map((at) => (tried.versions.value.get(at) ?? 0) - (before.get(at) ?? 0));
  server.texts.set(BODY, "Their other body.");
  tried.edit(BODY, "Their body, and mine.");
  await allSent();
  const other = tried.other(BODY);
  tried.settle(BODY, false);
  await allSent();
  const texts = tried.texts.value?.texts.map(({ text }) => text);
  tried.close();

  assert.deepEqual([shown, remade], [["Hello, you.", "Their body."], [0, 1]]);
  assert.deepEqual(server.edits, [
    ["Hello.", "Hello, you."],
    ["Their body.", "Their body, and mine."],
  ]);
  assert.deepEqual([other, texts], ["Their other body.", ["Hello, you.", "Their other body."]]);
});

for (const [isTyped, left] of [
  [true, "Mine, too."],
  [false, "Theirs."],
] as const) {
  test(`an edit of another tab is not overwritten before a person decides: ${left}`, async () => {
    const { server, answer } = textServer();
    const { tried } = await opened(`settled ${isTyped}`, answer);

    tried.edit(OWN, "Mine.");
    await allSent();
    server.texts.set(OWN, "Theirs.");
    tried.edit(OWN, "Mine, to");
    await allSent();
    tried.edit(OWN, "Mine, too.");
    const refused = await allSent();
    const found = [server.texts.get(OWN), tried.other(OWN)];
    tried.settle(OWN, isTyped);
    await allSent();
    tried.close();

    assert.deepEqual(found, ["Theirs.", "Theirs."]);
    assert.deepEqual([refused.length, server.texts.get(OWN), tried.notTaken.value.size], [1, left, 0]);
    assert.equal(tried.texts.value?.texts[0]?.text, left);
    assert.deepEqual(server.edits.slice(0, 3), [
      ["Hello.", "Mine."],
      ["Mine.", "Mine, to"],
      ["Mine.", "Mine, too."],
    ]);
  });
}

test("an edit whose answer was lost is not one of another tab", async () => {
  const { server, answer } = textServer();
  let isLost = true;
  const { tried } = await opened("lost answer", (path, body) => {
    const answered = answer(path, body);
    if (path === "/api/edit" && isLost) {
      isLost = false;
      throw new TypeError("the connection was reset");
    }
    return answered;
  });

  tried.edit(OWN, "Hello, you.");
  await assert.rejects(allSent());
  tried.edit(OWN, "Hello, you all.");
  const refused = await allSent();
  tried.close();

  assert.deepEqual([refused, server.texts.get(OWN)], [[], "Hello, you all."]);
});

test("a case that was chosen while the server did not answer is chosen once it does", async () => {
  let isLost = true;
  const { tried } = await opened("chosen again", (path, body) => {
    if (path === "/api/preview" && body.case === "one") {
      return isLost ? Promise.reject(new TypeError("connection refused")) : preview("one", { case: "one" });
    }
    return undefined;
  });

  await tried.choose("one");
  const shown = [tried.preview.value?.digest, problem.value?.isLost];
  isLost = false;
  tried.again();
  await tried.flush();
  tried.close();

  assert.deepEqual([...shown, tried.preview.value?.digest, problem.value], ["shown", true, "one", null]);
});

test("what was typed last arrives when the window is closed, also while an edit is under way", async () => {
  const slow = door();
  const { server, answer } = textServer();
  const { tried } = await opened("closed", async (path, body) => {
    const answered = answer(path, body);
    await (path === "/api/edit" && body.text === "Hello, y" ? slow.opened : undefined);
    return answered;
  });

  tried.edit(OWN, "Hello, y");
  const sent = tried.flush();
  tried.edit(OWN, "Hello, you.");
  tried.edit(BODY, "Body!");
  window.dispatchEvent(new Event("pagehide"));
  await until(() => server.texts.get(BODY) === "Body!");
  const texts = [...server.texts.values()];
  slow.open();
  await sent;
  tried.close();

  assert.deepEqual(texts, ["Hello, you.", "Body!"]);
  assert.deepEqual([...tried.notTaken.value], []);
});

test("an answer is to the texts that the page shows, also after another tab changed them", async () => {
  const { server, answer } = textServer();
  const { tried } = await opened("answered", (path, body) => {
    if (path === "/api/answers") {
      return new Response(JSON.stringify({ result: { answers: [] } }));
    }
    return path === "/api/preview" ? preview(String(server.texts.get(OWN))) : answer(path, body);
  });

  server.texts.set(OWN, "Theirs.");
  await tried.ask(["fast"]);
  tried.close();

  assert.deepEqual([tried.texts.value?.texts[0]?.text, tried.live.value?.digest], ["Theirs.", "Theirs."]);
});

test("results of test cases are those of the present texts, or it is known that they are not", async () => {
  const { tried, requests } = await opened("results", (path) => {
    if (path === "/api/revert") {
      return prompt();
    }
    return path === "/api/answers" ? new Response('{"result": {"answers": []}}') : path === "/api/test" ? { cases: [] } : undefined;
  });
  const states: unknown[] = [];
  const note = () => states.push([tried.report.value !== null, tried.isReportOld.value]);

  await tried.answerCase("one", "fast");
  note();
  const asked = requests.filter(([path]) => /answers|test/.test(path)).map(([path, { models }]) => [path, models]);
  tried.edit(OWN, "Hello, you.");
  await allSent();
  note();
  await tried.test();
  note();
  await tried.revert();
  note();
  tried.close();

  assert.deepEqual(asked, [["/api/answers", ["fast"]], ["/api/test", undefined]]);
  assert.deepEqual(states.slice(0, 3), [[true, false], [true, true], [true, false]]);
  assert.deepEqual(states.slice(3).map((each) => (each as boolean[])[0]), [false]);
});

test("answers that were stopped are not merely missing, until the next ones", async () => {
  const slow = door();
  const { tried } = await opened("stopped", async (path) => {
    await (path === "/api/answers" ? slow.opened : undefined);
    return path === "/api/answers" ? new Response('{"result": {"answers": []}}') : undefined;
  });

  const asked = tried.ask(["fast"]);
  await until(() => tried.streaming.value !== null);
  tried.stop();
  const stopped = tried.isStopped.value;
  slow.open();
  await asked;
  await tried.ask(["fast"]);
  tried.close();

  assert.deepEqual([stopped, tried.isStopped.value], [true, false]);
});

test("texts that replace others are sent as typed ones, in editors that are made again", async () => {
  const { tried, requests } = await opened("replaced");
  const before = tried.versions.value.get(OWN) ?? 0;

  tried.replace([{ at: OWN, text: "Proposed." }]);
  await allSent();
  const shown = tried.texts.value?.texts.map(({ text }) => text);
  tried.close();

  const edits = requests.filter(([path]) => path === "/api/edit").map(([, { at, text, was }]) => [at, text, was]);
  assert.deepEqual(edits, [[OWN, "Proposed.", "Hello."]]);
  assert.deepEqual([shown, tried.versions.value.get(OWN)], [["Proposed.", "Body."], before + 1]);
  assert.deepEqual(pending.value, ["prompts/a.prompt.yaml"]);
});
