/** The page of the preview. Text from the server is only ever set as text, never as HTML. */

import { drawPreview } from "./preview";
import type { PageMessage, Shown } from "../src/protocol";

declare function acquireVsCodeApi(): { postMessage(message: PageMessage): void };

const code = acquireVsCodeApi();
const send = (message: PageMessage): void => code.postMessage(message);

window.addEventListener("message", (event: MessageEvent<Shown>) => {
  const scroll = document.documentElement.scrollTop;
  document.body.replaceChildren(...drawPreview(event.data, send));
  document.documentElement.scrollTop = scroll;
});
send({ type: "ready" });
