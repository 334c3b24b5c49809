/** The form of the inputs of a prompt. An input that is left out differs from an empty one. */

import { button, element } from "./elements";
import type { FormField, Inputs } from "../src/protocol";

/** What an editor of one value shows and returns; `undefined` is a value that is left out. */
interface Control {
  readonly element: HTMLElement;
  readonly value: () => unknown;
  readonly set: (value: unknown) => void;
}

type Changed = () => void;

/** The fields of a form; the page is notified of each change. */
export class Form {
  readonly element: HTMLElement;
  private readonly fields = new Map<string, Field>();

  constructor(form: readonly FormField[], inputs: Inputs, changed: Changed) {
    const shown = form.map((field) => {
      const made = new Field(field, inputs[field.name], changed);
      this.fields.set(field.name, made);
      return made;
    });
    const folded = shown.filter(({ field }) => "default" in field);
    const others = shown.filter(({ field }) => !("default" in field));
    this.element = element("form", { label: "Inputs" }, ...others.map((each) => each.element));
    this.element.addEventListener("submit", (event) => event.preventDefault());
    if (folded.length > 0) {
      this.element.append(foldedFields(folded, inputs));
    }
  }

  /** The inputs without those that are left out; a value that is not valid JSON is the last valid one. */
  inputs(): Inputs {
    const given = [...this.fields].map(([name, field]) => [name, field.value()] as const);
    return Object.fromEntries(given.filter(([, value]) => value !== undefined));
  }

  /** Show each error at its input; returns those of no input of the form. */
  showErrors<Error extends { readonly message: string; readonly input: string | null }>(
    errors: readonly Error[],
  ): readonly Error[] {
    const rest: Error[] = [];
    const own = new Map<string, string[]>();
    for (const error of errors) {
      const name = inputOf(error.input) ?? missing(error.message);
      if (name !== undefined && this.fields.has(name)) {
        own.set(name, [...(own.get(name) ?? []), error.message]);
      } else {
        rest.push(error);
      }
    }
    this.fields.forEach((field, name) => field.showErrors(own.get(name) ?? []));
    return rest;
  }
}

/** The name of an input in a JSON pointer such as `/orders/0/id`. */
function inputOf(pointer: string | null): string | undefined {
  const name = pointer?.split("/")[1];
  return name?.replaceAll("~1", "/").replaceAll("~0", "~");
}

/** The name in the error about a missing input, whose pointer is that of the whole object. */
function missing(message: string): string | undefined {
  return /^`(.+)` is (?:missing|required)/.exec(message)?.[1];
}

function foldedFields(fields: readonly Field[], inputs: Inputs): HTMLElement {
  const words = fields.map(({ field }) => `${field.name}: ${short(field.default)}`);
  const summary = element("summary", {}, `Defaults: ${words.join(", ")}`);
  const details = element("details", {}, summary, ...fields.map((each) => each.element));
  details.open = fields.some(({ field }) => field.name in inputs);
  return details;
}

function short(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 30 ? `${text.slice(0, 30)}…` : text;
}

/** One input with its name, its description, its errors, and a button that leaves it out. */
class Field {
  readonly element: HTMLElement;
  private readonly control: Control;
  private readonly errors = element("p", { class: "error", role: "alert" });
  private readonly state = element("span", { class: "state" });
  private readonly leaveOut: HTMLButtonElement;

  constructor(
    readonly field: FormField,
    value: unknown,
    changed: Changed,
  ) {
    const update = (): void => {
      this.showState();
      changed();
    };
    this.control = controlOf(field, update);
    this.control.set(value);
    const leaveOut = (): void => {
      this.control.set(undefined);
      update();
    };
    this.leaveOut = button("Leave out", leaveOut, { class: "quiet", label: `Leave out ${field.name}` });
    const name = element("span", { class: "name" }, field.name);
    const head = element("div", { class: "head" }, name, this.state, this.leaveOut);
    const about = field.description ? [element("p", { class: "about" }, field.description)] : [];
    this.element = element("div", { class: "field" }, head, ...about, this.control.element, this.errors);
    this.showState();
    this.showErrors([]);
  }

