// Who hears a pressed key: a dialog, a field, a button that has the focus, the zoomed picture; or else the question.

import { byId } from "./elements.js";
import { meaning } from "./keys.js";

const PANS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// enabled(): whether single keys answer; chosen(label), commanded(command): what is done
export function listen({ layout, dock, stage, enabled, chosen, commanded }) {
  const showLayout = () => {
    dock.showClasses(dock.classes, { again: true });
    for (const node of document.querySelectorAll("[data-letter]")) node.textContent = layout.letter(node.dataset.letter);
  };
  if (navigator.keyboard) layout.ask(navigator.keyboard).then((changed) => changed && showLayout());

  document.addEventListener("keydown", (event) => {
    if (layout.learn(event)) showLayout();
    if (event.isComposing || others(event)) return;
    const meant = meaning(event, dock.classes);
    const held = event.ctrlKey || event.metaKey;
    if (stage.zoom && event.key in PANS && !held) {
      stage.pan(...PANS[event.key]);
    } else if (!meant || !(held || enabled() || meant.command === "help")) {
      return;
    } else if (event.repeat) {
      // A key that is held down is one answer.
    } else if (meant.label !== undefined) {
      chosen(meant.label);
    } else {
      commanded(meant.command);
    }
    event.preventDefault();
  });
}

function others({ target, code, ctrlKey, metaKey }) {
  if (document.querySelector("dialog[open]")) {
    if (code === "KeyW" && !ctrlKey && !metaKey && byId("why-dialog").open) byId("why-dialog").close();
    return true;
  }
  if (target.closest?.("dialog")) return false; // a closed one keeps the focus until the next frame is drawn
  if (target.closest?.("input, textarea, select, [contenteditable]")) return true;
  return ["Enter", "Space", "NumpadEnter"].includes(code) && Boolean(target.closest?.("button, summary, a"));
}
