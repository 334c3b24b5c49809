// Written by scripts/make_ui_types.py from schemas/: do not edit.

/** One answer of a model. */
export interface Answer {
  /** "" if the model only called tools. */
  readonly text: string;
  /** Each `{"name", "arguments"}`, the arguments as JSON data, or as a string if they are not JSON. */
  readonly tool_calls: readonly (Readonly<Record<string, unknown>>)[];
  /** stop, length, tool_calls or content_filter. */
  readonly finish_reason: string;
  /** The model that answered, as the provider names it, or null. */
  readonly model: string | null;
  /** Of the provider's system, or null. */
  readonly fingerprint: string | null;
  /** The number of tokens. */
  readonly usage: Usage;
  /** Of the successful request; null if it was not measured cleanly, or the answer comes from a recording next to its prompt. */
  readonly latency_s: number | null;
}

/** The result of one assertion. */
export interface AssertionResult {
  /** As written, with its `not-`. */
  readonly type: string;
  /** `error`: it can't be checked. `skipped`: it does not apply to the case, or only to a fresh answer. */
  readonly status: "passed" | "failed" | "error" | "skipped";
  /** It is a contract: if it fails, the case fails. */
  readonly must: boolean;
  /** Expected value, place, actual value; also for a passed assertion. */
  readonly reason: string;
  /** Of the assertion; for an error, of the part to change. */
  readonly place: Place;
  /** What it checks: the rendered request, the answer, or all turns of a conversation. */
  readonly on: "request" | "answer" | "conversation";
  /** The name of the score, for a measure; else null. */
  readonly score: string | null;
  /** Both texts, complete, if they are too long for the reason to show the difference; else null. */
  readonly compared: ComparedTexts | null;
  /** Where the text of the answer has what the assertion searches for, whether it requires or forbids it: offsets of the first character and that after the last one, 0-based. */
  readonly at: readonly (readonly [number, number])[];
  /** Of a case with turns: the turn whose answer it checks, 1-based; else null. */
  readonly turn: number | null;
}

/** The branches of all prompts whose coverage was measured. */
export interface BranchCount {
  /** How many a case covers. */
  readonly covered: number;
  /** How many there are. */
  readonly total: number;
}

/** How many cases have each status; every repeat counts. */
export interface CaseCount {
  /** Those whose contracts all hold. */
  readonly passed: number;
  /** Those in which a contract does not hold. */
  readonly failed: number;
  /** Those that can't be rendered, judged or sent. */
  readonly errors: number;
  /** Those whose request has no recording. */
  readonly stale: number;
  /** Drafts that fail. */
  readonly warnings: number;
  /** All drafts; repeats do not count. */
  readonly drafts: number;
}

/** A test case, rendered on both sides with the same inputs. */
export interface CaseDiff {
  /** Of the case; on the newer side, if it exists there. */
  readonly name: string;
  /** All of them, in order, whether or not they differ. */
  readonly messages: readonly SeenPair[];
  /** Other parts of the request that differ: `model`, `params`, `tools`, … */
  readonly rest: readonly string[];
  /** Why the older side can't be rendered with these inputs, or null. */
  readonly before_error: string | null;
  /** Why the newer side can't be rendered with these inputs, or null. */
  readonly after_error: string | null;
  /** The messages of its turns, each turn with its recorded answers, in order, whether or not they differ; empty without turns. */
  readonly turns: readonly TurnPair[];
  /** The recorded answers of both sides; null without a recording, and with turns. */
  readonly answer: SeenPair | null;
  /** One line for each assertion on the answer whose verdict changed. */
  readonly verdicts: readonly string[];
  /** Price in US dollars of sending the request of the older side once, without an answer; null if the price of the model is not known. */
  readonly before_usd: number | null;
  /** That of the newer side. */
  readonly after_usd: number | null;
  /** Tokens of all messages of the older side; 0 if it can't be rendered. */
  readonly before_tokens: number;
  /** Tokens of all messages of the newer side; 0 if it can't be rendered. */
  readonly after_tokens: number;
}

