/** The language server: found, started, restarted. */

import { type Disposable, type LogOutputChannel, commands, env as environment, window, workspace } from "vscode";
import type {
  ExecuteCommandSignature,
  LanguageClient,
  LanguageClientOptions,
} from "vscode-languageclient/node";

import { QuietClient, Restarts, ServerProcess } from "./quiet_client";
import { type ServerCommand, serverCommand } from "./server_command";
import { surroundings } from "./surroundings";

const INSTALL_COMMAND = "pip install './promptops[lsp]'";

/** Files that the server reads; it ignores those that belong to no prompt. */
const PATTERNS = [
  "**/*.prompt.{yaml,yml}",
  "**/*.cases.{yaml,yml,jsonl,csv}",
  "**/*.{j2,jinja,jinja2}",
  "**/prompts/**/*.{md,txt}",
  "**/{promptops,pyproject}.toml",
  "**/channels.yaml",
];

export class Server implements Disposable {
  client: LanguageClient | undefined;
  private starting: Promise<void> = Promise.resolve();

  /**
   * @param executeCommand What runs a command of the server, such as that of a code lens.
   * @param started Called with each client that runs, to listen to its notifications.
   */
  constructor(
    private readonly output: LogOutputChannel,
    private readonly executeCommand: (
      command: string,
      args: unknown[],
      next: ExecuteCommandSignature,
    ) => unknown,
    private readonly started: (client: LanguageClient) => void,
  ) {}

  /** Stop the server if it runs, and start it. Calls wait for each other. */
  restart(): Promise<void> {
    this.starting = this.starting.then(() => this.stop()).then(() => this.start());
    return this.starting;
  }

  dispose(): void {
    void this.stop();
  }

  private async start(): Promise<void> {
    const around = await surroundings();
    const found = serverCommand(around);
    if (found === undefined) {
      const needsTrust = serverCommand({ ...around, trusted: true }) !== undefined;
      const needed = around.configured.length > 0 ? COMMAND_NEEDS_TRUST : PROGRAM_NEEDS_TRUST;
      void (needsTrust ? offerTrust(this.output, needed) : offerInstallation(this.output));
      return;
    }
    const program = this.program(found);
    const gaveUp = "stopped several times. To start it again: promptops: Restart Language Server";
    const restarts = new Restarts(() => void offerOutput(this.output, gaveUp));
    const options = { ...this.clientOptions(), errorHandler: restarts };
    const client = new QuietClient("promptops", "promptops", () => program.start(), options);
    this.output.info(`starting ${[found.command, ...found.args].join(" ")}`);
    try {
      await client.start();
      restarts.running();
      this.client = client;
      this.started(client);
    } catch (error) {
      this.output.error(String(error));
      await client.dispose().catch(() => undefined);
      void offerOutput(this.output, `did not start: ${(await program.reason()) || String(error)}`);
    }
  }

  private async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await client?.dispose().catch((error: unknown) => this.output.warn(String(error)));
  }

  private program(found: ServerCommand): ServerProcess {
    const { command, args, cwd, searchPath } = found;
    const untrusted = workspace.isTrusted ? {} : { PROMPTOPS_UNTRUSTED: "1" };
    // On Windows the name is `Path`; both at once would be two variables.
    const pathName = Object.keys(process.env).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
    const env = { ...process.env, ...untrusted, [pathName]: searchPath };
    return new ServerProcess(command, args, cwd === undefined ? { env } : { cwd, env });
  }

  private clientOptions(): LanguageClientOptions {
    return {
      documentSelector: [
        { scheme: "file", language: "promptops" },
        ...PATTERNS.map((pattern) => ({ scheme: "file", pattern })),
      ],
      outputChannel: this.output,
      initializationOptions: { trusted: workspace.isTrusted, previews: true },
      initializationFailedHandler: () => false,
      middleware: {
        executeCommand: (command, args, next) => this.executeCommand(command, args, next),
      },
    };
  }
}

const PROGRAM_NEEDS_TRUST =
  "promptops is installed in this workspace, and starts when you trust the workspace. promptops of PATH starts without trust.";
const COMMAND_NEEDS_TRUST =
  "promptops.command of your settings starts when you trust the workspace. Without trust, only the absolute path of promptops outside of the workspace starts, without arguments, or promptops of PATH.";

/** Where promptops could start, but would run code of the workspace. */
async function offerTrust(output: LogOutputChannel, text: string): Promise<void> {
  output.warn(text);
  const manage = "Manage Workspace Trust";
  if ((await window.showInformationMessage(text, manage)) === manage) {
    await commands.executeCommand("workbench.trust.manage");
  }
}

async function offerInstallation(output: LogOutputChannel): Promise<void> {
  const text = `promptops is not installed. In your Python environment, next to your clone of promptops, type: ${INSTALL_COMMAND}`;
  output.error(text);
  const copy = "Copy Command";
  if ((await window.showErrorMessage(text, copy)) === copy) {
    await environment.clipboard.writeText(INSTALL_COMMAND);
  }
}

async function offerOutput(output: LogOutputChannel, problem: string): Promise<void> {
  const show = "Show Output";
  const text = `The language server of promptops ${problem}`;
  if ((await window.showErrorMessage(text, show)) === show) {
    output.show();
  }
}
