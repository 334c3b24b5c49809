/** The page on which a prompt is tried. Text from the server is only ever set as text, never as HTML. */

import { element } from "../../../ui/src/form/elements";
import { InputForm } from "../../../ui/src/form/input_form";
import { equal, type Inputs } from "../../../ui/src/form/values";
import { Actions, drawAnswer } from "./answer";
import { drawCases, drawErrors, drawHead, drawMessages } from "./preview";
import type { PageMessage, PreviewError, Shown } from "../src/protocol";

declare function acquireVsCodeApi(): { postMessage(message: PageMessage): void };

/** Typed inputs are rendered when the form has not changed for so long. */
const REST_MS = 60;

const code = acquireVsCodeApi();
const send = (message: PageMessage): void => code.postMessage(message);

const head = element("div");
const form = new InputForm(typed);
const inputs = element("form", { class: "inputs", "aria-label": "Inputs" }, form.element);
const errors = element("div");
const request = element("div");
const answer = element("div");
const actions = new Actions(send, () => current);
let current: Inputs = {};
/** The inputs that the form got; undefined once they are those that were typed. */
let given: Inputs | undefined;
let rest: ReturnType<typeof setTimeout> | undefined;

inputs.addEventListener("submit", (event) => event.preventDefault());

function typed(now: Inputs): void {
  current = now;
  clearTimeout(rest);
  rest = setTimeout(() => send({ type: "inputs", inputs: current }), REST_MS);
}

/** The inputs of another case fill the form; typed ones stay. Returns the errors of no input. */
function drawForm({ preview, typed: isTyped }: Shown): readonly PreviewError[] {
  const isOther = given === undefined || !equal(preview.inputs, given);
  if (!isTyped && isOther) {
    clearTimeout(rest);
    current = preview.inputs;
  }
  given = isTyped ? undefined : preview.inputs;
  inputs.hidden = preview.form.length === 0;
  return form.show(preview.form, current, preview.errors);
}

function draw(shown: Shown): void {
  const { title, preview } = shown;
  const chooses = document.activeElement?.matches(".cases select");
  head.replaceChildren(drawHead(title, preview), ...drawCases(preview, send));
  if (chooses) {
    head.querySelector("select")?.focus();
  }
  errors.replaceChildren(...drawErrors(drawForm(shown), preview.errors, send));
  request.replaceChildren(...drawMessages(preview, send));
  const drawnAnswer = drawAnswer(shown.answer, send);
  const heading = drawnAnswer.length > 0 ? [element("h2", {}, "answer")] : [];
  answer.replaceChildren(...heading, ...drawnAnswer);
  actions.show(shown);
}

window.addEventListener("message", (event: MessageEvent<Shown>) => {
  const scroll = document.documentElement.scrollTop;
  if (!head.isConnected) {
    document.body.replaceChildren(head, inputs, errors, request, answer, actions.element);
  }
  draw(event.data);
  document.documentElement.scrollTop = scroll;
});
send({ type: "ready" });
