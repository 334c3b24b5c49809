/** A client that writes its errors to the output, and leaves messages to us. */

import { type ChildProcess, spawn } from "node:child_process";
import {
  CloseAction,
  type CloseHandlerResult,
  ErrorAction,
  type ErrorHandler,
  type ErrorHandlerResult,
  LanguageClient,
} from "vscode-languageclient/node";

import { lastError } from "./last_error";

const MOST_RESTARTS = 3;
const WITHIN_MS = 3 * 60 * 1000;
const MOST_KEPT = 4000;
const PATIENCE_MS = 2000;

export class QuietClient extends LanguageClient {
  /** Without this, a server that ends at once brings three messages about broken pipes. */
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

/** Restarts a server that ran, but not all the time; one that never ran would only fail again. */
export class Restarts implements ErrorHandler {
  private ran = false;
  private times: number[] = [];

  constructor(private readonly gaveUp: () => void) {}

  running(): void {
    this.ran = true;
  }

  error(): ErrorHandlerResult {
    return { action: ErrorAction.Continue, handled: true };
  }

  closed(): CloseHandlerResult {
    const now = Date.now();
    this.times = this.times.filter((time) => now - time < WITHIN_MS);
    if (this.ran && this.times.length < MOST_RESTARTS) {
      this.times.push(now);
      return { action: CloseAction.Restart, handled: true };
    }
    if (this.ran) {
      this.gaveUp();
    }
    return { action: CloseAction.DoNotRestart, handled: true };
  }
}

/** Starts the program, and keeps the end of what it writes to standard error. */
export class ServerProcess {
  private written = "";
  private ended: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly command: string,
    private readonly args: readonly string[],
    private readonly options: { readonly cwd?: string; readonly env: NodeJS.ProcessEnv },
  ) {}

  /** Why it ended: its last error with the tip, or its last line, or "". Waits for its end, a while. */
  async reason(): Promise<string> {
    await Promise.race([this.ended, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
    return lastError(this.written);
  }

  /** Rejects if the program can't be started. */
  start(): Promise<ChildProcess> {
    const child = spawn(this.command, this.args, { ...this.options, stdio: "pipe" });
    child.stderr.setEncoding("utf-8").on("data", (text: string) => {
      this.written = (this.written + text).slice(-MOST_KEPT);
    });
    this.ended = new Promise((resolve) => child.once("close", resolve));
    return new Promise((resolve, reject) => {
      child.once("spawn", () => resolve(child));
      child.once("error", reject);
    });
  }
}
