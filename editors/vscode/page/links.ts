/** Parts of the page beside the form, whose `element` makes them. */

import { element } from "../../../ui/src/form/elements";

export function actionButton(text: string, press: () => void): HTMLButtonElement {
  const made = element("button", { type: "button" }, text);
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
