/** Elements in plain DOM. Texts are only ever set as text. */

type Attributes = Readonly<Record<string, string>>;

export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

export function button(text: string, label: string, pressed: () => void): HTMLButtonElement {
  const made = element("button", { type: "button", class: "quiet", "aria-label": label, title: label }, text);
  made.addEventListener("click", pressed);
  return made;
}

/** A text box that is as high as its text. */
export function growingBox(text: string, attributes: Attributes, changed: (text: string) => void): HTMLTextAreaElement {
  const box = element("textarea", { rows: "1", spellcheck: "false", ...attributes });
  const grow = (): void => {
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight + 2}px`;
  };
  box.value = text;
  box.addEventListener("input", () => {
    grow();
    changed(box.value);
  });
  // Its width is known once it is on the page, and changes with the window.
  let width = 0;
  new ResizeObserver(([entry]) => {
    const now = entry?.contentRect.width ?? 0;
    if (now !== width) {
      width = now;
      requestAnimationFrame(grow);
    }
  }).observe(box);
  return box;
}

/** A list to choose from; the value is the index of the choice. */
export function choiceBox(
  shown: readonly string[],
  chosen: number,
  attributes: Attributes,
  changed: (index: number) => void,
): HTMLSelectElement {
  const none = chosen < 0 ? [element("option", { value: "-1" }, "choose…")] : [];
  const options = shown.map((text, index) => element("option", { value: String(index) }, text));
  const box = element("select", attributes, ...none, ...options);
  box.value = String(chosen);
  box.addEventListener("change", () => changed(Number(box.value)));
  return box;
}
