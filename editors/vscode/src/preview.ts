/** The panel in which a prompt is tried: a form, the rendered request, the answer. It follows edits. */

import { randomBytes } from "node:crypto";
import { posix } from "node:path";
import {
  type Disposable,
  Range,
  Uri,
  ViewColumn,
  type WebviewPanel,
  commands,
  window,
  workspace,
} from "vscode";
import { ExecuteCommandRequest, type LanguageClient, type WorkspaceEdit } from "vscode-languageclient/node";

import { AssertionMarks } from "./marks";
import { openPlace, openRange, rootAbove } from "./opening";
import { previewPage } from "./preview_page";
import {
  ANSWER_COMMAND,
  type Answer,
  KEEP_COMMAND,
  PREVIEW_COMMAND,
  PROFILES_COMMAND,
  type PageMessage,
  type Place,
  type Preview,
  type PreviewRequest,
  type PromptRun,
  RECORDED_COMMAND,
  STOP_COMMAND,
  type Shown,
  type UiProfile,
} from "./protocol";

/** The recorded answer is looked up when the request has not changed for so long. */
const REST_MS = 300;

type KeepMessage = Extract<PageMessage, { type: "keep" }>;

const NO_ANSWER: Answer = { kind: "none" };

export class PreviewPanel implements Disposable {
  private panel: WebviewPanel | undefined;
  private request: PreviewRequest | undefined;
  private preview: Preview | undefined;
  private profiles: readonly UiProfile[] = [];
  private answer: Answer = NO_ANSWER;
  /** The request that was answered live, as of `keyOf`: its answer stays until the request differs. */
  private answered: string | undefined;
  private kept: Shown["kept"] = null;
  private sent = 0;
  private called = 0;
  private rest: NodeJS.Timeout | undefined;
  private readonly marks = new AssertionMarks();

  constructor(
    private readonly extension: Uri,
    private readonly client: () => LanguageClient | undefined,
  ) {}

  /** Show a case of a prompt, in the panel that is open or in a new one beside the editor. */
  async open(request: PreviewRequest): Promise<void> {
    if (request.uri !== this.request?.uri) {
      this.stop();
      this.called += 1;
      this.preview = undefined;
      this.show(NO_ANSWER);
    }
    this.request = request;
    this.answered = undefined;
    this.kept = null;
    this.panel ??= this.newPanel();
    this.panel.reveal(undefined, true);
    this.profiles = await this.run<UiProfile[]>(PROFILES_COMMAND, { uri: request.uri }).catch(() => []);
    await this.refresh();
  }

  /** Render again what is shown; of several requests under way the last one counts. */
  async refresh(): Promise<void> {
    if (this.panel === undefined || this.request === undefined || this.client() === undefined) {
      return;
    }
    this.sent += 1;
    const number = this.sent;
    const request = this.request;
    const preview = await this.run<Preview>(PREVIEW_COMMAND, request).catch((error: unknown) =>
      failed(error, request, this.preview),
    );
    if (number === this.sent) {
      this.preview = preview;
      if (this.answer.kind !== "arriving" && keyOf(preview) !== this.answered) {
        this.answered = undefined;
        this.findRecorded();
      }
      this.send();
    }
  }

  /** Render again if the prompt is the one that is shown: it may have been closed meanwhile. */
  async follow(uri: string | undefined): Promise<void> {
    if (uri !== undefined && uri === this.request?.uri) {
      await this.refresh();
    }
  }

  /** The next piece of the live answer. */
  arrived(text: string): void {
    if (this.answer.kind === "arriving") {
      this.show({ kind: "arriving", text: this.answer.text + text });
    }
  }

  dispose(): void {
    clearTimeout(this.rest);
    this.marks.dispose();
    this.panel?.dispose();
  }

  private run<Result>(command: string, argument: object): Promise<Result> {
    const client = this.client();
    if (client === undefined) {
      return Promise.reject(new Error("the language server is not running"));
    }
    const params = { command, arguments: [argument] };
    return client.sendRequest(ExecuteCommandRequest.type, params) as Promise<Result>;
  }

  private newPanel(): WebviewPanel {
    const column = { viewColumn: ViewColumn.Beside, preserveFocus: true };
    const panel = window.createWebviewPanel("promptops.preview", "Preview", column, {
      enableScripts: true,
      enableFindWidget: true,
      retainContextWhenHidden: true,
      localResourceRoots: [Uri.joinPath(this.extension, "out")],
    });
    panel.webview.onDidReceiveMessage((message: PageMessage) => this.receive(message));
    panel.onDidDispose(() => this.closed());
    const address = (...path: string[]): string =>
      panel.webview.asWebviewUri(Uri.joinPath(this.extension, ...path)).toString();
    panel.webview.html = previewPage({
      cspSource: panel.webview.cspSource,
      nonce: randomBytes(16).toString("hex"),
      script: address("out", "preview.js"),
      style: address("out", "preview.css"),
    });
    return panel;
  }

  private closed(): void {
    clearTimeout(this.rest);
    this.stop();
    this.marks.show(undefined, []);
    this.panel = undefined;
    this.request = undefined;
    this.answer = NO_ANSWER;
    this.answered = undefined;
  }

