/** What an application imports from `promptops`. */
export type { Answer } from "./answers";
export { type AnyPrompts, Bundle, readBundle } from "./bundle";
export {
  AnswerError,
  InputError,
  IntegrityError,
  type InputProblem,
  NotFound,
  PromptopsError,
  RenderError,
  TransportError,
  UnsupportedRequest,
  UsageError,
} from "./errors";
export { type LoadOptions, load } from "./load";
export type { Prompt, RenderArguments } from "./prompt";
export type { ClientArguments, RenderedRequest } from "./request";
export {
  type Ref,
  type Version,
  type VersionRange,
  highest,
  parseRange,
  parseRef,
  parseVersion,
  versionText,
} from "./refs";
