// One neuron with two inputs: h = f(w₁ x₁ + w₂ x₂ + b), its slope, and the line where z = 0.
"use strict";

const neuron = (() => {
  const sigmoid = (z) => (1 + Math.tanh(z / 2)) / 2; // never overflows
  // f, its slope, and how much of a yes (1) or a no (−1) an output is, for the colours.
  const ACTIVATIONS = {
    sigmoid: { sign: "σ", f: sigmoid, slope: (z) => sigmoid(z) * (1 - sigmoid(z)), lean: (h) => 2 * h - 1 },
    tanh: { sign: "tanh", f: Math.tanh, slope: (z) => 1 - Math.tanh(z) ** 2, lean: (h) => h },
    ReLU: { sign: "ReLU", f: (z) => Math.max(z, 0), slope: (z) => (z > 0 ? 1 : 0), lean: (h) => Math.min(h / 4, 1) },
  };

  // All that the figure shows: z = w · x + b, h = f(z), dh/dz, dh/dw_i = f′(z) x_i, and |z| / ‖w‖.
  function forward(w, b, x, activation) {
    const { f, slope } = ACTIVATIONS[activation];
    const z = w[0] * x[0] + w[1] * x[1] + b;
    const length = Math.hypot(...w);
    const dz = slope(z);
    return { z, h: f(z), dz, dw: x.map((value) => dz * value), distance: length ? Math.abs(z) / length : null };
  }

  // Two points far out on the line w · x + b = 0, or null where w = 0 and there is no line.
  function border(w, b, far = 50) {
    const square = w[0] ** 2 + w[1] ** 2;
    if (!square) return null;
    const length = Math.sqrt(square);
    const [near, along] = [w.map((value) => (-b * value) / square), [-w[1] / length, w[0] / length]];
    return [-far, far].map((s) => near.map((value, i) => value + s * along[i]));
  }

  return { ACTIVATIONS, forward, border };
})();

if (typeof module !== "undefined") module.exports = neuron;

