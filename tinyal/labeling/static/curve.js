// The curve of estimated accuracy over labels, with its interval, drawn as SVG.

import { counted, draw, grouped, make, percent } from "./elements.js";

export const SIZE = { width: 300, height: 170, left: 38, right: 10, top: 10, bottom: 24 };

// Points {labels, accuracy, low, high} in the drawing's own units; the scale of accuracy starts at a round number.
export function geometry(points, size = SIZE) {
  const most = Math.max(1, ...points.map(({ labels }) => labels));
  const least = Math.min(1, ...points.map(({ accuracy, low }) => low ?? accuracy));
  const base = Math.max(0, Math.min(0.8, Math.floor(least * 5) / 5));
  const x = (labels) => size.left + (labels / most) * (size.width - size.left - size.right);
  const y = (share) => size.top + ((1 - share) / (1 - base)) * (size.height - size.top - size.bottom);
  const at = (labels, share) => `${x(labels).toFixed(1)} ${y(share).toFixed(1)}`;
  const bounded = points.filter(({ low, high }) => typeof low === "number" && typeof high === "number");
  const band = [
    ...bounded.map(({ labels, high }) => at(labels, high)),
    ...bounded.toReversed().map(({ labels, low }) => at(labels, low)),
  ];
  return {
    x, y, most, base,
    line: points.length ? `M${points.map(({ labels, accuracy }) => at(labels, accuracy)).join("L")}` : "",
    band: bounded.length > 1 ? `M${band.join("L")}Z` : "",
  };
}

export function curve(points) {
  const { x, y, most, base, line, band } = geometry(points);
  const { left, right, width, height, bottom } = SIZE;
  const last = points.at(-1);
  const ticks = [base, (1 + base) / 2, 1];
  return draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": described(points) },
    ...ticks.flatMap((share) => [
      draw("line", { class: "grid", x1: left, x2: width - right, y1: y(share), y2: y(share) }),
      draw("text", { x: left - 6, y: y(share) + 4, "text-anchor": "end" }, percent(share)),
    ]),
    draw("text", { x: left, y: height - bottom + 18 }, "0"),
    draw("text", { x: width - right, y: height - bottom + 18, "text-anchor": "end" }, `${grouped(most)} labels`),
    draw("path", { class: "band", d: band }),
    draw("path", { class: "line", d: line }),
    draw("circle", { class: "last", cx: x(last.labels), cy: y(last.accuracy), r: 4 }));
}

function described(points) {
  const [first, last] = [points[0], points.at(-1)];
  const from = points.length > 1 ? `from ${percent(first.accuracy)} at ${counted(first.labels, "label")} ` : "";
  return `Estimated accuracy: ${from}to ${percent(last.accuracy)} at ${counted(last.labels, "label")}`;
}

// The same numbers for whoever cannot see the drawing.
export function table(points) {
  const rows = points.map(({ labels, accuracy, low, high }) => make("tr", {},
    make("td", {}, grouped(labels)), make("td", {}, percent(accuracy)),
    make("td", {}, typeof low === "number" ? `${percent(low)} to ${percent(high)}` : "")));
  const heads = ["labels", "accuracy", "interval"].map((text) => make("th", { scope: "col" }, text));
  return make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));
}
