// Softmax at a temperature: five logits, their probabilities, and how unsure these are.
"use strict";

const temperature = (() => {
  const { sum, softmax, entropy } = typeof module !== "undefined" ? require("./measures.js") : measures;

  // T → 0: all on the largest logit, or shared equally by those that tie for it.
  function coldest(z) {
    const first = z.map((value) => Number(value === Math.max(...z)));
    return first.map((value) => value / sum(first));
  }

  // T → ∞: the logits no longer count.
  const hottest = (z) => z.map(() => 1 / z.length);

  // H(softmax(z / T)) for each of the temperatures, in nats.
  const entropies = (z, temperatures) => temperatures.map((T) => entropy(softmax(z, T)));

  return { coldest, hottest, entropies };
})();

if (typeof module !== "undefined") module.exports = temperature;

function showSoftmax(root) {
  const { make, set, number, slider, button, speaker } = elements;
  const { softmax, entropy, leastConfidence, margin } = measures;
  const NAMES = ["A", "B", "C", "D", "E"];
  const START = [2, 1, 0.5, 0, -1];
  const [COLD, HOT] = [-5, 6]; // powers of 2: from 1/32 to 64
  const most = Math.log(NAMES.length);

  const logits = NAMES.map((name, k) =>
    slider(`logit ${name}`, { min: -5, max: 5, step: 0.1, value: START[k] }, draw));
  const power = slider("temperature T", { min: COLD, max: HOT, step: 0.25, value: 0, show: (v) => number(2 ** v, 2) }, draw);
  const use = (z, v) => () => { // the logits, and the power of the temperature
    z.forEach((value, k) => (logits[k].value = value));
    power.value = v;
    draw();
  };
  const formula = make("div", { class: "formula" });
  const { node: said, say } = speaker();

  const bars = NAMES.map((name, k) => {
    const x = 14 + k * 60;
    const bar = make("rect", { class: "bar", x, width: 48 });
    const above = make("text", { x: x + 24, "text-anchor": "middle" });
    return { bar, above, below: make("text", { x: x + 24, y: 232, "text-anchor": "middle" }, name) };
  });
  const chart = make("svg", { viewBox: "0 0 320 240", role: "img" },
    ...bars.flatMap(({ bar, above, below }) => [bar, above, below]),
    make("line", { class: "axis", x1: 10, x2: 310, y1: 214, y2: 214 }));

  const [X, Y] = [(v) => 30 + ((v - COLD) / (HOT - COLD)) * 280, (H) => 214 - (H / most) * 180];
  const curve = make("path", { class: "line" });
  const here = make("circle", { r: 6, class: "here" });
  const ticks = [[-4, "1/16"], [-2, "1/4"], [0, "1"], [2, "4"], [4, "16"], [6, "64"]];
  const graph = make("svg", { viewBox: "0 0 320 240", role: "img" },
    make("line", { class: "axis", x1: 30, x2: 310, y1: 214, y2: 214 }),
    make("line", { class: "guide", x1: 30, x2: 310, y1: Y(most), y2: Y(most) }),
    make("text", { x: 30, y: Y(most) - 8 }, `ln 5 = ${number(most, 3)} nats`),
    make("text", { x: 22, y: 218, "text-anchor": "end" }, "0"),
    ...ticks.map(([v, text]) => make("text", { x: Math.min(X(v), 302), y: 232, "text-anchor": "middle" }, text)),
    curve, here);

  const rows = ["entropy", "margin", "least confidence"].map((name) => {
    const cells = Array.from({ length: 3 }, () => make("td"));
    return { cells, row: make("tr", {}, make("th", { scope: "row" }, name), ...cells) };
  });
  const heads = ["", "T → 0", "now", "T → ∞"].map((text) => (text ? make("th", { scope: "col" }, text) : make("td")));

  root.replaceChildren(
    make("div", { class: "controls" }, ...logits.map(({ row }) => row), power.row),
    make("div", { class: "buttons" },
      button("Start again", use(START, 0)), button("A tie of two", use([2, 2, 0.5, 0, -1], -2)),
      button("Nearly cold", use(START, COLD)), button("Nearly hot", use(START, HOT))),
    formula, said,
    make("div", { class: "pictures" },
      make("figure", {}, chart, make("figcaption", {}, "Probabilities")),
      make("figure", {}, graph, make("figcaption", {}, "Entropy at each temperature, and its maximum"))),
    make("table", { class: "numbers" }, make("tr", {}, ...heads), ...rows.map(({ row }) => row)),
  );

  function draw() {
    const z = logits.map(({ value }) => value);
    const T = 2 ** power.value;
    const p = softmax(z, T);
    const H = entropy(p);
    p.forEach((value, k) => {
      const height = value * 180;
      set(bars[k].bar, { y: 214 - height, height });
      set(bars[k].above, { y: 208 - height }).textContent = number(value, 3);
    });
    set(chart, { "aria-label": `probabilities: ${p.map((v, k) => `${NAMES[k]} ${number(v, 3)}`).join(", ")}` });
    const powers = Array.from({ length: 89 }, (_, i) => COLD + i / 8);
    const heights = temperature.entropies(z, powers.map((v) => 2 ** v));
    set(curve, { d: heights.map((h, i) => `${i ? "L" : "M"}${X(powers[i]).toFixed(1)} ${Y(h).toFixed(1)}`).join("") });
    set(here, { cx: X(power.value), cy: Y(H) });
    set(graph, { "aria-label": `entropy rises with the temperature; at T = ${number(T)} it is ${number(H, 3)} nats` });
    const first = p.indexOf(Math.max(...p));
    const total = z.reduce((S, value) => S + Math.exp(value / T), 0);
    const digits = total < 1e6 ? 3 : null; // very large sums as a power
    const shown = (value) => (digits ? number(value, 3) : value.toExponential(2));
    formula.replaceChildren(
      make("p", {}, `p(${NAMES[first]}) = exp(z / T) / Σ exp(z / T) = exp(${number(z[first], 1)} / ${number(T)}) / Σ = ` +
        `${shown(Math.exp(z[first] / T))} / ${shown(total)} = ${number(p[first], 3)}`),
      make("p", {}, `H = −Σ p ln p = ${number(H, 3)} nats, ${number((100 * H) / most, 0)} % of ln 5`),
    );
    [[entropy, H], [margin, margin(p)], [leastConfidence, leastConfidence(p)]].forEach(([measure, now], i) => {
      const values = [measure(temperature.coldest(z)), now, measure(temperature.hottest(z))];
      values.forEach((value, j) => (rows[i].cells[j].textContent = number(value, 3)));
    });
    say(`At temperature ${number(T)}, ${NAMES[first]} leads with ${number(p[first], 3)}. Entropy ${number(H, 3)} of at most ` +
      `${number(most, 3)} nats, margin ${number(margin(p), 3)}, least confidence ${number(leastConfidence(p), 3)}.`);
  }
  draw();
}

if (typeof document !== "undefined") showSoftmax(document.getElementById("softmax"));
