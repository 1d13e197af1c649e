// What the page is made of: elements with attributes and children. Data only ever become text, never markup.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

export const make = (tag, attributes = {}, ...children) => filled(document.createElement(tag), attributes, children);

export const draw = (tag, attributes = {}, ...children) =>
  filled(document.createElementNS(SVG, tag), attributes, children);

// Writing the same text again would cost a layout, and a screen reader might read it again.
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function button({ text, key = null, description = null, kind = null }, pressed) {
  const node = make("button", { type: "button", class: kind, title: description });
  node.append(make("span", {}, text));
  if (key) node.append(keycap(key));
  return onPress(node, pressed);
}

// After a click of mouse or finger the space bar is free again; whoever works without them keeps the focus.
export function onPress(node, pressed) {
  node.addEventListener("click", (event) => {
    if (event.pointerType) node.blur();
    if (node.getAttribute("aria-disabled") !== "true") pressed();
  });
  return node;
}

// Drawn for the eyes: a screen reader says the name of the button alone, and its key from aria-keyshortcuts.
export const keycap = (text) => make("kbd", { "aria-hidden": "true" }, text);

export const percent = (share) => `${Math.round(100 * share)} %`;

export const counted = (n, one, many = `${one}s`) => `${grouped(n)} ${n === 1 ? one : many}`;

// 12 345, with a narrow space that does not break.
export const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f");