/** One case, answered once. */
export interface CaseRun {
  /** Id of its prompt. */
  readonly prompt: string;
  /** Name of the case, unique in its prompt; null for the error of a file. */
  readonly name: string | null;
  /** `passed`: every contract holds. `failed`: a contract does not hold. `stale`: its request has no recording, so its answer was not checked. `error`: it could not be rendered, sent or judged, which is not the model's fault. `warning`: a draft that would be `failed`, or whose inputs can't be rendered; it fails nothing. */
  readonly status: "passed" | "failed" | "error" | "stale" | "warning";
  /** Of the case, or of the error. */
  readonly place: Place;
  /** Number of the answer to the same request, 0-based. */
  readonly repeat: number;
  /** Why it is stale or in error, or a note on its answer; else null. */
  readonly reason: string | null;
  /** In the order in which they are written: those on the request, then those on the answer. */
  readonly assertions: readonly AssertionResult[];
  /** The messages of the request; empty if it can't be rendered. Of a case with turns those of its last turn, so that they are the conversation; without a recording of a turn, up to there. */
  readonly messages: readonly MessageText[];
  /** null without a recording, or if none is needed. */
  readonly answer: Answer | null;
  /** The origin of the answer; `none` for a case without assertions on it. */
  readonly source: "none" | "recorded" | "cached" | "live";
  /** The provider or the network failed; excluded from statistics. */
  readonly infrastructure: boolean;
  /** The error is a bug in promptops. */
  readonly internal: boolean;
  /** It has the tag `draft`: `promptops cases` wrote it, and it is unread. */
  readonly draft: boolean;
  /** Of a case with turns without an answer: the turn that has none, 1-based; else null. */
  readonly turn: number | null;
}

/** One change of a prompt. */
export interface Change {
  /** Of the catalogue of changes: CHG101. It never changes its meaning. */
  readonly code: string;
  /** The same in words: required-input-added. */
  readonly name: string;
  /** The effect on callers, consumers of the output and the model. BREAKING: breaks callers or consumers; BEHAVIOR: the model receives or does something else; ADDITIVE: adds something; NEUTRAL: has no effect. */
  readonly level: "BREAKING" | "BEHAVIOR" | "ADDITIVE" | "NEUTRAL";
  /** The required version bump, with policies and waivers applied. */
  readonly bump: "none" | "patch" | "minor" | "major";
  /** JSON pointer into the resolved prompt, of the newer side if it exists there. */
  readonly path: string;
  /** One line: lower case, no full stop, names between backticks. */
  readonly message: string;
  /** The old value; missing if there is none, or if the message contains it. */
  readonly before?: unknown;
  /** The new value; missing if there is none, or if the message contains it. */
  readonly after?: unknown;
  /** A concrete value that proves the break, or null. */
  readonly witness: Witness | null;
  /** Whether it needs attention, whatever its bump. */
  readonly warning: boolean;
  /** Why it needs a reviewer's attention; null if it is not a risk. */
  readonly risk: string | null;
  /** Paths of the partials, schemas or configuration through which it came, if the prompt file itself did not change so. */
  readonly via: readonly string[];
  /** What lowered the bump of a breaking change, or null. */
  readonly waiver: Waiver | null;
  /** Whether `--fail-on breaking` stops on it, if it breaks. */
  readonly gated: boolean;
  /** Its place in a file of the newer side; null if that is not a single place. */
  readonly place: Place | null;
  /** An id that stays the same when the change is compared again, for waivers. */
  readonly fingerprint: string | null;
}

/** One error. */
export interface CommandError {
  /** The cause. */
  readonly message: string;
  /** The fix, or null. */
  readonly hint: string | null;
  /** A path from the root of the repository, or what else the error is about, such as an option; null if it is about neither. */
  readonly where: string | null;
  /** In the file `where`, or null. */
  readonly place: Place | null;
}

/** The result of a command that an error stopped. */
export interface CommandErrors {
  /** Version of this format. It increases if a key changes or is removed, not if one is added. */
  readonly schema: 1;
  /** Of the command. */
  readonly exit_code: number;
  /** The error that stopped the command, then those found with it. */
  readonly errors: readonly CommandError[];
}

/** Two strings that should be equal. */
export interface ComparedTexts {
  /** The expected string. */
  readonly expected: string;
  /** The actual string. */
  readonly got: string;
}

/** Branch coverage of the templates of a prompt by its cases. */
export interface CoverageRow {
  /** Its id. */
  readonly prompt: string;
  /** The number of branches that a case covers. */
  readonly covered: number;
  /** The number of all branches: if, elif, else, loops, includes and when. */
  readonly total: number;
  /** The other branches. */
  readonly uncovered: readonly Uncovered[];
}

/** The decision on one measured score of a prompt, candidate against baseline. */
export interface Decided {
  /** Its id. */
  readonly prompt: string;
  /** Name of the score. */
  readonly score: string;
  /** `inconclusive`: there are too few answers to decide. */
  readonly verdict: "pass" | "fail" | "inconclusive";
  /** The figures as printed: difference, interval, p, n, k, counts. */
  readonly line: string;
  /** The decision in a plain sentence without statistics; null if `line` is one. */
  readonly summary: string | null;
  /** Up to five cases that lost most, worst first. */
  readonly worst: readonly Worse[];
  /** Names of the cases that fresh answers proved worse, where that decided. */
  readonly culprits: readonly string[];
  /** It counts in the verdict of the run; the other scores of a prompt are only reported. */
  readonly gates: boolean;
  /** There is a baseline; without one `line` is a plain sentence about the score. */
  readonly compared: boolean;
}

