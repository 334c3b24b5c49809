/** The control of each kind of field. A control reports each change, and draws its own parts again. */

import type { FormField } from "../types";
import { button, choiceBox, element, growingBox } from "./elements";
import {
  emptyObject,
  equal,
  fits,
  type Inputs,
  isGiven,
  isObject,
  parsedJson,
  parsedNumber,
  pointer,
  shownText,
  type Turn,
  withInput,
  withoutInput,
} from "./values";

/** Where a control is, and what it does with a new value. */
export interface Place {
  /** Of the first element, for its label; empty if it names itself. */
  readonly id: string;
  /** For screen readers, where no label is drawn. */
  readonly label: string;
  readonly pointer: string;
  readonly change: (value: unknown) => void;
  readonly wrong: (problem: string | null) => void;
}

type Control = (field: FormField, value: unknown, place: Place) => HTMLElement;

/** The largest file whose base64 fits into a request of the workbench. */
const MOST_BYTES = 700_000;
const ROLES = ["user", "assistant", "system"];

export function control(field: FormField, value: unknown, place: Place): HTMLElement {
  const draw = value === undefined || fits(field, value) ? CONTROLS[field.kind] : json;
  return draw(field, value, place);
}

/** Whether the label of a field can name its control: one element that takes a label. */
export function isSingle(field: FormField, value: unknown): boolean {
  const single = ["text", "number", "boolean", "choice", "json"].includes(field.kind);
  return single || (value !== undefined && !fits(field, value));
}

function text(_: FormField, value: unknown, place: Place): HTMLElement {
  return growingBox(shownText(value), named(place), place.change);
}

function number(_: FormField, value: unknown, place: Place): HTMLElement {
  const box = element("input", { type: "text", inputmode: "decimal", class: "number", ...named(place) });
  box.value = shownText(value);
  box.addEventListener("input", () => place.change(parsedNumber(box.value)));
  return box;
}

function boolean(_: FormField, value: unknown, place: Place): HTMLElement {
  const box = element("input", { type: "checkbox", role: "switch", class: "switch", ...named(place) });
  const shown = value === undefined ? "not chosen" : value === true ? "on" : "off";
  const word = element("span", { class: "muted", "aria-hidden": "true" }, shown);
  box.checked = value === true;
  box.indeterminate = value === undefined;
  box.addEventListener("change", () => {
    word.textContent = box.checked ? "on" : "off";
    place.change(box.checked);
  });
  return element("span", { class: "switch-line" }, box, word);
}

function choice(field: FormField, value: unknown, place: Place): HTMLElement {
  const chosen = field.choices.findIndex((each) => equal(each, value));
  return choiceBox(field.choices.map(shownText), chosen, named(place), (index) => {
    place.change(field.choices[index]);
  });
}

function json(_: FormField, value: unknown, place: Place): HTMLElement {
  const shown = value === undefined ? "" : JSON.stringify(value, null, 2);
  return growingBox(shown, { ...named(place), class: "code" }, (typed) => {
    const parsed = parsedJson(typed);
    place.wrong("problem" in parsed ? `not JSON: ${parsed.problem}` : null);
    if ("value" in parsed) {
      place.change(parsed.value);
    }
  });
}

function media(_: FormField, value: unknown, place: Place): HTMLElement {
  const address = element("input", { type: "text", placeholder: "or an address: https://…" });
  const size = element("p", { class: "muted" });
  const show = (shown: string): void => {
    const written = /^(https?:|data:)/.test(shown) && shown.length < 2000;
    address.value = written ? shown : "";
    const bytes = (shown.replace(/^data:[^,]*,/, "").length * 3) / 4;
    size.textContent = shown === "" || written ? "" : `a file of ${Math.ceil(bytes / 1000)} kB`;
  };
  const file = element("input", { type: "file", ...named(place) });
  file.setAttribute("aria-label", `${place.label}: file`);
  address.setAttribute("aria-label", `${place.label}: address`);
  address.addEventListener("input", () => {
    size.textContent = "";
    place.change(address.value);
  });
  file.addEventListener("change", () => {
    void chosenFile(file, place).then((read) => {
      if (read !== null) {
        show(read);
        place.change(read);
      }
    });
  });
  show(shownText(value));
  return element("div", { class: "media" }, file, address, size);
}

async function chosenFile(input: HTMLInputElement, place: Place): Promise<string | null> {
  const file = input.files?.[0];
  if (file === undefined) {
    return null;
  }
  if (file.size > MOST_BYTES) {
    place.wrong(`the file is larger than ${MOST_BYTES / 1000} kB`);
    return null;
  }
  place.wrong(null);
  const reader = new FileReader();
  return new Promise((read) => {
    reader.addEventListener("load", () => read(String(reader.result)));
    reader.addEventListener("error", () => {
      place.wrong(`${file.name} can't be read`);
      read(null);
    });
    reader.readAsDataURL(file); // with the kind of the file, which base64 alone does not have
  });
}

