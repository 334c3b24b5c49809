/**
 * The form of a prompt's inputs, in plain DOM: the workbench and the preview in VS Code show it.
 *
 * It keeps the elements of fields that did not change, so that nobody loses the cursor when an
 * answer of the server arrives.
 */

import type { FormField } from "../types";
import { control, isSingle } from "./controls";
import { button, element } from "./elements";
import {
  equal,
  firstValue,
  type Inputs,
  isGiven,
  nearestPointer,
  pointer,
  summary,
  withInput,
  withoutInput,
} from "./values";

/** A wrong input: `input` is the JSON pointer to it, or to the object that lacks one; null: of no input. */
export interface InputProblem {
  readonly message: string;
  readonly input: string | null;
}

interface Row {
  readonly field: FormField;
  readonly value: unknown;
  readonly element: HTMLElement;
}

let forms = 0;

export class InputForm {
  readonly element = element("div", { class: "input-form" });
  private readonly required = element("div", { class: "fields" });
  private readonly optional = element("div", { class: "fields" });
  private readonly count = document.createTextNode("");
  private readonly defaults = element("span", { class: "muted" });
  private readonly summary = element("summary", {}, this.count, this.defaults);
  private readonly folded = element("details", { class: "optional" }, this.summary, this.optional);
  private readonly number = (forms += 1);
  private rows = new Map<string, Row>();
  private inputs: Inputs = {};
  private fields: readonly FormField[] = [];

  /** @param change Receives all inputs after each change by the person. */
  constructor(private readonly change: (inputs: Inputs) => void) {
    this.element.append(this.required, this.folded);
  }

  /** Shows fields with these inputs, and what is wrong with them. Returns the problems of no field. */
  show<P extends InputProblem>(fields: readonly FormField[], inputs: Inputs, problems: readonly P[]): P[] {
    this.inputs = inputs;
    this.fields = fields;
    const drawn = fields.map((field) => this.row(field));
    this.rows = new Map(drawn.map((row) => [row.field.name, row]));
    const [folded, open] = [drawn.filter(isFolded), drawn.filter((row) => !isFolded(row))];
    replaceIfDifferent(this.required, open);
    replaceIfDifferent(this.optional, folded);
    const hadNone = this.folded.hidden;
    this.folded.hidden = folded.length === 0;
    if (hadNone !== this.folded.hidden || !this.folded.dataset.shown) {
      this.folded.open = folded.some((row) => isGiven(inputs, row.field.name));
      this.folded.dataset.shown = "yes";
    }
    this.showSummary();
    return this.showProblems(problems);
  }

  private row(field: FormField): Row {
    const value = isGiven(this.inputs, field.name) ? this.inputs[field.name] : undefined;
    const before = this.rows.get(field.name);
    if (before !== undefined && equal(before.field, field) && equal(before.value, value)) {
      return before;
    }
    return { field, value, element: this.drawn(field, value) };
  }

  private drawn(field: FormField, value: unknown): HTMLElement {
    const given = value !== undefined || field.required;
    return given ? this.givenRow(field, value) : this.leftOutRow(field);
  }

  private givenRow(field: FormField, value: unknown): HTMLElement {
    const [id, at] = [this.id(field.name), pointer(field.name)];
    const problem = element("p", { class: "problem", id: `${id}-problem`, role: "status" });
    const about = field.description === null ? [] : [element("p", { class: "muted" }, field.description)];
    const drawn = control(field, value, {
      id,
      label: field.name,
      pointer: at,
      change: (now) => this.set(field, now),
      wrong: (text) => {
        problem.textContent = text ?? "";
      },
    });
    const need = field.required ? [element("span", { class: "need" }, "required")] : [this.leaveOut(field)];
    const single = isSingle(field, value);
    const name = single
      ? element("label", { for: id }, field.name)
      : element("span", { class: "field-name", id: `${id}-name` }, field.name);
    const head = element("div", { class: "field-head" }, name, ...need);
    const group: Record<string, string> = single ? {} : { role: "group", "aria-labelledby": `${id}-name` };
    return element("div", { class: "field", ...group }, head, ...about, drawn, problem);
  }

  private leftOutRow(field: FormField): HTMLElement {
    const hasDefault = field.default !== undefined;
    const words = hasDefault ? `default: ${summary(field.default)}` : "left out";
    const add = button(hasDefault ? "Change" : "Add", `${hasDefault ? "Change" : "Add"} ${field.name}`, () => {
      this.set(field, firstValue(field));
      this.redraw(field, "textarea, input, select, button.quiet");
    });
    const about = field.description === null ? [] : [element("p", { class: "muted" }, field.description)];
    const name = element("span", { class: "field-name" }, field.name);
    const head = element("div", { class: "field-head" }, name, element("span", { class: "muted" }, words), add);
    return element("div", { class: "field left-out" }, head, ...about);
  }

