/** Draws the answer below the request, and what can be done with the inputs. */

import { cutWords, isWrong, markTitle, markedParts } from "../../../ui/src/answer_marks";
import { element } from "../../../ui/src/form/elements";
import { aboutWords, checkWords, dollars, sentence } from "../../../ui/src/words";
import { actionButton, keyLink } from "./links";
import type { Answer, AssertionResult, Inputs, ModelAnswer, PageMessage, Shown } from "../src/protocol";

type Send = (message: PageMessage) => void;

export function drawAnswer(answer: Answer, send: Send): HTMLElement[] {
  switch (answer.kind) {
    case "none":
      return [];
    case "missing":
      return [element("p", { class: "note" }, "not recorded: ", command(`promptops test --record ${answer.prompt}`))];
    case "failed":
      return [element("p", { class: "error", role: "alert" }, answer.message)];
    case "arriving":
      return [text(answer.text), element("p", { class: "note", role: "status" }, "the answer arrives …")];
    default:
      return drawRun(answer.run.answers, answer.kind, send);
  }
}

function command(words: string): HTMLElement {
  return element("code", {}, words);
}

function drawRun(answers: readonly ModelAnswer[], kind: string, send: Send): HTMLElement[] {
  let number = 0;
  return answers.flatMap((answer) => {
    const results = answer.assertions.map((each) => {
      const own = number++;
      return drawAssertion(each, () => send({ type: "openAssertion", assertion: own }));
    });
    const problems = [cutWords(answer), answer.problem, answer.reason].flatMap((each) =>
      each ? [element("p", { class: "error", role: "alert" }, each)] : [],
    );
    const note = element("p", { class: "note" }, facts(answer, kind));
    return [drawText(answer), ...problems, note, ...drawAssertions(answer.assertions, results)];
  });
}

/** The answer, in which marks show what assertions found. */
function drawText({ text: words, assertions }: ModelAnswer): HTMLElement {
  const parts = markedParts(words, assertions).map((part) => {
    const mark = { class: isWrong(part) ? "failed" : "passed", title: markTitle(part) };
    return part.results.length === 0 ? part.text : element("mark", mark, part.text);
  });
  return element("div", { class: "text" }, ...parts);
}

function text(words: string): HTMLElement {
  return element("div", { class: "text" }, words);
}

function drawAssertions(results: readonly AssertionResult[], drawn: readonly HTMLElement[]): HTMLElement[] {
  if (drawn.length === 0) {
    return [];
  }
  return [element("p", {}, sentence(checkWords(results))), element("ul", { class: "assertions" }, ...drawn)];
}

const SIGNS = { passed: "✓", failed: "✗", error: "!", skipped: "–" } as const;

function drawAssertion({ status, type, reason, must, on, turn }: AssertionResult, open: () => void): HTMLElement {
  const of = aboutWords({ on, turn });
  const name = `${of}${must ? type : `${type} (measure)`}`;
  const shown = element("span", {}, `${SIGNS[status]} ${status}: ${name}: ${reason}`);
  return element("li", { class: status }, keyLink(shown, "Go to the assertion", open));
}

/** Such as `fast · recorded · 12 tokens in, 20 out · $0.01 · 1.2 s`. */
function facts({ profile, answer, cost_usd: cost, duration_s: seconds }: ModelAnswer, kind: string): string {
  const usage = answer?.usage;
  const size = usage && (usage.input || usage.output) ? `${usage.input} tokens in, ${usage.output} out` : "";
  const money = cost === null ? "" : dollars(cost);
  const time = seconds === null ? "" : `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  return [profile, kind, size, money, time].filter((each) => each !== "").join(" · ");
}

const INCOMPLETE = "fix the errors of the request first";
const HAS_TURNS = "this case has turns: run the case, or change its inputs";

/** The model to call, and the buttons; made once, so that what was chosen and typed stays. */
export class Actions {
  readonly element: HTMLElement;
  private readonly profile = element("select", { "aria-label": "Model" });
  private readonly call: HTMLButtonElement;
  private readonly stop: HTMLButtonElement;
  private readonly name = element("input", { "aria-label": "Name of the new case" });
  private readonly contains = element("input", { "aria-label": "What the answer must contain" });
  private readonly keep: HTMLButtonElement;
  private profiles = "";
  /** Why no model can be called and no case be kept with the shown inputs, or "". */
  private reason = INCOMPLETE;
  /** The case that was sent to be kept, until it is known what became of it. */
  private keeping: string | undefined;
  private readonly problem = element("p", { class: "error", role: "alert" });

  constructor(send: Send, inputs: () => Inputs) {
    this.call = actionButton("Call the model", () => send({ type: "answer", profile: this.profile.value || null }));
    this.stop = actionButton("Stop", () => send({ type: "stop" }));
    this.name.placeholder = "name of the case";
    this.contains.placeholder = "the answer must contain … (empty: nothing)";
    this.keep = actionButton("Keep as a case", () => {
      const { value } = this.contains;
      const contains = value.trim() === "" ? [] : [value];
      this.keeping = this.name.value;
      send({ type: "keep", name: this.name.value, inputs: inputs(), contains });
    });
    this.name.addEventListener("input", () => this.update());
    const calling = element("span", {}, this.profile, this.call, this.stop);
    const keeping = element("span", { class: "keep" }, this.name, this.contains, this.keep);
    this.element = element("div", {}, this.problem, element("div", { class: "actions" }, calling, keeping));
    this.update();
  }

  show({ profiles, answer, trusted, preview, kept }: Shown): void {
    this.reason = preview.turns ? HAS_TURNS : preview.digest === null ? INCOMPLETE : "";
    this.showKept(kept);
    const listed = JSON.stringify(profiles);
    if (listed !== this.profiles) {
      this.profiles = listed;
      this.profile.replaceChildren(option("the prompt's model", ""), ...profiles.map(({ name }) => option(name, name)));
    }
    const arriving = answer.kind === "arriving";
    this.call.hidden = arriving;
    this.call.disabled = !trusted || this.reason !== "";
    this.call.title = trusted ? this.reason : "models are called in trusted workspaces only";
    this.stop.hidden = !arriving;
    this.update();
  }

  /** What was typed stays until the case is kept. */
  private showKept(kept: Shown["kept"]): void {
    this.problem.textContent = kept?.problem ? `The case was not kept: ${kept.problem}` : "";
    this.problem.hidden = !kept?.problem;
    if (kept === null || kept.name !== this.keeping) {
      return;
    }
    this.keeping = undefined;
    if (kept.problem === null) {
      this.name.value = this.contains.value = "";
    }
  }

  private update(): void {
    const isNamed = this.name.value.trim() !== "";
    this.keep.disabled = !isNamed || this.reason !== "";
    this.keep.title = this.reason || (isNamed ? "" : "a case needs a name");
  }
}

function option(text: string, value: string): HTMLOptionElement {
  const made = element("option", {}, text);
  made.value = value;
  return made;
}
