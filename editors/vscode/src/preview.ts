/** The panel that shows the rendered request of a case, and follows edits. */

import { randomBytes } from "node:crypto";
import { posix } from "node:path";
import { type Disposable, Uri, ViewColumn, type WebviewPanel, window, workspace } from "vscode";
import { ExecuteCommandRequest, type LanguageClient } from "vscode-languageclient/node";

import { previewPage } from "./preview_page";
import {
  PREVIEW_COMMAND,
  type PageMessage,
  type Preview,
  type PreviewRequest,
  type Shown,
} from "./protocol";

export class PreviewPanel implements Disposable {
  private panel: WebviewPanel | undefined;
  private request: PreviewRequest | undefined;
  private preview: Preview | undefined;
  private sent = 0;

  constructor(
    private readonly extension: Uri,
    private readonly client: () => LanguageClient | undefined,
  ) {}

  /** Show a case of a prompt, in the panel that is open or in a new one beside the editor. */
  async open(request: PreviewRequest): Promise<void> {
    this.request = request;
    this.panel ??= this.newPanel();
    this.panel.reveal(undefined, true);
    await this.refresh();
  }

  /** Render again what is shown; of several requests under way the last one counts. */
  async refresh(): Promise<void> {
    const client = this.client();
    if (this.panel === undefined || this.request === undefined || client === undefined) {
      return;
    }
    this.sent += 1;
    const number = this.sent;
    const preview = await rendered(client, this.request).catch((error: unknown) => failed(error));
    if (number === this.sent) {
      this.preview = preview;
      this.send();
    }
  }

  /** Render again if the prompt is the one that is shown: it may have been closed meanwhile. */
  async follow(uri: string | undefined): Promise<void> {
    if (uri !== undefined && uri === this.request?.uri) {
      await this.refresh();
    }
  }

  dispose(): void {
    this.panel?.dispose();
  }

  private newPanel(): WebviewPanel {
    const column = { viewColumn: ViewColumn.Beside, preserveFocus: true };
    const roots = [Uri.joinPath(this.extension, "out"), Uri.joinPath(this.extension, "page")];
    const panel = window.createWebviewPanel("promptops.preview", "Preview", column, {
      enableScripts: true,
      enableFindWidget: true,
      localResourceRoots: roots,
    });
    panel.webview.onDidReceiveMessage((message: PageMessage) => this.receive(message));
    panel.onDidDispose(() => {
      this.panel = undefined;
      this.request = undefined;
    });
    const address = (...path: string[]): string =>
      panel.webview.asWebviewUri(Uri.joinPath(this.extension, ...path)).toString();
    panel.webview.html = previewPage({
      cspSource: panel.webview.cspSource,
      nonce: randomBytes(16).toString("hex"),
      script: address("out", "preview.js"),
      style: address("page", "preview.css"),
    });
    return panel;
  }

  private send(): void {
    if (this.panel === undefined || this.request === undefined || this.preview === undefined) {
      return;
    }
    const title = posix.basename(Uri.parse(this.request.uri).path);
    this.panel.title = `Preview ${title}`;
    const shown: Shown = { title, preview: this.preview };
    void this.panel.webview.postMessage(shown);
  }

  private async receive(message: PageMessage): Promise<void> {
    if (message.type === "ready") {
      this.send();
    } else if (message.type === "case" && this.request !== undefined) {
      await this.open({ ...this.request, case: message.name });
    } else if (message.type === "open") {
      await this.openSource(message.message, message.piece);
    }
  }

  private async openSource(message: number, piece: number): Promise<void> {
    const location = this.preview?.messages[message]?.pieces[piece]?.location;
    const client = this.client();
    if (!location || client === undefined) {
      return;
    }
    const { uri, range } = client.protocol2CodeConverter.asLocation(location);
    const shown = window.visibleTextEditors.find(
      (editor) => editor.document.uri.toString() === uri.toString(),
    );
    const viewColumn = shown?.viewColumn ?? ViewColumn.One;
    await window.showTextDocument(uri, { selection: range, viewColumn });
  }
}

/** The server renders open files only, so the prompt is opened first, without an editor. */
async function rendered(client: LanguageClient, request: PreviewRequest): Promise<Preview> {
  await workspace.openTextDocument(Uri.parse(request.uri));
  return (await client.sendRequest(ExecuteCommandRequest.type, {
    command: PREVIEW_COMMAND,
    arguments: [request],
  })) as Preview;
}

function failed(error: unknown): Preview {
  const message = error instanceof Error ? error.message : String(error);
  return { messages: [], tokens: null, cost: null, error: message, cases: [], case: null };
}
