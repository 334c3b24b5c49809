/** The errors of this package. */
import type { TemplatePlace } from "./limits";

export class PromptopsError extends Error {
  override readonly name: string = "PromptopsError";
}

/** There is no prompt of that id; another one is never substituted. */
export class NotFound extends PromptopsError {
  override readonly name = "NotFound";
}

/** Bytes that are no bundle, have another format, or do not match their digest. */
export class IntegrityError extends PromptopsError {
  override readonly name = "IntegrityError";
}

/** A problem with the inputs. */
export interface InputProblem {
  /** JSON pointer to the wrong value, or to the object that lacks one. */
  readonly pointer: string;
  readonly message: string;
}

/** A request that can't be rendered. */
export class RenderError extends PromptopsError {
  override readonly name = "RenderError";

  constructor(
    message: string,
    /** The problems with the inputs. */
    readonly inputs: readonly InputProblem[] = [],
    /** The template that failed; undefined if the inputs are wrong. */
    readonly place: TemplatePlace | undefined = undefined,
  ) {
    super(message);
  }
}

/** An answer that does not match the output of its prompt. */
export class AnswerError extends PromptopsError {
  override readonly name = "AnswerError";

  constructor(
    message: string,
    /** The text of the model's answer. */
    readonly text: string,
  ) {
    super(message);
  }
}

/** A request that an API can't express, or that belongs to another provider. */
export class UnsupportedRequest extends PromptopsError {
  override readonly name = "UnsupportedRequest";
}
