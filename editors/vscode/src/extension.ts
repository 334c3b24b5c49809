/** promptops in VS Code: the language server, the panel, the commands of the palette, the Testing view. */

import { type ExtensionContext, Uri, commands, window, workspace } from "vscode";

import { goToPrompt, lintWorkspace, newPrompt, showDiff } from "./palette";
import { PreviewPanel } from "./preview";
import {
  ANSWER_TEXT,
  PREVIEW_CHANGED,
  PREVIEW_COMMAND,
  type PreviewRequest,
  RECORDED_COMMAND,
  RUN_COMMAND,
} from "./protocol";
import { Server } from "./server";
import { CaseTests, isPrompt } from "./testing";

export async function activate(context: ExtensionContext): Promise<void> {
  const output = window.createOutputChannel("promptops", { log: true });
  const preview: PreviewPanel = new PreviewPanel(context.extensionUri, () => server.client);
  const cases: CaseTests = new CaseTests(() => server.client);
  const server: Server = new Server(
    output,
    (command, args, next) => {
      if (command === PREVIEW_COMMAND || command === RECORDED_COMMAND) {
        return preview.open(args[0] as PreviewRequest);
      }
      const { uri, cases: names } = (args[0] ?? {}) as { uri: string; cases?: string[] };
      return command === RUN_COMMAND ? cases.runCases(Uri.parse(uri), names) : next(command, args);
    },
    (client) => {
      client.onNotification(PREVIEW_CHANGED, () => preview.refresh());
      client.onNotification(ANSWER_TEXT, ({ text }: { text: string }) => preview.arrived(text));
      void preview.refresh();
    },
  );
  const run = (name: string, action: () => unknown) => commands.registerCommand(`promptops.${name}`, action);
  context.subscriptions.push(
    output,
    server,
    preview,
    cases,
    run("openPreview", () => openPreviewOfEditor(preview)),
    run("runAllCases", () => runCasesOfEditor(cases)),
    run("newPrompt", newPrompt),
    run("showDiff", showDiff),
    run("lintWorkspace", lintWorkspace),
    run("goToPrompt", goToPrompt),
    run("restartServer", () => server.restart()),
    run("showOutput", () => output.show()),
    window.onDidChangeActiveTextEditor((editor) => preview.follow(editor?.document.uri.toString())),
    workspace.onDidGrantWorkspaceTrust(() => server.restart()),
    workspace.onDidChangeConfiguration(async (event) => {
      if (event.affectsConfiguration("promptops.command")) {
        await server.restart();
      }
    }),
  );
  await server.restart();
}

async function openPreviewOfEditor(preview: PreviewPanel): Promise<void> {
  const document = window.activeTextEditor?.document;
  if (document === undefined) {
    void window.showInformationMessage("Open a prompt or a partial first, such as ask.prompt.yaml.");
    return;
  }
  await preview.open({ uri: document.uri.toString() });
}

async function runCasesOfEditor(cases: CaseTests): Promise<void> {
  const uri = window.activeTextEditor?.document.uri;
  if (uri === undefined || !isPrompt(uri)) {
    void window.showInformationMessage("Open a prompt file first, such as ask.prompt.yaml.");
    return;
  }
  await commands.executeCommand("workbench.view.testing.focus");
  await cases.runCases(uri);
}
