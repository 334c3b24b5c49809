/** What an application imports from `promptops`. */
export { Bundle, readBundle } from "./bundle";
export { IntegrityError, type InputProblem, NotFound, PromptopsError, RenderError, UnsupportedRequest } from "./errors";
export type { Prompt } from "./prompt";
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