/** The result of `promptops diff`: the changes between two sides. */
export interface DiffReport {
  /** Version of this format. It increases if a key changes or is removed, not if one is added. */
  readonly schema: 1;
  /** The older side, as a person would write it: `v1.2.0`, `main`. */
  readonly base: string;
  /** The newer side, as a person would write it: `HEAD`, `the index`. */
  readonly head: string;
  /** The changed ones, worst first, then by id. */
  readonly prompts: readonly PromptDiff[];
  /** The number of compared prompts. */
  readonly compared: number;
  /** The name of the exact tokenizer that counted tokens, or null for the estimate. */
  readonly tokenizer: string | null;
  /** Prompts that may have changed, too, but were not selected. */
  readonly hidden: number;
  /** The last release of the catalog; null if nothing was released, or nothing changed. */
  readonly before_version: string | null;
  /** The next release that the changes require; null if nothing was released, or nothing changed. */
  readonly after_version: string | null;
  /** The highest bump of all prompts, without the shift for versions before 1.0.0. */
  readonly bump: "none" | "patch" | "minor" | "major";
  /** Codes of the changes that are risks, each once, sorted. */
  readonly risk_codes: readonly string[];
}

/** Replaces the characters of a place; an empty place inserts. */
export interface Edit {
  /** The characters that are replaced. */
  readonly place: Place;
  /** The new text. */
  readonly text: string;
}

/** A text of a message of a prompt, which can be edited by itself. */
export interface EditableText {
  /** JSON pointer of the text in the prompt file; it names the text in an edit. */
  readonly at: string;
  /** Of its message, such as system or user. */
  readonly role: string;
  /** `text`: it is in a prompt file. `file`: it is a file of its own. */
  readonly kind: "text" | "file";
  /** The file that contains it, relative to the repository root. */
  readonly path: string;
  /** The condition under which it is sent, as written; null if it always is. */
  readonly when: string | null;
  /** The template. */
  readonly text: string;
  /** The place of the first character of each of its lines in the file: line and column, 1-based. */
  readonly starts: readonly (readonly [number, number])[];
  /** It can be edited here. */
  readonly editable: boolean;
  /** Why it can't, or null. */
  readonly reason: string | null;
}

/** One problem, at the character to change. */
export interface Finding {
  /** Of the rule, such as `VAR001`; it never changes meaning. */
  readonly code: string;
  /** Of the rule, such as `undefined-variable`. */
  readonly name: string;
  /** Of the finding; the configuration may change that of the rule. */
  readonly severity: "info" | "warning" | "error";
  /** The problem: one sentence, lower case, no full stop. */
  readonly message: string;
  /** The name in `{{ name }}` and not the braces; the key for a wrong key, the value for a wrong value. */
  readonly place: Place;
  /** The id of its prompt, or null for a file that is not a prompt. */
  readonly prompt: string | null;
  /** The fix, for a person, shown at the caret; or null. */
  readonly hint: string | null;
  /** Other places: includes that lead to it, the other definition. */
  readonly related: readonly Related[];
  /** Edits that fix it, or null. */
  readonly fix: Fix | null;
  /** Hash of code, prompt, the source line without whitespace, and an ordinal; the same when lines move, for baselines and waivers. */
  readonly fingerprint: string | null;
  /** The test case in whose rendered request it was found, or null. */
  readonly case: string | null;
}

/** Edits that fix a finding. */
export interface Fix {
  /** They belong together, and do not overlap. */
  readonly edits: readonly Edit[];
  /** Every test case renders byte for byte as before. */
  readonly safe: boolean;
}

/** One input, or a part of one, as a field of a form. */
export interface FormField {
  /** Of the input, of the column of a table, or of the key of an object. */
  readonly name: string;
  /** `text`: a box whose value stays a text. `number`, `boolean`, `choice`: a single value. `list`: texts. `table`: objects with the same keys. `object`: an object with these keys. `history`: messages with role and text. `media`: base64 or an address. `json`: any other value, as JSON. */
  readonly kind: "text" | "number" | "boolean" | "choice" | "list" | "table" | "object" | "history" | "media" | "json";
  /** It has to be given; others can be left out. */
  readonly required: boolean;
  /** Of the input schema, or null. */
  readonly description: string | null;
  /** The value that is used if it is left out; no key without one. */
  readonly default?: unknown;
  /** All possible values of a `choice`. */
  readonly choices: readonly unknown[];
  /** The columns of a `table`, the keys of an `object`. */
  readonly fields: readonly FormField[];
}

