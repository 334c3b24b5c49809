/** The Testing view: prompts with their cases, which run with recorded answers. */

import { posix } from "node:path";
import {
  type CancellationToken,
  type Disposable,
  type TestController,
  type TestItem,
  TestMessage,
  type TestRun,
  TestRunProfileKind,
  TestRunRequest,
  Uri,
  tests,
  workspace,
} from "vscode";
import { ExecuteCommandRequest, type LanguageClient, WorkspaceSymbolRequest } from "vscode-languageclient/node";

import { type ChosenCases, chosenCases, isChosen } from "./chosen_cases";
import { rangeIn, rootAbove } from "./opening";
import { type CaseRun, PREVIEW_COMMAND, type Preview, RUN_COMMAND, type TestRun as CaseRuns } from "./protocol";

const PROMPTS = "**/*.prompt.{yaml,yml}";

export class CaseTests implements Disposable {
  private readonly controller: TestController;
  private readonly watcher = workspace.createFileSystemWatcher(PROMPTS);

  constructor(private readonly client: () => LanguageClient | undefined) {
    this.controller = tests.createTestController("promptops", "promptops");
    this.controller.resolveHandler = (item) => (item === undefined ? this.findPrompts() : this.findCases(item));
    this.controller.refreshHandler = () => this.refresh();
    const run = (request: TestRunRequest, token: CancellationToken): Promise<void> => this.run(request, token);
    this.controller.createRunProfile("Run (recorded)", TestRunProfileKind.Run, run, true);
    this.watcher.onDidCreate((uri) => this.add(uri));
    this.watcher.onDidDelete((uri) => this.controller.items.delete(uri.toString()));
    this.watcher.onDidChange((uri) => this.changed(uri));
  }

  /** Run some cases of a prompt, or all. */
  async runCases(uri: Uri, names?: readonly string[]): Promise<void> {
    const item = this.controller.items.get(uri.toString()) ?? this.add(uri);
    await this.findCases(item);
    const cases = [...item.children].map(([, child]) => child);
    const wanted = names === undefined ? [item] : cases.filter((each) => names.includes(each.label));
    await this.run(new TestRunRequest(wanted));
  }

  dispose(): void {
    this.watcher.dispose();
    this.controller.dispose();
  }

  private async refresh(): Promise<void> {
    await this.findPrompts();
    await Promise.all([...this.controller.items].map(([, item]) => this.findCases(item)));
  }

  private async findPrompts(): Promise<void> {
    const [files, ids] = await Promise.all([workspace.findFiles(PROMPTS), this.ids()]);
    const items = files.map((uri) => {
      const item = this.controller.items.get(uri.toString()) ?? this.newItem(uri);
      item.label = ids.get(uri.toString()) ?? item.label;
      return item;
    });
    this.controller.items.replace(items);
  }

  /** The ids of prompts by the addresses of their files, as far as the server lists them. */
  private async ids(): Promise<Map<string, string>> {
    const params = { query: "" };
    const found = await this.client()?.sendRequest(WorkspaceSymbolRequest.type, params).catch(() => null);
    return new Map((found ?? []).map(({ name, location: { uri } }) => [Uri.parse(uri).toString(), name]));
  }

  private add(uri: Uri): TestItem {
    const item = this.newItem(uri);
    this.controller.items.add(item);
    return item;
  }

  private newItem(uri: Uri): TestItem {
    const label = workspace.asRelativePath(uri).replace(/\.prompt\.ya?ml$/, "");
    const item = this.controller.createTestItem(uri.toString(), label, uri);
    item.canResolveChildren = true;
    return item;
  }

  private async changed(uri: Uri): Promise<void> {
    const item = this.controller.items.get(uri.toString());
    if (item !== undefined && item.children.size > 0) {
      await this.findCases(item);
    }
  }