/** Rows that can be added and removed; `draw` makes the parts of one row. */
function rows<T>(
  values: readonly T[],
  place: Place,
  noun: string,
  added: () => T,
  draw: (value: T, index: number, changed: (value: T) => void) => readonly HTMLElement[],
): HTMLElement {
  const current = [...values];
  const holder = element("div", { class: "rows" });
  const redraw = (): void => {
    const drawn = current.map((value, index) => {
      const parts = draw(value, index, (changed) => {
        current[index] = changed;
        place.change([...current]);
      });
      const remove = button("✕", `Remove ${noun} ${index + 1} of ${place.label}`, () => {
        current.splice(index, 1);
        place.change([...current]);
        redraw();
        add.focus();
      });
      const holding = element("div", { class: "parts" }, ...parts);
      return element("div", { class: "row", role: "group", "aria-label": `${noun} ${index + 1}` }, holding, remove);
    });
    holder.replaceChildren(...drawn);
  };
  const add = button(`+ Add ${noun}`, `Add ${noun} to ${place.label}`, () => {
    current.push(added());
    place.change([...current]);
    redraw();
    holder.lastElementChild?.querySelector<HTMLElement>("textarea, input, select")?.focus();
  });
  redraw();
  return element("div", {}, holder, add);
}

function list(_: FormField, value: unknown, place: Place): HTMLElement {
  const items = Array.isArray(value) ? (value as string[]) : [];
  return rows(items, place, "item", () => "", (item, index, changed) => {
    const at = { "aria-label": `${place.label} ${index + 1}`, "data-pointer": place.pointer + pointer(index) };
    return [growingBox(item, at, changed)];
  });
}

function table(field: FormField, value: unknown, place: Place): HTMLElement {
  const items = Array.isArray(value) ? (value as Inputs[]) : [];
  const drawn = rows(items, place, "row", () => emptyObject(field.fields), (row, index, changed) =>
    cells(field.fields, row, { ...place, pointer: place.pointer + pointer(index) }, changed, `row ${index + 1}`),
  );
  drawn.classList.add("table");
  return drawn;
}

function object(field: FormField, value: unknown, place: Place): HTMLElement {
  const current = isObject(value) ? value : {};
  const drawn = cells(field.fields, current, place, place.change, place.label);
  return element("div", { class: "row object" }, element("div", { class: "parts" }, ...drawn));
}

/** A small field for each key. An optional one that is emptied is left out. */
function cells<T extends Inputs>(
  fields: readonly FormField[],
  value: T,
  place: Place,
  changed: (value: T) => void,
  owner: string,
): HTMLElement[] {
  let current: Inputs = value;
  return fields.map((field) => {
    const inside: Place = {
      id: "",
      label: `${field.name}, ${owner}`,
      pointer: place.pointer + pointer(field.name),
      change: (each) => {
        const left = !field.required && each === "";
        current = left ? withoutInput(current, field.name) : withInput(current, field.name, each);
        changed(current as T);
      },
      wrong: place.wrong,
    };
    const shown = isGiven(current, field.name) ? current[field.name] : undefined;
    const drawn = control(field, shown, inside);
    const note = field.required ? [] : [element("span", { class: "muted" }, " optional")];
    const name = element("span", { class: "cell-name", "aria-hidden": "true" }, field.name, ...note);
    return element("div", { class: "cell" }, name, drawn);
  });
}

function history(_: FormField, value: unknown, place: Place): HTMLElement {
  const turns = Array.isArray(value) ? (value as Turn[]) : [];
  const next = (): Turn => ({ role: "user", content: "" });
  return rows(turns, place, "message", next, (turn, index, changed) => {
    let current = turn;
    const set = (part: Partial<Turn>): void => {
      current = { ...current, ...part };
      changed(current);
    };
    const roles = ROLES.includes(turn.role) ? ROLES : [...ROLES, turn.role];
    const label = `message ${index + 1} of ${place.label}`;
    const at = place.pointer + pointer(index);
    const role = choiceBox(roles, roles.indexOf(turn.role), { "aria-label": `role of ${label}` }, (chosen) => {
      set({ role: roles[chosen] ?? "user" });
    });
    const box = growingBox(turn.content, { "aria-label": label, "data-pointer": at }, (content) => set({ content }));
    return [role, box];
  });
}

const CONTROLS: Readonly<Record<FormField["kind"], Control>> = {
  text,
  number,
  boolean,
  choice,
  list,
  table,
  object,
  history,
  media,
  json,
};

function named(place: Place): Readonly<Record<string, string>> {
  const name = place.id === "" ? { "aria-label": place.label } : { id: place.id };
  return { ...name, "data-pointer": place.pointer };
}