/** The difference of the scores on the held-out half: proposal minus prompt. Shares, not points. */
export interface HeldOutDecision {
  /** `low` is above what the goal requires, and there are enough independent cases. */
  readonly proved: boolean;
  /** The mean over cases. */
  readonly difference: number;
  /** Each bound is wrong with the chance `alpha`. */
  readonly low: number;
  /** Each bound is wrong with the chance `alpha`. */
  readonly high: number;
  /** With answers on both sides. */
  readonly cases: number;
  /** The independent ones of them. */
  readonly sources: number;
  /** The smallest number of answers to a case on each side. */
  readonly repeats: number;
  /** The numbers of cases with a lower, a higher and the same mean score. */
  readonly worse: number;
  /** The numbers of cases with a lower, a higher and the same mean score. */
  readonly better: number;
  /** The numbers of cases with a lower, a higher and the same mean score. */
  readonly same: number;
  /** What `low` must be above. */
  readonly required: number;
  /** The smallest true improvement that these cases would prove four times in five. */
  readonly visible: number;
  /** About how many held-out cases would decide if the difference stays the same; null if no number would. */
  readonly cases_needed: number | null;
  /** The shares of answers that keep all contracts, before and after; null without contracts. */
  readonly contracts_kept: readonly [number, number] | null;
  /** Fewer answers to the proposal keep them, by more than the contract margin. */
  readonly contracts_lost: boolean;
  /** The cost of an answer to the proposal, as a multiple; null if it is unknown. */
  readonly cost_ratio: number | null;
}

/** The cases that the search did not see, and the decision on them. */
export interface HeldOutHalf {
  /** The number of all of them. */
  readonly cases: number;
  /** How often these cases were looked at before. */
  readonly looks: number;
  /** The error probability of this look. */
  readonly alpha: number;
  /** On these cases; null if they were not looked at. */
  readonly decision: HeldOutDecision | null;
  /** The number of answers that did not come or could not be scored. */
  readonly missing: number;
}

/** The agreement of a judge with its anchors, which people judged. */
export interface JudgeAgreement {
  /** Id of the judge's prompt. */
  readonly judge: string;
  /** How many of its cases are anchors with an answer. */
  readonly anchors: number;
  /** Cohen's kappa, 1 for full agreement; null if chance alone would always agree. */
  readonly kappa: number | null;
  /** Its lower bound, by that of Wilson's 90% interval of the agreement; null without a kappa. */
  readonly kappa_low: number | null;
  /** Both are high enough to fail a case. */
  readonly may_gate: boolean;
}

/** A message of a request as one string. */
export interface MessageText {
  /** The role, such as system or user. */
  readonly role: string;
  /** The content, with its tool calls below. */
  readonly text: string;
  /** The turn of the case that the message belongs to, 1-based; null for a message of the prompt. */
  readonly turn: number | null;
}

/** What one model answered. */
export interface ModelAnswer {
  /** The name of the profile, or `provider/id` without one. */
  readonly profile: string;
  /** As configured. */
  readonly provider: string;
  /** The id that is configured. `answer.model` is the name of the model that answered. */
  readonly model: string;
  /** All of the answer, as in `answer`, or the part that arrived. */
  readonly text: string;
  /** null if it is incomplete. */
  readonly answer: Answer | null;
  /** Why it is incomplete, or null. */
  readonly problem: string | null;
  /** null if the price or the usage is unknown, as it is for an incomplete answer. */
  readonly cost_usd: number | null;
  /** From sending until the end of the answer; null if nothing was sent. */
  readonly duration_s: number | null;
  /** From sending until the first text; null without text. */
  readonly first_text_s: number | null;
  /** The most output tokens that the request allows; null if it sets no limit. */
  readonly limit: number | null;
  /** Of the test case with this answer, or of the output contract; null if there is nothing to judge. */
  readonly status: "passed" | "failed" | "error" | "stale" | "warning" | null;
  /** Why the status is `error`, or null. */
  readonly reason: string | null;
  /** The results of the test case. */
  readonly assertions: readonly AssertionResult[];
  /** A bug in promptops prevented a check. */
  readonly internal: boolean;
  /** Whether the model stopped at a limit: at `limit`, or at its own. */
  readonly was_cut: boolean;
}

/** The result of `promptops optimize`. */
export interface Optimization {
  /** Version of this format. It increases if a key changes or is removed, not if one is added. */
  readonly schema: 1;
  /** Its id. */
  readonly prompt: string;
  /** Of the prompt file. */
  readonly path: string;
  /** What was searched for. */
  readonly goal: "better" | "cheaper";
  /** The profile that proposed. */
  readonly proposer: string;
  /** What is known about the best proposal. */
  readonly state: "proved" | "unproved" | "not better" | "none";
  /** The half of the cases that the search saw. */
  readonly search: SearchHalf;
  /** The other half. */
  readonly held_out: HeldOutHalf;
  /** Of the request as it is, estimated: the mean over the cases. */
  readonly tokens: number;
  /** The same with the proposal; null without one. */
  readonly proposed_tokens: number | null;
  /** The texts that the best proposal changes. */
  readonly texts: readonly ProposedText[];
  /** What weakens the evidence, or what a reader must know. */
  readonly notes: readonly string[];
  /** The file with the patch, or null. */
  readonly patch: string | null;
  /** The command that applies the patch, or null. */
  readonly apply: string | null;
  /** The command that does what this run left out, or null. */
  readonly next: string | null;
  /** Why an answer did not come in the search, or null. */
  readonly problem: string | null;
  /** Requests without an answer: a provider failed, or the run ended early. */
  readonly unanswered: number;
  /** Those of them that were not sent because the run ended early. */
  readonly unasked: number;
  /** Why it ended early, or null. */
  readonly ended: string | null;
  /** The user interrupted it. */
  readonly interrupted: boolean;
  /** Of the requests of this run. */
  readonly cost_usd: number;
  /** Of the whole run. */
  readonly duration_s: number;
  /** Whether the proposal is proved on the held-out half. */
  readonly accepted: boolean;
}

