/** promptops in VS Code: starts the language server, and shows previews. */

import { type ExtensionContext, commands, window, workspace } from "vscode";

import { PreviewPanel } from "./preview";
import { PREVIEW_CHANGED, PREVIEW_COMMAND, type PreviewRequest } from "./protocol";
import { Server } from "./server";

export async function activate(context: ExtensionContext): Promise<void> {
  const output = window.createOutputChannel("promptops", { log: true });
  const preview: PreviewPanel = new PreviewPanel(context.extensionUri, () => server.client);
  const server: Server = new Server(
    output,
    (command, args, next) =>
      command === PREVIEW_COMMAND ? preview.open(args[0] as PreviewRequest) : next(command, args),
    (client) => {
      client.onNotification(PREVIEW_CHANGED, () => preview.refresh());
      void preview.refresh();
    },
  );
  const openPreview = (): Promise<void> => openPreviewOfEditor(preview);
  context.subscriptions.push(
    output,
    server,
    preview,
    commands.registerCommand("promptops.openPreview", openPreview),
    commands.registerCommand("promptops.restartServer", () => server.restart()),
    commands.registerCommand("promptops.showOutput", () => output.show()),
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
    void window.showInformationMessage("Open a prompt file first, such as ask.prompt.yaml.");
    return;
  }
  await preview.open({ uri: document.uri.toString(), case: null });
}