  value(): unknown {
    return this.control.value();
  }

  showErrors(errors: readonly string[]): void {
    this.errors.textContent = errors.join("\n");
    this.errors.hidden = errors.length === 0;
  }

  private showState(): void {
    const value = this.control.value();
    const rest = "default" in this.field ? `default ${short(this.field.default)}` : "left out";
    const isEmpty = value === "" || (Array.isArray(value) && value.length === 0);
    this.state.textContent = value !== undefined ? (isEmpty ? "empty" : "") : this.field.required ? "required" : rest;
    this.leaveOut.hidden = this.field.required || value === undefined;
  }
}

function controlOf(field: FormField, changed: Changed): Control {
  switch (field.kind) {
    case "text":
      return textControl(field.name, changed);
    case "number":
      return numberControl(field.name, changed);
    case "boolean":
      return switchControl(field.name, changed);
    case "choice":
      return choiceControl(field, changed);
    case "list":
      return rowsControl(field.name, changed, () => textControl(field.name, changed), "");
    case "table":
      return tableControl(field, changed);
    case "object":
      return objectControl(field.fields, changed);
    case "history":
      return historyControl(field.name, changed);
    case "media":
      return mediaControl(field.name, changed);
    case "json":
      return jsonControl(field.name, changed);
  }
}

