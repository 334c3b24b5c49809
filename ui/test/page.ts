/** A page without a browser, whose server is a function of the test. Import it before the sources. */

import type { Preview, UiPrompt } from "../src/types";

type Answering = (path: string, body: Record<string, unknown>) => unknown;

const events = new EventTarget();
Object.assign(globalThis, {
  window: events,
  location: { hash: "", pathname: "/" },
  history: { replaceState: () => undefined },
  sessionStorage: new Map() as unknown,
});
Object.assign(sessionStorage, { getItem: () => "token", setItem: () => undefined });

/** Answers all requests; returns what was requested: the paths without their queries, and the bodies. */
export function serve(answer: Answering): [string, Record<string, unknown>][] {
  const requests: [string, Record<string, unknown>][] = [];
  globalThis.fetch = async (address, options) => {
    const [path = ""] = String(address).split("?");
    const body = JSON.parse(String(options?.body ?? "{}")) as Record<string, unknown>;
    requests.push([path, body]);
    const answered = await answer(path, body);
    return answered instanceof Response ? answered : Response.json(answered);
  };
  return requests;
}

export function refusal(status: number, message: string): Response {
  const errors = [{ message, hint: null, where: null, place: null }];
  return Response.json({ errors }, { status });
}

/** A promise that the test ends. */
export function door(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

const TEXT = { role: "user", kind: "text", when: null, starts: [[1, 1]], editable: true, reason: null } as const;

/** A prompt with a text of its own, and one in another file. */
export function prompt(changed: Partial<UiPrompt> = {}): UiPrompt {
  const texts = [
    { ...TEXT, at: "/messages/0/content", path: "prompts/a.prompt.yaml", text: "Hello." },
    { ...TEXT, at: "/messages/1/content_file", path: "prompts/body.md", text: "Body.", kind: "file" as const },
  ];
  const described = { title: null, description: null, status: "active" as const, cases: [], model: null };
  return { schema: 1, id: "a", path: "prompts/a.prompt.yaml", ...described, texts, pending: false, ...changed };
}

/** A preview as far as the page of a prompt needs it: its digest tells it apart. */
export function preview(digest: string, changed: Partial<Preview> = {}): Preview {
  const empty = { messages: [], errors: [], findings: [], form: [], cases: [], tokens: null, cost_usd: null };
  return { prompt: "a", case: null, inputs: {}, digest, ...empty, ...changed } as unknown as Preview;
}