/** A span of characters in a file. */
export interface Place {
  /** Relative to the repository root, forward slashes. */
  readonly path: string;
  /** Of the first character; 1-based, columns in characters. */
  readonly line: number;
  /** Of the first character; 1-based, columns in characters. */
  readonly column: number;
  /** Of the character after the last one. */
  readonly end_line: number;
  /** Of the character after the last one. */
  readonly end_column: number;
}

/** What the model receives for some inputs, with what can't be rendered. */
export interface Preview {
  /** Version of this format. It increases if a key changes or is removed, not if one is added. */
  readonly schema: 1;
  /** The id of the prompt. */
  readonly prompt: string;
  /** Of the prompt file. */
  readonly path: string;
  /** The test case with these inputs; null for other inputs. */
  readonly case: string | null;
  /** The number of turns of the case; 0 without turns. `messages` are then the conversation, as far as it is recorded. */
  readonly turns: number;
  /** The names of all test cases of the prompt. */
  readonly cases: readonly string[];
  /** As given, without defaults. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** A field for each input, the required ones first. */
  readonly form: readonly FormField[];
  /** Of the request. */
  readonly messages: readonly PreviewMessage[];
  /** What concerns no single message: wrong inputs, a prompt that can't be read. */
  readonly errors: readonly PreviewError[];
  /** What `promptops lint` reports in the prompt file. */
  readonly findings: readonly Finding[];
  /** An estimate of the size of the request; null with an error. */
  readonly tokens: number | null;
  /** Of sending the request; null without a known price. */
  readonly cost_usd: number | null;
  /** The key of the recorded answers to this request; null with an error. */
  readonly digest: string | null;
}

/** Why something can't be rendered. */
export interface PreviewError {
  /** One sentence, lower case, no full stop. */
  readonly message: string;
  /** The fix, or null. */
  readonly hint: string | null;
  /** In a template or the prompt file; null for a wrong input. */
  readonly place: Place | null;
  /** JSON pointer to the wrong input, or to the object that lacks one; null for a place. */
  readonly input: string | null;
}

/** A message of the request. */
export interface PreviewMessage {
  /** Such as system or user. */
  readonly role: string;
  /** JSON pointer of the message in the prompt file. */
  readonly at: string;
  /** Joined, they are its text; an image is `[image]`. Empty with an error. */
  readonly pieces: readonly PreviewPiece[];
  /** Why it can't be rendered; the other messages are rendered all the same. */
  readonly error: PreviewError | null;
}

/** A part of the text of a message. */
export interface PreviewPiece {
  /** What the model receives. */
  readonly text: string;
  /** It is written in a template; else it is an inserted value. */
  readonly literal: boolean;
  /** Where it is written or inserted; null for what is in no template, such as a message of the conversation. */
  readonly place: Place | null;
}

/** What changed about one prompt. */
export interface PromptDiff {
  /** On the newer side; the last id of a removed prompt. */
  readonly id: string;
  /** Of its file, relative to the repository root, forward slashes. */
  readonly path: string;
  /** `unreadable` if a side can't be read; a change reports that. */
  readonly state: "added" | "removed" | "renamed" | "changed" | "unreadable";
  /** The required version bump: the highest of its changes. */
  readonly bump: "none" | "patch" | "minor" | "major";
  /** The worst first. */
  readonly changes: readonly Change[];
  /** Those whose requests differ, in the order of the newer side. */
  readonly cases: readonly CaseDiff[];
  /** Number of cases that were rendered on both sides. */
  readonly rendered: number;
  /** Paths of the changed files that the prompt uses, without its own. */
  readonly via: readonly string[];
  /** The earlier id of a renamed prompt; else null. */
  readonly before_id: string | null;
  /** The latest released version; null if none was released. */
  readonly before_version: string | null;
  /** The version of its next release; null if none was released. */
  readonly after_version: string | null;
}