  private async findCases(prompt: TestItem): Promise<void> {
    const uri = prompt.uri?.toString();
    const found = await this.ask<Preview>(PREVIEW_COMMAND, { uri }).catch(() => undefined);
    if (found !== undefined) {
      prompt.label = found.prompt;
      prompt.children.replace(found.cases.map((name) => this.caseItem(prompt, name)));
    }
  }

  private caseItem(prompt: TestItem, name: string): TestItem {
    return prompt.children.get(name) ?? this.controller.createTestItem(name, name, prompt.uri);
  }

  private async run(request: TestRunRequest, token?: CancellationToken): Promise<void> {
    const run = this.controller.createTestRun(request);
    const all = [...this.controller.items].map(([, item]) => item);
    try {
      for (const [prompt, wanted] of chosenCases(request.include ?? all, request.exclude ?? [])) {
        if (!token?.isCancellationRequested) {
          await this.runPrompt(run, prompt, wanted);
        }
      }
    } finally {
      run.end();
    }
  }

  private async runPrompt(run: TestRun, prompt: TestItem, wanted: ChosenCases): Promise<void> {
    if (wanted.only === undefined) {
      await this.findCases(prompt);
    }
    const all = [...prompt.children].map(([, item]) => item);
    const chosen = all.filter(({ label }) => isChosen(wanted, label));
    if (chosen.length === 0 && all.length > 0) {
      return;
    }
    chosen.forEach((item) => run.started(item));
    const uri = prompt.uri?.toString();
    const cases = chosen.length === all.length ? null : chosen.map(({ label }) => label);
    try {
      const found = await this.ask<CaseRuns>(RUN_COMMAND, { uri, cases });
      await Promise.all(chosen.map((item) => this.report(run, item, found.cases.filter(({ name }) => name === item.label))));
    } catch (error) {
      const message = new TestMessage(error instanceof Error ? error.message : String(error));
      (chosen.length > 0 ? chosen : [prompt]).forEach((item) => run.errored(item, message));
    }
  }

  /** One case, with each of its repeats. */
  private async report(run: TestRun, item: TestItem, repeats: readonly CaseRun[]): Promise<void> {
    const messages = (await Promise.all(repeats.map((each) => this.messages(item, each)))).flat();
    const states = new Set(repeats.map(({ status }) => status));
    if (states.has("error")) {
      run.errored(item, messages);
    } else if (states.has("failed")) {
      run.failed(item, messages);
    } else if (states.has("stale") || repeats.length === 0) {
      run.skipped(item);
      repeats.forEach(({ reason }) => run.appendOutput(`${reason ?? "stale"}\r\n`, undefined, item));
    } else {
      run.passed(item);
    }
  }

  private async messages(item: TestItem, found: CaseRun): Promise<TestMessage[]> {
    const root = item.uri && rootAbove(item.uri.toString(), found.place.path);
    const wrong = found.assertions.filter(({ status }) => status === "failed" || status === "error");
    const texts = wrong.map(({ type, reason, place }) => ({ text: `${type}: ${reason}`, place }));
    const all = found.reason ? [...texts, { text: found.reason, place: found.place }] : texts;
    return Promise.all(
      all.map(async ({ text, place }) => {
        const message = new TestMessage(text);
        if (root !== undefined) {
          const document = await workspace.openTextDocument(Uri.joinPath(root, place.path));
          message.location = { uri: document.uri, range: rangeIn(document, place) };
        }
        return message;
      }),
    );
  }

  private ask<Result>(command: string, argument: object): Promise<Result> {
    const client = this.client();
    if (client === undefined) {
      return Promise.reject(new Error("the language server is not running"));
    }
    const params = { command, arguments: [argument] };
    return client.sendRequest(ExecuteCommandRequest.type, params) as Promise<Result>;
  }
}

/** Whether a file is a prompt file. */
export function isPrompt(uri: Uri): boolean {
  return /\.prompt\.ya?ml$/.test(posix.basename(uri.path));
}