  private send(): void {
    if (this.panel === undefined || this.request === undefined || this.preview === undefined) {
      return;
    }
    const title = posix.basename(this.preview.path || Uri.parse(this.request.uri).path);
    this.panel.title = `Preview ${title}`;
    const shown: Shown = {
      title,
      preview: this.preview,
      answer: this.answer,
      profiles: this.profiles,
      trusted: workspace.isTrusted,
      kept: this.kept,
      typed: this.request.inputs != null,
    };
    void this.panel.webview.postMessage(shown);
  }

  private async receive(message: PageMessage): Promise<void> {
    const { request } = this;
    if (message.type === "ready") {
      this.send();
    } else if (request === undefined) {
      return;
    } else if (message.type === "case") {
      this.request = { uri: request.uri, case: message.name };
      this.kept = null;
      await this.refresh();
    } else if (message.type === "inputs") {
      this.request = { ...request, inputs: message.inputs };
      this.kept = null;
      await this.refresh();
    } else if (message.type === "answer") {
      await this.callModel(request, message.profile);
    } else if (message.type === "stop") {
      this.stop();
    } else if (message.type === "keep") {
      await this.keep(request.uri, message);
    } else {
      await this.openPlace(this.placeOf(message));
    }
  }

  private placeOf(message: PageMessage): Place | null | undefined {
    if (message.type === "open") {
      return this.preview?.messages[message.message]?.pieces[message.piece]?.place;
    }
    if (message.type === "openError") {
      const { error, message: number } = message;
      const errors = this.preview?.errors;
      return number === null ? errors?.[error]?.place : this.preview?.messages[number]?.error?.place;
    }
    return message.type === "openAssertion" ? this.assertions()[message.assertion]?.place : null;
  }

  private async openPlace(place: Place | null | undefined): Promise<void> {
    const root = this.root();
    if (place && root) {
      await openPlace(root, place);
    }
  }

  private root(): Uri | undefined {
    return this.request && this.preview && rootAbove(this.request.uri, this.preview.path);
  }

  private assertions() {
    const answer = this.answer;
    return "run" in answer ? answer.run.answers.flatMap((each) => each.assertions) : [];
  }

  private show(answer: Answer): void {
    this.answer = answer;
    this.marks.show(this.root(), this.assertions());
    this.send();
  }

  private findRecorded(): void {
    clearTimeout(this.rest);
    const request = this.request;
    const { digest, prompt } = this.preview ?? {};
    if (!digest || !request || prompt === undefined || !workspace.isTrusted) {
      this.show(NO_ANSWER);
      return;
    }
    this.rest = setTimeout(async () => {
      const found = await this.run<PromptRun | null>(RECORDED_COMMAND, request).catch(failure);
      if (digest === this.preview?.digest && this.answer.kind !== "arriving") {
        const missing: Answer = { kind: "missing", prompt };
        this.show(found === null ? missing : "kind" in found ? found : { kind: "recorded", run: found });
      }
    }, REST_MS);
  }

  private async callModel(request: PreviewRequest, profile: string | null): Promise<void> {
    clearTimeout(this.rest);
    this.called += 1;
    const number = this.called;
    const digest = this.preview?.digest;
    this.show({ kind: "arriving", text: "" });
    const found = await this.run<PromptRun>(ANSWER_COMMAND, { ...request, profile }).catch(failure);
    if (this.request === undefined || number !== this.called) {
      return;
    }
    if (!("kind" in found) && digest !== this.preview?.digest) {
      this.show({ kind: "failed", message: "the answer is not shown: the request changed while it arrived" });
      return;
    }
    this.answered = this.preview && keyOf(this.preview);
    this.show("kind" in found ? found : { kind: "live", run: found });
  }

  private stop(): void {
    if (this.answer.kind === "arriving") {
      void this.run(STOP_COMMAND, {}).catch(() => undefined);
    }
  }

  /** Apply the edit that adds the case, and show the case: its assertions are to be edited. */
  private async keep(uri: string, { name, inputs, contains }: KeepMessage): Promise<void> {
    this.kept = null;
    try {
      const argument = { uri, name, inputs, contains };
      const edit = await this.run<WorkspaceEdit>(KEEP_COMMAND, argument);
      const converted = await this.client()?.protocol2CodeConverter.asWorkspaceEdit(edit);
      if (converted === undefined || !(await workspace.applyEdit(converted))) {
        throw new Error("the file changed meanwhile: try again");
      }
      const [file, edits] = converted.entries()[0] ?? [];
      const at = edits?.[0]?.range.start;
      if (file !== undefined && at !== undefined) {
        await openRange(await workspace.openTextDocument(file), new Range(at, at));
      }
      this.request = { uri, case: name };
      this.kept = { name, problem: null };
      await this.refresh();
      void commands.executeCommand("revealLine", { lineNumber: at?.line ?? 0, at: "center" });
    } catch (error) {
      this.kept = { name, problem: reason(error) };
      this.send();
    }
  }
}

function keyOf({ digest, case: name }: Preview): string {
  return JSON.stringify([digest, name]);
}

function failed(error: unknown, request: PreviewRequest, before: Preview | undefined): Preview {
  const message = { message: reason(error), hint: null, place: null, input: null };
  const empty = { schema: 1 as const, prompt: "", path: "", case: null, turns: 0, cases: [], form: [], findings: [] };
  const sizes = { messages: [], tokens: null, cost_usd: null };
  return { ...empty, ...before, ...sizes, inputs: request.inputs ?? {}, digest: null, errors: [message] };
}

function failure(error: unknown): Answer & { kind: "failed" } {
  return { kind: "failed", message: reason(error) };
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