/** The result of `promptops run`. */
export interface PromptRun {
  /** Version of this format. It increases if a key changes or is removed, not if one is added. */
  readonly schema: 1;
  /** The id of the prompt. */
  readonly prompt: string;
  /** Of the prompt file. */
  readonly path: string;
  /** `worktree`, `index`, or the revision of `--at`. */
  readonly revision: string;
  /** The test case whose inputs were used; null for given inputs. */
  readonly case: string | null;
  /** As given, without defaults. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** In the order of the requested profiles. */
  readonly answers: readonly ModelAnswer[];
  /** Of all answers with a known price, including those of judges. */
  readonly cost_usd: number;
  /** The user interrupted it. */
  readonly interrupted: boolean;
  /** A judge could not be called. */
  readonly infrastructure: boolean;
  /** The file with the new test case, or null. */
  readonly saved_in: string | null;
}

/** One text of the prompt, as it is and as it is proposed. */
export interface ProposedText {
  /** JSON pointer of the text in the prompt file. */
  readonly at: string;
  /** Of its message. */
  readonly role: string;
  /** The file that contains it. */
  readonly path: string;
  /** The template. */
  readonly before: string;
  /** The template. */
  readonly after: string;
}

/** Another place related to a finding: an include that leads to it, the other definition. */
export interface Related {
  /** Of the include, or of the definition. */
  readonly place: Place;
  /** How it is related. */
  readonly message: string;
}

/** What the search saw and did. */
export interface SearchHalf {
  /** Those whose inputs and answers it saw. */
  readonly cases: number;
  /** The mean score of the prompt as it stands, 0 to 1; null if not all answers came. */
  readonly score: number | null;
  /** Of 1,000 answers like those to it; null if a price is unknown. */
  readonly cost_usd_1000: number | null;
  /** In their order. */
  readonly proposals: readonly TriedProposal[];
  /** From a kind of reason to the number of proposals that were refused for it. */
  readonly refused: Readonly<Record<string, number>>;
  /** The number of answers to cases. */
  readonly answers: number;
}

/** One message as the model receives it. */
export interface Seen {
  /** `system`, `user`, `assistant` and so on. */
  readonly role: string;
  /** Its content; media and tool calls as `[image …]` and `[call …]`, each on its line. */
  readonly text: string;
  /** Their number, exact or estimated, as `tokenizer` of the report says. */
  readonly tokens: number;
}

/** A message or an answer on both sides. */
export interface SeenPair {
  /** On the older side; null if it was added, or that side can't be rendered. */
  readonly before: Seen | null;
  /** On the newer side; null if it was removed, or that side can't be rendered. */
  readonly after: Seen | null;
}

/** The result of `promptops test`. */
export interface TestRun {
  /** Version of this format. It increases if a key changes or is removed, not if one is added. */
  readonly schema: 1;
  /** Each case and repeat, in the order of the catalog. */
  readonly cases: readonly CaseRun[];
  /** The result of the run. */
  readonly verdict: "pass" | "fail" | "inconclusive";
  /** A decision for each prompt and score. */
  readonly decided: readonly Decided[];
  /** The judges among the prompts that ran, and their agreement with people. */
  readonly judges: readonly JudgeAgreement[];
  /** The coverage of each prompt, if it is requested or required. */
  readonly coverage: readonly CoverageRow[];
  /** The baseline of measured scores, as a person would write it, or null. */
  readonly baseline: string | null;
  /** Why no case was selected, or null. */
  readonly nothing: string | null;
  /** The command to type next, or null. */
  readonly next: string | null;
  /** The required branch coverage, in percent; null for no limit. */
  readonly fail_under: number | null;
  /** How many recorded answers were requested again; null except in an audit. */
  readonly audited: number | null;
  /** Requests without an answer, to judges too: a provider failed, or the run ended early. */
  readonly unanswered: number;
  /** Those of them that were not sent because the run ended early. */
  readonly unasked: number;
  /** Why it ended early, or null. */
  readonly ended: string | null;
  /** The user interrupted it. */
  readonly interrupted: boolean;
  /** Of the requests of this run; 0 for a replay. */
  readonly cost_usd: number;
  /** Of the whole run. */
  readonly duration_s: number;
  /** The number of cases with each status. */
  readonly count: CaseCount;
  /** The sums of the coverage. */
  readonly branches: BranchCount;
  /** Whether the coverage is below the required one; without branches it is complete. */
  readonly undercovered: boolean;
}

/** One proposal of the search. */
export interface TriedProposal {
  /** Why the proposer changed the text, in its words, or null. */
  readonly reason: string | null;
  /** Why it was not tried, or null. */
  readonly refused: string | null;
  /** The number of cases that a model answered with it. */
  readonly cases: number;
  /** The mean score of the search half, 0 to 1; null if not all of its cases were answered, because the proposal was refused or was not better in the first few. */
  readonly score: number | null;
  /** Of its request, estimated: the mean over the cases; null for what is no text. */
  readonly tokens: number | null;
  /** Of 1,000 answers like those to it; null if no model was asked, or a price is unknown. */
  readonly cost_usd_1000: number | null;
}

