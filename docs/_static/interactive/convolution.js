// A convolution by hand: a window moves over an image, and its nine products are added up at every place.
"use strict";

const convolution = (() => {
  const KERNELS = {
    "vertical edges": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "horizontal edges": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    blur: [[0, 0.2, 0], [0.2, 0.2, 0.2], [0, 0.2, 0]],
    sharpen: [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
  };

  // ⌊(n + 2 P − s) / t⌋ + 1 places along a side of n pixels, for padding P, a window of s and stride t.
  const places = (n, s, stride, padding) => Math.floor((n + 2 * padding - s) / stride) + 1;

  // Zeros around the image.
  function pad(image, padding) {
    const width = image[0].length + 2 * padding;
    const zeros = () => Array.from({ length: padding }, () => Array(width).fill(0));
    const side = Array(padding).fill(0);
    return [...zeros(), ...image.map((row) => [...side, ...row, ...side]), ...zeros()];
  }

  // The terms of y_ij = Σ_ab x_{ti+a, tj+b} W_ab, row by row of the window, as pairs [x, W].
  function terms(padded, kernel, i, j, stride) {
    return kernel.flatMap((line, a) => line.map((w, b) => [padded[stride * i + a][stride * j + b], w]));
  }

  const total = (pairs) => pairs.reduce((y, [x, w]) => y + x * w, 0);

  function convolve(image, kernel, stride, padding) {
    const padded = pad(image, padding);
    const rows = places(image.length, kernel.length, stride, padding);
    const columns = places(image[0].length, kernel[0].length, stride, padding);
    return Array.from({ length: rows }, (_, i) =>
      Array.from({ length: columns }, (_, j) => total(terms(padded, kernel, i, j, stride))));
  }

  return { KERNELS, places, pad, terms, total, convolve };
})();

if (typeof module !== "undefined") module.exports = convolution;

function showConvolution(root) {
  const { make, set, number, choice, button, speaker } = elements;
  const { KERNELS, places, pad, terms, total } = convolution;
  // The digit 1.
  const ONE = ["0000000", "0099000", "0009000", "0009000", "0009000", "0099900", "0000000"]
  const PACE = 500; // milliseconds a step
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  // As many decimals as it has, two at most.
  const short = (value) => number(value, [0, 1].find((d) => Math.abs(value - Number(value.toFixed(d))) < 1e-9) ?? 2);

  const image = ONE.map((row) => [...row].map(Number));
  let kernel = KERNELS["vertical edges"].map((line) => [...line]);
  let [here, timer] = [0, null]; // the place that the window is at; the clock, while it runs
  let output; // numbers so far, or null

  const preset = choice("kernel", [...Object.keys(KERNELS), "my own"], () => {
    if (KERNELS[preset.value]) kernel = KERNELS[preset.value].map((line) => [...line]);
    kernelInputs.forEach((input, k) => (input.value = kernel[Math.floor(k / 3)][k % 3]));
    restart();
  });
  const stride = choice("stride", ["1", "2", "3"], restart);
  const padding = choice("padding", ["0", "1", "2"], restart);
  const kernelInputs = Array.from({ length: 9 }, (_, k) => {
    const [a, b] = [Math.floor(k / 3), k % 3];
    const label = `weight in row ${a + 1}, column ${b + 1}`;
    const input = make("input", { type: "number", step: "any", value: kernel[a][b], "aria-label": label });
    input.addEventListener("input", () => {
      kernel[a][b] = Number(input.value) || 0;
      preset.row.querySelector("select").value = "my own";
      restart();
    });
    return input;
  });
  const auto = button("", () => (timer ? stop() : run()));
  const formula = make("div", { class: "formula" });
  const { node: said, say } = speaker();
  const help = "image: arrow keys move, digits write, space paints";
  const input = make("div", { class: "pixels", role: "grid", "aria-label": help });
  const result = make("table", { class: "pixels", "aria-label": "output" });
  const [captions, pixels] = [[make("figcaption"), make("figcaption")], new Map()];

  root.replaceChildren(
    make("div", { class: "choices" }, preset.row, stride.row, padding.row),
    make("div", { class: "kernel", role: "group", "aria-label": "kernel" }, ...kernelInputs),
    make("div", { class: "buttons" },
      button("Step", () => { stop(); step(); }), button("Back", () => { stop(); back(); }), auto,
      button("Start again", restart),
      button("Clear the image", () => { image.forEach((row) => row.fill(0)); restart(); })),
    formula, said,
    make("div", { class: "pictures" }, make("figure", {}, input, captions[0]), make("figure", {}, result, captions[1])),
  );

  // Of the image, one pixel at a time is in the order of the Tab key; arrows move that place.
  function key(event) {
    const [r, c] = event.target.dataset.place.split(",").map(Number);
    const way = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (way) {
      const next = pixels.get(`${r + way[0]},${c + way[1]}`);
      if (next) { pixels.forEach((cell) => set(cell, { tabindex: -1 })); set(next, { tabindex: 0 }).focus(); }
    } else if (/^[0-9]$/.test(event.key)) paint(r, c, Number(event.key));
    else if (event.key === " " || event.key === "Enter") paint(r, c, image[r][c] ? 0 : 9);
    else return;
    event.preventDefault();
  }

  function paint(r, c, value) {
    image[r][c] = value;
    const at = here;
    restart(); // what was added up is no longer true: up to this place, anew
    while (here < at) step();
    pixels.get(`${r},${c}`).focus();
  }

  function restart() {
    stop();
    const P = Number(padding.value);
    const focused = document.activeElement?.dataset.place ?? "0,0";
    const side = image.length + 2 * P;
    pixels.clear();
    input.style.setProperty("--columns", side);
    input.replaceChildren(...pad(image, P).map((row, i) => make("div", { role: "row" }, ...row.map((value, j) => {
      const [r, c] = [i - P, j - P];
      if (r < 0 || c < 0 || r >= image.length || c >= image.length) {
        return make("span", { role: "gridcell", class: "zero", "aria-label": "padding, 0" }, "0");
      }
      const cell = make("span", { role: "gridcell", tabindex: `${r},${c}` === focused ? 0 : -1, "data-place": `${r},${c}`,
        "aria-label": `row ${r + 1}, column ${c + 1}: ${value}`, style: `--ink: ${value / 9}` }, String(value));
      cell.addEventListener("keydown", key);
      cell.addEventListener("click", () => paint(r, c, image[r][c] ? 0 : 9));
      pixels.set(`${r},${c}`, cell);
      return cell;
    }))));
    const n = places(image.length, 3, Number(stride.value), P);
    output = Array(n * n).fill(null);
    captions[0].textContent = `Image, 7 × 7${P ? `, with ${P} of padding on each side` : ""}`;
    captions[1].textContent = `Output: ⌊(7 + 2 · ${P} − 3) / ${stride.value}⌋ + 1 = ${n}, so ${n} × ${n}`;
    here = 0;
    visit();
  }

  // Put the window at the place `here`: write its products out, and their sum into the output.
  function visit() {
    const [n, t] = [Math.sqrt(output.length), Number(stride.value)];
    const [i, j] = [Math.floor(here / n), here % n];
    const pairs = terms(pad(image, Number(padding.value)), kernel, i, j, t);
    const y = total(pairs);
    output[here] = y;
    [...input.children].forEach((row, r) => [...row.children].forEach((cell, c) => {
      const [a, b] = [r - t * i, c - t * j];
      cell.classList.toggle("window", a >= 0 && a < 3 && b >= 0 && b < 3);
    }));
    const product = ([x, w]) => `${short(x)} · ${w < 0 ? `(${short(w)})` : short(w)}`;
    const written = (k) => pairs.slice(3 * k, 3 * k + 3).map(product).join(" + ");
    formula.replaceChildren(...[
      `y(${i + 1}, ${j + 1}) = ${written(0)}`, `+ ${written(1)}`, `+ ${written(2)}`, `= ${short(y)}`,
    ].map((text) => make("p", {}, text)));
    const largest = Math.max(...output.map((value) => Math.abs(value ?? 0)), 1e-9);
    result.style.setProperty("--columns", n);
    result.replaceChildren(...Array.from({ length: n }, (_, r) => make("tr", {}, ...Array.from({ length: n }, (_, c) => {
      const value = output[r * n + c];
      const name = `${value < 0 ? "minus" : "plus"}${r * n + c === here ? " window" : ""}`;
      const cell = make("td", { class: name, style: `--ink: ${Math.abs(value ?? 0) / largest}` });
      cell.textContent = value === null ? "" : short(value);
      return cell;
    }))));
    auto.textContent = timer ? "Stop" : still.matches ? "Fill" : "Auto";
    if (!timer) say(`Place ${here + 1} of ${output.length}, row ${i + 1}, column ${j + 1}: the sum is ${short(y)}.`);
  }

  function step() {
    if (here < output.length - 1) here += 1;
    visit();
    if (here === output.length - 1) stop();
  }

  function back() {
    output[here] = here ? null : output[0];
    here = Math.max(here - 1, 0);
    visit();
  }

  function run() {
    if (here === output.length - 1) restart();
    if (still.matches) while (here < output.length - 1) step(); // nothing moves by itself
    else { timer = setInterval(step, PACE); visit(); }
  }

  function stop() {
    if (!timer) return;
    clearInterval(timer);
    timer = null;
    visit();
  }
  restart();
}

if (typeof document !== "undefined") showConvolution(document.getElementById("convolution"));