/** A box that grows with its text. A value that is not text stays as it is until it is edited. */
function textControl(label: string, changed: Changed): Control {
  const box = element("textarea", { label });
  box.rows = 1;
  let value: unknown;
  const grow = (): void => {
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight + 2}px`;
  };
  new ResizeObserver(grow).observe(box);
  box.addEventListener("input", () => {
    value = box.value;
    grow();
    changed();
  });
  const set = (given: unknown): void => {
    value = given;
    box.value = given === undefined ? "" : typeof given === "string" ? given : JSON.stringify(given);
    grow();
  };
  return { element: box, value: () => value, set };
}

function numberControl(label: string, changed: Changed): Control {
  const box = element("input", { label });
  box.type = "number";
  box.step = "any";
  box.addEventListener("input", changed);
  const set = (given: unknown): void => {
    box.value = given === undefined || given === null ? "" : String(given);
  };
  return { element: box, value: () => (box.value === "" ? undefined : Number(box.value)), set };
}

function switchControl(label: string, changed: Changed): Control {
  const box = element("input", { label, role: "switch" });
  box.type = "checkbox";
  let value: unknown;
  box.addEventListener("change", () => {
    value = box.checked;
    changed();
  });
  const set = (given: unknown): void => {
    value = given;
    box.checked = given === true;
    box.indeterminate = given === undefined;
  };
  return { element: box, value: () => value, set };
}

function choiceControl({ name, choices, required }: FormField, changed: Changed): Control {
  const words = choices.map((choice) => (typeof choice === "string" ? choice : JSON.stringify(choice)));
  const none = element("option", {}, required ? "choose" : "left out");
  none.value = "";
  const options = words.map((word, index) => {
    const option = element("option", {}, word);
    option.value = String(index);
    return option;
  });
  const box = element("select", { label: name }, none, ...options);
  box.addEventListener("change", changed);
  const set = (given: unknown): void => {
    const index = choices.findIndex((choice) => JSON.stringify(choice) === JSON.stringify(given));
    box.value = index === -1 ? "" : String(index);
  };
  return { element: box, value: () => (box.value === "" ? undefined : choices[Number(box.value)]), set };
}

/** Values below each other, each with a button that removes it. */
function rowsControl(label: string, changed: Changed, make: () => Control, first: unknown): Control {
  let rows: Control[] | undefined;
  const list = element("ol", {});
  const draw = (): void => {
    list.replaceChildren(
      ...(rows ?? []).map((row, index) => {
        const remove = (): void => {
          rows?.splice(index, 1);
          draw();
          changed();
        };
        const attributes = { class: "quiet", label: `Remove ${label} ${index + 1}` };
        return element("li", {}, row.element, button("×", remove, attributes));
      }),
    );
  };
  const row = (value: unknown): Control => {
    const made = make();
    made.set(value);
    return made;
  };
  const add = (): void => {
    rows = [...(rows ?? []), row(first)];
    draw();
    changed();
  };
  const set = (given: unknown): void => {
    rows = Array.isArray(given) ? given.map(row) : undefined;
    draw();
  };
  const shown = element("div", {}, list, button("Add", add, { class: "quiet", label: `Add ${label}` }));
  return { element: shown, value: () => rows?.map((each) => each.value()), set };
}

/** An object with these keys; other keys of a given value stay as they are. */
function objectControl(fields: readonly FormField[], changed: Changed): Control {
  const own = fields.map((field) => ({ field, control: controlOf(field, changed) }));
  const cells = own.map(({ field, control }) =>
    element("label", { class: "cell" }, element("span", { class: "name" }, field.name), control.element),
  );
  let others: Record<string, unknown> | undefined;
  const value = (): unknown => {
    const given = own.map(({ field, control }) => [field.name, control.value()] as const);
    const known = given.filter(([, each]) => each !== undefined);
    return others === undefined && known.length === 0 ? undefined : { ...others, ...Object.fromEntries(known) };
  };
  const set = (given: unknown): void => {
    others = isObject(given) ? { ...given } : undefined;
    for (const { field, control } of own) {
      control.set(others?.[field.name]);
      delete others?.[field.name];
    }
  };
  return { element: element("div", { class: "object" }, ...cells), value, set };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function tableControl({ name, fields }: FormField, changed: Changed): Control {
  return rowsControl(name, changed, () => objectControl(fields, changed), {});
}

const ROLES = ["user", "assistant", "system"];

/** Messages of a conversation: role and text. */
function historyControl(name: string, changed: Changed): Control {
  const common = { required: true, description: null, fields: [] };
  const role: FormField = { ...common, name: "role", kind: "choice", choices: ROLES };
  const content: FormField = { ...common, name: "content", kind: "text", choices: [] };
  const first = { role: "user", content: "" };
  return rowsControl(name, changed, () => objectControl([role, content], changed), first);
}

/** An address or base64 in a box, or a file. */
function mediaControl(label: string, changed: Changed): Control {
  const text = textControl(label, changed);
  const file = element("input", { label: `File for ${label}` });
  file.type = "file";
  file.addEventListener("change", () => {
    const reader = new FileReader();
    reader.addEventListener("load", () => {
      text.set(reader.result ?? undefined);
      changed();
    });
    const chosen = file.files?.[0];
    if (chosen !== undefined) {
      reader.readAsDataURL(chosen);
    }
  });
  return { ...text, element: element("div", { class: "media" }, file, text.element) };
}

/** Any value as JSON; while it is not valid, the value is the last valid one. */
function jsonControl(label: string, changed: Changed): Control {
  const problem = element("p", { class: "error", role: "alert" });
  let value: unknown;
  const read = (): void => {
    const written = text.value();
    try {
      value = written === "" || written === undefined ? undefined : JSON.parse(String(written));
      problem.textContent = "";
    } catch (error) {
      problem.textContent = `not valid JSON: ${error instanceof Error ? error.message : String(error)}`;
    }
    problem.hidden = problem.textContent === "";
    changed();
  };
  const text = textControl(label, read);
  text.element.classList.add("code");
  const set = (given: unknown): void => {
    value = given;
    text.set(given === undefined ? undefined : JSON.stringify(given, null, 2));
    problem.hidden = true;
  };
  return { element: element("div", {}, text.element, problem), value: () => value, set };
}