/** A message of a turn of a case, or the recorded answer to it, on both sides. */
export interface TurnPair {
  /** Of the turn, 1-based. */
  readonly number: number;
  /** The message, or with the role `answer` the answer. */
  readonly pair: SeenPair;
}

/** The edits are a commit on a new branch; the files on disk are as before. */
export interface UiBranch {
  /** Version of this format. It increases if a key changes or is removed, not if one is added. */
  readonly schema: 1;
  /** Its name. */
  readonly branch: string;
  /** The id of its commit. */
  readonly commit: string;
  /** The command that sends it to the others; null if the repository has no remote. */
  readonly next: string | null;
}

/** All prompts; no file is read for it. */
export interface UiCatalog {
  /** Version of this format. It increases if a key changes or is removed, not if one is added. */
  readonly schema: 1;
  /** In the order of their ids. */
  readonly prompts: readonly UiPromptName[];
}

/** The edits that are not saved, compared with the last commit. */
export interface UiChange {
  /** Version of this format. It increases if a key changes or is removed, not if one is added. */
  readonly schema: 1;
  /** The edited files. */
  readonly files: readonly UiPendingFile[];
  /** Names this change, in a request to save it: another one if an edit or a commit is added. */
  readonly state: string;
  /** The branch to which exactly these edits were saved; null without one. */
  readonly saved: string | null;
  /** What the edits change, as `promptops diff` reports it; null unless the request asks for failing test cases. */
  readonly diff: DiffReport | null;
  /** The test cases that do not pass, of the prompts that the edits reach; none unless the request asks for them. Then the answers that they need are recorded with the edits, so that `state` is the one to save. */
  readonly failing: readonly UiFailing[];
  /** The numbers of these test cases; null unless the request asks for them. */
  readonly tested: UiTested | null;
}

/** A file that another program changed after it was first edited here. */
export interface UiConflict {
  /** Relative to the repository root. */
  readonly path: string;
  /** Its text on disk; null if it is gone, or is not a text. */
  readonly disk: string | null;
  /** Its text with the edits. */
  readonly edited: string;
}

/** Why nothing was saved or edited; the first keys are those of every error. */
export interface UiConflicts {
  /** Version of this format. It increases if a key changes or is removed, not if one is added. */
  readonly schema: 1;
  /** The exit code that a command would have. */
  readonly exit_code: number;
  /** One for each file. */
  readonly errors: readonly CommandError[];
  /** `disk`: another program changed files. `state`: the edits are not those that the page shows. `text`: an edited text is not the one that the page shows. */
  readonly kind: "disk" | "state" | "text";
  /** For `disk`: the files that differ, with both sides. */
  readonly files: readonly UiConflict[];
  /** For `text`: the present one. */
  readonly text: string;
}

/** A test case that does not pass on a branch with the edits. */
export interface UiFailing {
  /** Of its prompt. */
  readonly id: string;
  /** Its name; null if all of them, or the file of the prompt, have an error. */
  readonly case: string | null;
  /** `failed`: a check does not hold. `stale`: no answer to its request is recorded. `error`: it can't be checked. */
  readonly status: "failed" | "stale" | "error";
  /** Why, in a sentence. */
  readonly reason: string;
  /** An answer from the prompt's own model, to this case, is what it lacks: no answer was refused, as one that contains a secret is. */
  readonly answerable: boolean;
}

/** A file with edits that are not saved. */
export interface UiPendingFile {
  /** Relative to the repository root. */
  readonly path: string;
  /** The prompt whose file it is; null for another file, such as a text or test cases. */
  readonly id: string | null;
  /** The ids of the prompts that were edited. */
  readonly prompts: readonly string[];
  /** The names of the test cases that were added to it. */
  readonly cases: readonly string[];
  /** The number of recorded answers that were added to it. */
  readonly answers: number;
}

/** A model profile of the configuration. */
export interface UiProfile {
  /** Of the profile. */
  readonly name: string;
  /** As configured. */
  readonly provider: string;
  /** As the provider names it. */
  readonly model: string;
}

/** A prompt with its texts, as they are edited. */
export interface UiPrompt {
  /** Version of this format. It increases if a key changes or is removed, not if one is added. */
  readonly schema: 1;
  /** Of the prompt. */
  readonly id: string;
  /** Of the prompt file, relative to the repository root. */
  readonly path: string;
  /** As written. */
  readonly title: string | null;
  /** As written. */
  readonly description: string | null;
  /** As written. */
  readonly status: "draft" | "active" | "deprecated";
  /** The names of its test cases. */
  readonly cases: readonly string[];
  /** The texts of its messages, in order. */
  readonly texts: readonly EditableText[];
  /** It has edits that are not saved. */
  readonly pending: boolean;
  /** The profile that it names, or else the id of its model; null without a model. */
  readonly model: string | null;
}

