// What the figures are made of: labelled sliders, choices and buttons, pictures, and a sentence that is read aloud.
"use strict";

const elements = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const DRAWN = ["svg", "g", "path", "line", "circle", "rect", "polygon", "polyline", "text", "title"];

  function set(node, attributes) {
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null) node.removeAttribute(name);
      else node.setAttribute(name, value);
    }
    return node;
  }

  function make(tag, attributes = {}, ...children) {
    const node = DRAWN.includes(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
    node.append(...children);
    return set(node, attributes);
  }

  // −1.50, with the sign of mathematics, and no −0.00.
  function number(value, digits = 2) {
    const text = Math.abs(value).toFixed(digits);
    return (value < 0 && Number(text) !== 0 ? "−" : "") + text;
  }

  // A negative number within a sum stands in brackets.
  const bracketed = (value, digits) => (value < 0 ? `(${number(value, digits)})` : number(value, digits));

  function slider(name, { min, max, step, value, show = (v) => number(v, 1) }, changed) {
    const input = make("input", { type: "range", min, max, step, value });
    const shown = make("span", { class: "number" });
    const update = () => {
      shown.textContent = show(Number(input.value));
      input.setAttribute("aria-valuetext", shown.textContent);
    };
    input.addEventListener("input", () => { update(); changed(); });
    update();
    return {
      row: make("label", { class: "slider" }, make("span", {}, name), input, shown),
      get value() { return Number(input.value); },
      set value(v) { input.value = v; update(); },
    };
  }

  function choice(name, options, changed) {
    const select = make("select", {}, ...options.map((text) => make("option", {}, text)));
    select.addEventListener("change", changed);
    return { row: make("label", { class: "choice" }, `${name} `, select), get value() { return select.value; } };
  }

  function button(text, pressed) {
    const node = make("button", { type: "button" }, text);
    node.addEventListener("click", pressed);
    return node;
  }

  // A sentence for all, and for screen readers as soon as the figure has been left alone for a moment.
  function speaker() {
    const node = make("p", { role: "status", class: "said" });
    let timer;
    return {
      node,
      say(text) {
        clearTimeout(timer);
        timer = setTimeout(() => (node.textContent = text), 250);
      },
    };
  }

  return { make, set, number, bracketed, slider, choice, button, speaker };
})();

if (typeof module !== "undefined") module.exports = elements;
