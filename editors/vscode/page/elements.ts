/** Elements of the page. Text is only ever set as text, never as HTML. */

interface Attributes {
  readonly class?: string;
  readonly role?: string;
  readonly title?: string;
  readonly label?: string;
}

export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  if (attributes.class !== undefined) {
    made.className = attributes.class;
  }
  if (attributes.role !== undefined) {
    made.setAttribute("role", attributes.role);
  }
  if (attributes.title !== undefined) {
    made.title = attributes.title;
  }
  if (attributes.label !== undefined) {
    made.setAttribute("aria-label", attributes.label);
  }
  made.append(...children);
  return made;
}

export function button(text: string, press: () => void, attributes: Attributes = {}): HTMLButtonElement {
  const made = element("button", attributes, text);
  made.type = "button";
  made.addEventListener("click", press);
  return made;
}

/** A text that leads to its source by a click. */
export function link(made: HTMLElement, title: string, open: () => void): HTMLElement {
  made.title = title;
  made.classList.add("source");
  made.addEventListener("click", () => {
    if (document.getSelection()?.isCollapsed !== false) {
      open();
    }
  });
  return made;
}

/** The same, also for the keyboard. */
export function keyLink(made: HTMLElement, title: string, open: () => void): HTMLElement {
  made.tabIndex = 0;
  made.setAttribute("role", "link");
  made.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      open();
    }
  });
  return link(made, title, open);
}