function showNeuron(root) {
  const { make, set, number, bracketed, slider, choice, speaker } = elements;
  const REACH = 4; // of the plane, either way
  const CELLS = 20;
  const signed = { min: -3, max: 3, step: 0.1 };
  const [w1, w2, b, x1, x2] = [["weight w₁", 2], ["weight w₂", -3], ["bias b", -3], ["input x₁", -1], ["input x₂", -2]]
    .map(([name, value]) => slider(name, { ...signed, value }, draw));
  const activation = choice("activation", Object.keys(neuron.ACTIVATIONS), draw);
  const formula = make("div", { class: "formula" });
  const { node: said, say } = speaker();

  // The curve: its own scale, so that z is always on it.
  const curve = make("path", { class: "line" });
  const tangent = make("line", { class: "tangent" });
  const place = make("circle", { r: 6, class: "here" });
  const dropped = make("line", { class: "guide" });
  const marks = make("g");
  const across = make("line", { class: "axis", x1: 10, x2: 310 });
  const upright = make("line", { class: "axis", x1: 160, x2: 160, y1: 10, y2: 230 });
  const graph = make("svg", { viewBox: "0 0 320 240", role: "img" },
    across, upright, marks, dropped, curve, tangent, place);

  // The plane: each cell coloured by the output there.
  const at = (value) => 120 + (value / REACH) * 110;
  const cells = Array.from({ length: CELLS ** 2 }, (_, i) => {
    const size = 220 / CELLS;
    const [column, row] = [i % CELLS, Math.floor(i / CELLS)];
    const cell = make("rect", { x: 10 + column * size, y: 10 + row * size, width: size, height: size });
    return { cell, x: [column, CELLS - 1 - row].map((k) => ((k + 0.5) / CELLS) * 2 * REACH - REACH) };
  });
  const line = make("line", { class: "line" });
  const arrow = make("path", { class: "arrow" });
  const point = make("circle", { r: 6, class: "here" });
  const inside = make("svg", { x: 10, y: 10, width: 220, height: 220, viewBox: "10 10 220 220" }, // clips the line
    ...cells.map(({ cell }) => cell),
    make("line", { class: "axis", x1: 10, x2: 230, y1: 120, y2: 120 }),
    make("line", { class: "axis", x1: 120, x2: 120, y1: 10, y2: 230 }),
    line, arrow, point,
    make("text", { x: 226, y: 136, "text-anchor": "end" }, "x₁"), make("text", { x: 126, y: 24 }, "x₂"));
  const plane = make("svg", { viewBox: "0 0 240 240", role: "img", class: "pointed" }, inside);
  plane.addEventListener("click", (event) => { // what the sliders of x do, with a pointer
    const box = plane.getBoundingClientRect();
    [x1.value, x2.value] = [event.clientX - box.left, box.bottom - event.clientY]
      .map((pixels) => (((pixels / box.width) * 240 - 120) / 110) * REACH);
    draw();
  });

  root.replaceChildren(
    make("div", { class: "controls" }, w1.row, w2.row, b.row, x1.row, x2.row, activation.row),
    formula, said,
    make("div", { class: "pictures" },
      make("figure", {}, graph, make("figcaption", {}, "The activation, the point (z, h) on it, and its slope")),
      make("figure", {}, plane, make("figcaption", {}, "Inputs: the line z = 0, with w at right angles to it, and x"))),
  );

  function drawGraph({ z, h, dz }, f, name) {
    const half = Math.max(6, Math.ceil(Math.abs(z)) + 1);
    const [low, high] = { sigmoid: [-0.3, 1.3], tanh: [-1.4, 1.4], ReLU: [-0.3 * half, half] }[name];
    const [X, Y] = [(v) => 160 + (v / half) * 150, (v) => 230 - ((v - low) / (high - low)) * 220];
    const zs = Array.from({ length: 121 }, (_, i) => ((i - 60) / 60) * half);
    set(curve, { d: zs.map((v, i) => `${i ? "L" : "M"}${X(v).toFixed(1)} ${Y(f(v)).toFixed(1)}`).join("") });
    // As long on the screen whatever the slope.
    const [right, up] = [150 / half, (dz * 220) / (high - low)];
    const s = 60 / Math.hypot(right, up);
    set(tangent, { x1: X(z - s), y1: Y(h - s * dz), x2: X(z + s), y2: Y(h + s * dz) });
    set(place, { cx: X(z), cy: Y(h) });
    set(dropped, { x1: X(z), x2: X(z), y1: Y(0), y2: Y(h) });
    set(across, { y1: Y(0), y2: Y(0) });
    const top = name === "ReLU" ? Math.floor(half * 0.8) : 1;
    marks.replaceChildren(
      make("text", { x: 166, y: Y(top) + 4 }, String(top)),
      make("line", { class: "axis", x1: 156, x2: 164, y1: Y(top), y2: Y(top) }),
      make("text", { x: 10, y: Y(0) + 16 }, number(-half, 0)),
      make("text", { x: 310, y: Y(0) + 16, "text-anchor": "end" }, number(half, 0)),
    );
    set(graph, { "aria-label": `${name}: at z = ${number(z)} the output is ${number(h, 3)} and the slope ${number(dz, 3)}` });
  }

  function drawPlane(w, x, { distance }, { f, lean }) {
    for (const { cell, x: [u, v] } of cells) {
      const yes = lean(f(w[0] * u + w[1] * v + b.value));
      set(cell, { class: yes > 0 ? "yes" : "no", "fill-opacity": (0.55 * Math.abs(yes)).toFixed(3) });
    }
    const ends = neuron.border(w, b.value);
    set(line, { visibility: ends ? null : "hidden" });
    set(arrow, { visibility: ends ? null : "hidden" });
    set(point, { cx: at(x[0]), cy: at(-x[1]) });
    if (ends) { // the arrow: from the point of the line that is nearest to the origin, along w
      set(line, { x1: at(ends[0][0]), y1: at(-ends[0][1]), x2: at(ends[1][0]), y2: at(-ends[1][1]) });
      const middle = ends[0].map((value, i) => (value + ends[1][i]) / 2);
      const [sx, sy, dx, dy] = [at(middle[0]), at(-middle[1]), w[0] * 12, -w[1] * 12];
      const [tx, ty, size] = [sx + dx, sy + dy, 7 / Math.hypot(dx, dy)];
      const wing = (side) => `${tx - size * (dx - side * dy)} ${ty - size * (dy + side * dx)}`;
      set(arrow, { d: `M${sx} ${sy}L${tx} ${ty}M${wing(0.6)}L${tx} ${ty}L${wing(-0.6)}` });
    }
    const where = distance === null ? "no line, for both weights are 0" : `x is ${number(distance)} away from the line z = 0`;
    set(plane, { "aria-label": `plane of inputs: ${where}` });
  }

  function draw() {
    const [w, x, name] = [[w1.value, w2.value], [x1.value, x2.value], activation.value];
    const values = neuron.forward(w, b.value, x, name);
    const { z, h, dz, dw, distance } = values;
    const { sign, f } = neuron.ACTIVATIONS[name];
    const product = (i) => `${bracketed(w[i], 1)} · ${bracketed(x[i], 1)}`;
    formula.replaceChildren(...[
      `z = w₁ x₁ + w₂ x₂ + b = ${product(0)} + ${product(1)} + ${bracketed(b.value, 1)} = ${number(z)}`,
      `h = ${sign}(z) = ${number(h, 3)}, with the slope ${sign}′(z) = ${number(dz, 3)}`,
      `∂h/∂w₁ = ${sign}′(z) x₁ = ${number(dw[0], 3)}, ` +
        `∂h/∂w₂ = ${sign}′(z) x₂ = ${number(dw[1], 3)}, ∂h/∂b = ${sign}′(z) = ${number(dz, 3)}`,
    ].map((text) => make("p", {}, text)));
    const side = z > 0 ? "on the side of yes" : z < 0 ? "on the side of no" : "on the line";
    say(`z is ${number(z)}, the output ${number(h, 3)}, the slope ${number(dz, 3)}; x is ${side}` +
      (distance === null ? ": both weights are 0, so there is no line." : `, ${number(distance)} away from the line.`));
    drawGraph(values, f, name);
    drawPlane(w, x, values, neuron.ACTIVATIONS[name]);
  }
  draw();
}

if (typeof document !== "undefined") showNeuron(document.getElementById("neuron"));