  private leaveOut(field: FormField): HTMLElement {
    const words = field.default === undefined ? "Leave out" : "Use the default";
    return button(words, `${words}: ${field.name}`, () => {
      this.rows.set(field.name, { field, value: undefined, element: this.rows.get(field.name)?.element ?? element("p") });
      this.inputs = withoutInput(this.inputs, field.name);
      this.redraw(field, "button");
      this.changed();
    });
  }

  /** An optional number whose box is empty is left out; an empty text is a text. */
  private set(field: FormField, typed: unknown): void {
    const value = field.kind === "number" && !field.required && typed === "" ? undefined : typed;
    const row = this.rows.get(field.name);
    if (row !== undefined) {
      this.rows.set(field.name, { ...row, value });
    }
    this.inputs = value === undefined ? withoutInput(this.inputs, field.name) : withInput(this.inputs, field.name, value);
    this.changed();
  }

  private redraw(field: FormField, focused: string): void {
    const value = isGiven(this.inputs, field.name) ? this.inputs[field.name] : undefined;
    const drawn = this.drawn(field, value);
    this.rows.get(field.name)?.element.replaceWith(drawn);
    this.rows.set(field.name, { field, value, element: drawn });
    const control = drawn.querySelector<HTMLElement>(`:is(${focused}):not(.field-head *)`);
    (control ?? drawn.querySelector<HTMLElement>("button"))?.focus();
  }

  private changed(): void {
    this.showSummary();
    this.change(this.inputs);
  }

  /** Nodes that say the same stay: a click is lost if its element is replaced before the button is released. */
  private showSummary(): void {
    const folded = this.fields.filter((field) => !field.required && field.default !== undefined);
    const words = folded.map(({ name, default: value }) =>
      isGiven(this.inputs, name) ? `${name}: ${summary(this.inputs[name])}` : `${name}: ${summary(value)}`,
    );
    setText(this.count, `${folded.length} ${folded.length === 1 ? "input" : "inputs"} with a default · `);
    setText(this.defaults, words.join(" · "));
  }

  private showProblems<P extends InputProblem>(problems: readonly P[]): P[] {
    const placed = new Set<P>();
    const boxes = [...this.element.querySelectorAll<HTMLElement>("[data-pointer]")];
    boxes.forEach((box) => {
      box.removeAttribute("aria-invalid");
      box.removeAttribute("aria-describedby");
    });
    for (const [name, row] of this.rows) {
      const found = problems.filter((each) => this.concerns(each, name));
      const shown = row.element.querySelector<HTMLElement>(":scope > .problem");
      if (shown === null) {
        continue;
      }
      if (found.length > 0 || !shown.textContent.startsWith("not JSON")) {
        shown.replaceChildren(...words(found.map(({ message }) => message).join("; ")));
      }
      for (const each of found) {
        placed.add(each);
        this.folded.open ||= isFolded(row);
        const { input } = each;
        const inside = boxes.filter((box) => row.element.contains(box));
        const at = nearestPointer(input === "" ? pointer(name) : (input ?? ""), inside.map(pointerOf));
        const box = inside.find((each) => pointerOf(each) === at) ?? inside[0];
        box?.setAttribute("aria-invalid", "true");
        box?.setAttribute("aria-describedby", shown.id);
      }
    }
    return problems.filter((each) => !placed.has(each));
  }

  /** Whether a problem is shown at an input; that of a missing one names it. */
  private concerns({ input, message }: InputProblem, name: string): boolean {
    if (input === "") {
      return message.includes(`\`${name}\``) || message.includes(`'${name}'`);
    }
    return input === pointer(name) || (input ?? "").startsWith(`${pointer(name)}/`);
  }

  private id(name: string): string {
    return `input-${this.number}-${name.replace(/[^\w-]/g, "_")}`;
  }
}

/** What a message has between backticks is code. */
function words(message: string): (Node | string)[] {
  return message.split("`").map((part, index) => (index % 2 === 1 ? element("code", {}, part) : part));
}

function isFolded({ field }: Row): boolean {
  return !field.required && field.default !== undefined;
}

function pointerOf(box: HTMLElement): string {
  return box.dataset.pointer ?? "";
}

function setText(node: Node, text: string): void {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

function replaceIfDifferent(holder: HTMLElement, rows: readonly Row[]): void {
  const [old, now] = [[...holder.children], rows.map((row) => row.element)];
  if (old.length !== now.length || old.some((each, index) => each !== now[index])) {
    keepingFocus(() => holder.replaceChildren(...now));
  }
}

/** Moving an element takes the cursor away from it. */
function keepingFocus(move: () => void): void {
  const focused = document.activeElement;
  const range = focused instanceof HTMLTextAreaElement ? [focused.selectionStart, focused.selectionEnd] : null;
  move();
  if (focused instanceof HTMLElement && focused !== document.activeElement && document.contains(focused)) {
    focused.focus();
    if (range !== null && focused instanceof HTMLTextAreaElement) {
      focused.setSelectionRange(range[0] ?? 0, range[1] ?? 0);
    }
  }
}
