/** The page on which a prompt is tried. Text from the server is only ever set as text, never as HTML. */

import { Actions, drawAnswer } from "./answer";
import { element } from "./elements";
import { Form } from "./form";
import { drawCases, drawErrors, drawHead, drawMessages } from "./preview";
import type { Inputs, PageMessage, Shown } from "../src/protocol";

declare function acquireVsCodeApi(): { postMessage(message: PageMessage): void };

/** Typed inputs are rendered when the form has not changed for so long. */
const REST_MS = 60;

const code = acquireVsCodeApi();
const send = (message: PageMessage): void => code.postMessage(message);

const head = element("div", {});
const inputs = element("div", { class: "inputs" });
const errors = element("div", {});
const request = element("div", {});
const answer = element("div", {});
const actions = new Actions(send, () => form?.inputs() ?? given);
let form: Form | undefined;
let given: Inputs = {};
let drawnFields = "";
let drawnValues = "";
let rest: ReturnType<typeof setTimeout> | undefined;

function typed(): void {
  clearTimeout(rest);
  rest = setTimeout(() => send({ type: "inputs", inputs: form?.inputs() ?? {} }), REST_MS);
}

/** The form is made anew for other fields, and for the inputs of a case; so typed inputs stay. */
function drawForm({ preview, typed: isTyped }: Shown): void {
  const fields = JSON.stringify(preview.form);
  const values = isTyped ? "typed" : JSON.stringify(preview.inputs);
  given = preview.inputs;
  if (fields === drawnFields && (isTyped || values === drawnValues)) {
    drawnValues = values;
    return;
  }
  const first = isTyped ? (form?.inputs() ?? given) : given;
  form = preview.form.length > 0 ? new Form(preview.form, first, typed) : undefined;
  inputs.replaceChildren(...(form === undefined ? [] : [form.element]));
  [drawnFields, drawnValues] = [fields, values];
}

function draw(shown: Shown): void {
  const { title, preview, profiles, trusted } = shown;
  const chooses = document.activeElement?.matches(".cases select");
  head.replaceChildren(drawHead(title, preview), ...drawCases(preview, send));
  if (chooses) {
    head.querySelector("select")?.focus();
  }
  drawForm(shown);
  const rest = form?.showErrors(preview.errors) ?? preview.errors;
  errors.replaceChildren(...drawErrors(rest, preview.errors, send));
  request.replaceChildren(...drawMessages(preview, send));
  const drawnAnswer = drawAnswer(shown.answer, send);
  const heading = drawnAnswer.length > 0 ? [element("h2", {}, "answer")] : [];
  answer.replaceChildren(...heading, ...drawnAnswer);
  actions.show(profiles, shown.answer, trusted);
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