/** A prompt of the catalog. */
export interface UiPromptName {
  /** Of the prompt. */
  readonly id: string;
  /** Of the prompt file, relative to the repository root. */
  readonly path: string;
}

/** The result of a search for a better wording. */
export interface UiProposal {
  /** Version of this format. It increases if a key changes or is removed, not if one is added. */
  readonly schema: 1;
  /** The decision in a line, as `promptops optimize` prints it. */
  readonly summary: string;
  /** What the search did, what the held-out half shows and what it cost, each in a line. */
  readonly facts: readonly string[];
  /** What weakens the evidence, and what a reader must know, each in a line. */
  readonly remarks: readonly string[];
  /** The whole result, as `promptops optimize` reports it. */
  readonly result: Optimization;
}

/** A prompt as a line of the catalog. */
export interface UiRow {
  /** Of the prompt. */
  readonly id: string;
  /** As written; of a file that can't be read, empty. */
  readonly title: string | null;
  /** As written; of a file that can't be read, empty. */
  readonly description: string | null;
  /** As written; of a file that can't be read, empty. */
  readonly owners: readonly string[];
  /** As written; of a file that can't be read, empty. */
  readonly tags: readonly string[];
  /** As written; of a file that can't be read, empty. */
  readonly status: "draft" | "active" | "deprecated";
  /** The number of its test cases. */
  readonly cases: number;
  /** The number of findings in its file; 0 if they were not requested. */
  readonly errors: number;
  /** The number of findings in its file; 0 if they were not requested. */
  readonly warnings: number;
  /** Whether the prompt file can be read. */
  readonly readable: boolean;
  /** Whether its file, texts, cases or recordings have edits, or differ from the last commit. */
  readonly changed: boolean;
}

/** Details of some prompts. */
export interface UiRows {
  /** Version of this format. It increases if a key changes or is removed, not if one is added. */
  readonly schema: 1;
  /** In the order of the request, without ids that do not exist. */
  readonly rows: readonly UiRow[];
}

/** The edits are in the files. */
export interface UiSaved {
  /** Version of this format. It increases if a key changes or is removed, not if one is added. */
  readonly schema: 1;
  /** The written files. */
  readonly paths: readonly string[];
}

/** What the workbench shows, and what it may do. */
export interface UiSession {
  /** Version of this format. It increases if a key changes or is removed, not if one is added. */
  readonly schema: 1;
  /** The name of its folder. */
  readonly repository: string;
  /** The checked-out branch; null without one. */
  readonly branch: string | null;
  /** `worktree`, or the revision of `--at`. */
  readonly revision: string;
  /** Edits can be saved. */
  readonly write: boolean;
  /** Models can be called. */
  readonly live: boolean;
  /** PROMPTOPS_UNTRUSTED is set: nothing is saved and no model is called. */
  readonly untrusted: boolean;
  /** The model profiles of the configuration. */
  readonly profiles: readonly UiProfile[];
  /** The newest branches and tags, newest first, to compare with. */
  readonly revisions: readonly string[];
}

/** The test cases of the prompts that the edits reach. */
export interface UiTested {
  /** The number of test cases. */
  readonly cases: number;
  /** The number of those that pass, and check no answer. */
  readonly unchecked: number;
}

/** A template branch that no case covers. */
export interface Uncovered {
  /** Of the branch. */
  readonly place: Place;
  /** What is not covered: "`known` has an item in every case". */
  readonly message: string;
}

/** The number of tokens, as the provider counted them. */
export interface Usage {
  /** Those of the request. */
  readonly input: number;
  /** Those of the answer. */
  readonly output: number;
  /** Those of the request that the provider had cached. */
  readonly cached: number;
}

/** A finding, or a breaking change, that is accepted through the day `expires`. */
export interface Waiver {
  /** Of the finding or of the change. */
  readonly fingerprint: string;
  /** Why it is accepted. */
  readonly reason: string;
  /** The person who accepted it. */
  readonly who: string;
  /** The last day on which it is accepted. */
  readonly expires: string;
}

/** A concrete value that proves a break. */
export interface Witness {
  /** `input`, accepted before and rejected now; `output` or `arguments` (of a tool call), impossible before and possible now. */
  readonly kind: "input" | "output" | "arguments";
  /** JSON data: all inputs by name, a whole output, all arguments. */
  readonly value: unknown;
  /** The test case with these inputs, or null for generated ones. */
  readonly case: string | null;
  /** The message of the side that rejects it, or null. */
  readonly reason: string | null;
}

/** A case whose answers score lower than the baseline's. */
export interface Worse {
  /** Name of the case, unique in its prompt. */
  readonly name: string;
  /** Mean score of the baseline over its repeats, 0 to 1. */
  readonly before: number;
  /** Mean score of the candidate over its repeats, 0 to 1. */
  readonly after: number;
  /** The baseline's first answer. */
  readonly before_answer: Answer;
  /** The candidate's first answer. */
  readonly after_answer: Answer;
}
