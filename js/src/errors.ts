/** The errors of this package. */
import type { TemplatePlace } from "./limits";

/** Where an error happened, and the fix. */
export interface ErrorDetails {
  readonly where?: string | undefined;
  readonly hint?: string | undefined;
}

/** The message is the cause. */
export class PromptopsError extends Error {
  override readonly name: string = "PromptopsError";
  readonly where: string | undefined;
  readonly hint: string | undefined;

  constructor(message: string, { where, hint }: ErrorDetails = {}) {
    super(message);
    this.where = where;
    this.hint = hint;
  }
}

/** A call names something that does not exist or is not allowed. */
export class UsageError extends PromptopsError {
  override readonly name: string = "UsageError";
}

/** There is no release, channel, source or prompt of that name; another one is never substituted. */
export class NotFound extends UsageError {
  override readonly name: string = "NotFound";
}

/** Something that is given can't be read. */
export class InputError extends PromptopsError {
  override readonly name: string = "InputError";
}

/** Data of a source is damaged, replayed, unsigned, wrongly signed, or has the wrong name. */
export class IntegrityError extends InputError {
  override readonly name: string = "IntegrityError";
}

/** A source could not be reached, or did not answer before the deadline. */
export class TransportError extends PromptopsError {
  override readonly name: string = "TransportError";

  constructor(
    message: string,
    details: ErrorDetails = {},
    /** Seconds that the source asks clients to wait; 0 if it sends no time. */
    readonly retryAfterSeconds = 0,
  ) {
    super(message, details);
  }
}

/** A name as messages quote it. */
export function quoted(name: string): string {
  return `'${JSON.stringify(name).slice(1, -1).replaceAll('\\"', '"')}'`;
}

/** A problem with the inputs. */
export interface InputProblem {
  /** JSON pointer to the wrong value, or to the object that lacks one. */
  readonly pointer: string;
  readonly message: string;
}

/** A request that can't be rendered. */
export class RenderError extends InputError {
  override readonly name = "RenderError";

  constructor(
    message: string,
    /** The problems with the inputs. */
    readonly inputs: readonly InputProblem[] = [],
    /** The template that failed; undefined if the inputs are wrong. */
    readonly place: TemplatePlace | undefined = undefined,
    details: ErrorDetails = {},
  ) {
    super(message, details);
  }
}

/** An answer that does not match the output of its prompt. */
export class AnswerError extends InputError {
  override readonly name = "AnswerError";

  constructor(
    message: string,
    /** The text of the model's answer. */
    readonly text: string,
    details: ErrorDetails = {},
  ) {
    super(message, details);
  }
}

/** A request that an API can't express, or that belongs to another provider. */
export class UnsupportedRequest extends PromptopsError {
  override readonly name = "UnsupportedRequest";
}
