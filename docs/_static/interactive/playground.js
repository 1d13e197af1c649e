// A game: label points by clicking, against margin and BALD with the same model, the same start and as many labels.
"use strict";

function showPlayground(root) {
  const { make, set, number, choice, button, speaker } = elements;
  const { generator, features, anchor, predict, train, argmax, pick, accuracy } = learner;
  const { consensus, entropy, bald, margin } = measures;
  const [POOL, TEST, BUDGET, MEMBERS, WAVES, LENGTH, LAMBDA, STEPS] = [150, 400, 20, 8, 40, 0.5, 0.1, 100];
  const DATA = {
    moons: { make: (n, random) => learner.moons(n, 0.22, random), names: ["blue disc", "orange triangle"] },
    blobs: { make: (n, random) => learner.blobs(n, 0.28, random), names: ["blue disc", "orange triangle", "green square"] },
  };
  const PLAYERS = ["you", "margin", "BALD"];
  const CELLS = 28;
  const [X, Y] = [(v) => 160 + (v - 0.5) * 78, (v) => 130 - (v - 0.25) * 78];

  let pool, test, names, anchors, phis, players, nodes, current;
  const data = choice("data", Object.keys(DATA), restart);
  const seed = choice("seed", ["1", "2", "3", "4", "5"], restart);
  const ground = choice("colour the ground by", ["nothing", "prediction", "entropy", "margin", "BALD"], drawGround);
  const whose = choice("show the labels of", PLAYERS, draw);
  const { node: said, say } = speaker();

  const cells = Array.from({ length: CELLS ** 2 }, (_, i) => {
    const size = [320 / CELLS, 260 / CELLS];
    const place = [(i % CELLS) * size[0], Math.floor(i / CELLS) * size[1]];
    const middle = [place[0] + size[0] / 2, place[1] + size[1] / 2];
    const cell = make("rect", { x: place[0], y: place[1], width: size[0], height: size[1] });
    return { cell, x: [(middle[0] - 160) / 78 + 0.5, (130 - middle[1]) / 78 + 0.25] };
  });
  const points = make("g", { role: "listbox", "aria-label": "points: arrow keys move, Enter labels" });
  const map = make("svg", { viewBox: "0 0 320 260", class: "map" }, make("g", {}, ...cells.map(({ cell }) => cell)), points);
  const lines = make("g");
  const chart = make("svg", { viewBox: "0 0 320 260", role: "img" }, lines);
  const table = make("table", { class: "numbers" });
  root.replaceChildren(
    make("div", { class: "choices" }, data.row, seed.row, ground.row, whose.row),
    make("div", { class: "buttons" }, button("Start again", restart),
      button("Let margin choose for me", () => suggest("margin")), button("Let BALD choose for me", () => suggest("BALD"))),
    said,
    make("div", { class: "pictures" },
      make("figure", {}, map, make("figcaption", {}, "Points without a label are hollow: choose the next one")),
      make("figure", {}, chart, make("figcaption", {}, `Accuracy on ${TEST} other points against labels`))),
    table,
  );

  // Everything random comes from one stream: data, waves, members, first labels.
  function restart() {
    const random = generator(Number(seed.value) * 7919);
    const { make: draws, names: classes } = DATA[data.value];
    [pool, test, names] = [draws(POOL, random), draws(TEST, random), classes];
    const phi = features(WAVES, LENGTH, random);
    anchors = Array.from({ length: MEMBERS }, () => anchor(WAVES, names.length, LAMBDA, random));
    phis = { pool: pool.map(({ x }) => phi(x)), test: test.map(({ x }) => phi(x)), ground: cells.map(({ x }) => phi(x)) };
    const start = names.map((_, k) => { // one label of each class
      const rows = pool.map((_, i) => i).filter((i) => pool[i].y === k);
      return rows[Math.floor(random() * rows.length)];
    });
    const first = learn({ labelled: start, curve: [] });
    const fresh = () => ({ ...first, labelled: [...start], curve: [...first.curve] });
    players = Object.fromEntries(PLAYERS.map((name) => [name, fresh()]));
    current = pool.findIndex((_, i) => !start.includes(i));
    draw();
  }

  const answers = (player, rows) => rows.map((phi) => player.models.map((W) => predict(phi, W)));

  function learn(player) {
    const [known, ys] = [player.labelled.map((i) => phis.pool[i]), player.labelled.map((i) => pool[i].y)];
    player.models = anchors.map((A) => train(A, known, ys, LAMBDA, STEPS));
    player.pool = answers(player, phis.pool);
    player.curve.push(accuracy(answers(player, phis.test), test.map(({ y }) => y)));
    return player;
  }

  const over = () => players.you.curve.length > BUDGET;

  // The reader's label, and one each for the other two.
  function label(i) {
    if (over() || whose.value !== "you" || players.you.labelled.includes(i)) return;
    for (const name of PLAYERS) {
      const player = players[name];
      player.labelled.push(name === "you" ? i : pick(name, player.pool, player.labelled));
      learn(player);
    }
    draw();
  }

  function suggest(score) {
    label(pick(score, players.you.pool, players.you.labelled));
  }

  const shape = (k, x, y, r) => [
    () => make("circle", { cx: x, cy: y, r }),
    () => make("polygon", { points: `${x - 1.1 * r},${y + 0.8 * r} ${x + 1.1 * r},${y + 0.8 * r} ${x},${y - 1.2 * r}` }),
    () => make("rect", { x: x - 0.9 * r, y: y - 0.9 * r, width: 1.8 * r, height: 1.8 * r }),
  ][k]();

  function describe(i) {
    const player = players[whose.value];
    const where = `point ${i + 1} at ${number(pool[i].x[0], 1)}, ${number(pool[i].x[1], 1)}`;
    if (player.labelled.includes(i)) return `${where}: labelled ${names[pool[i].y]}`;
    const p = consensus(player.pool[i]);
    return `${where}, no label; the model says ${names[argmax(p)]}, ${number(100 * Math.max(...p), 0)} %`;
  }

  function drawPoints() {
    const held = points.contains(document.activeElement);
    const { labelled } = players[whose.value];
    nodes = pool.map(({ x, y }, i) => {
      const known = labelled.indexOf(i);
      const [cx, cy] = [X(x[0]), Y(x[1])];
      const mark = known < 0 ? make("circle", { cx, cy, r: 4 }) : shape(y, cx, cy, 6);
      const name = known < 0 ? "hollow" : `class${y}${known < names.length ? " first" : ""}`;
      const node = make("g", { role: "option", "aria-selected": known >= 0, "aria-label": describe(i), class: name,
        tabindex: i === current ? 0 : -1 }, make("circle", { cx, cy, r: 9, class: "reach" }), mark);
      node.addEventListener("click", () => { current = i; label(i); });
      node.addEventListener("keydown", (event) => key(event, i));
      return node;
    });
    points.replaceChildren(...nodes);
    points.append(...labelled.map((i) => nodes[i])); // on top
    if (held) nodes[current].focus();
  }

  // The next point in the direction of the arrow: near, and rather straight ahead than aside.
  function key(event, i) {
    const way = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
    if (event.key === "Enter" || event.key === " ") label(i);
    else if (way) {
      const costs = pool.map(({ x }) => {
        const [dx, dy] = [x[0] - pool[i].x[0], x[1] - pool[i].x[1]];
        const [ahead, aside] = [dx * way[0] + dy * way[1], Math.abs(dx * way[1]) + Math.abs(dy * way[0])];
        return ahead > 0 && aside <= ahead ? ahead + aside : Infinity;
      });
      const next = costs.indexOf(Math.min(...costs));
      if (costs[next] < Infinity) {
        set(nodes[current], { tabindex: -1 });
        current = next;
        set(nodes[current], { tabindex: 0 }).focus();
      }
    } else return;
    event.preventDefault();
  }

  // Each colour as strong as the measure, from 0 to its maximum; that of a prediction, as it is above chance.
  function drawGround() {
    const [most, chance] = [Math.log(names.length), 1 / names.length];
    const tint = {
      prediction: (p) => (0.5 * (Math.max(...p) - chance)) / (1 - chance),
      entropy: (p) => (0.7 * entropy(p)) / most,
      margin: (p) => 0.7 * (1 - margin(p)),
      BALD: (_, each) => (0.9 * bald(each)) / most,
    }[ground.value];
    if (!tint) return cells.forEach(({ cell }) => set(cell, { "fill-opacity": 0 }));
    answers(players[whose.value], phis.ground).forEach((each, i) => {
      const p = consensus(each);
      const color = ground.value === "prediction" ? `class${argmax(p)}` : "doubt";
      set(cells[i].cell, { class: color, "fill-opacity": tint(p, each).toFixed(3) });
    });
  }

  function drawChart() {
    const lowest = Math.floor(10 * Math.min(...PLAYERS.flatMap((name) => players[name].curve))) / 10;
    const [u, v] = [(n) => 42 + (n / BUDGET) * 264, (share) => 226 - ((share - lowest) / (1 - lowest)) * 212];
    const grid = Array.from({ length: Math.round(10 * (1 - lowest)) + 1 }, (_, i) => lowest + i / 10);
    lines.replaceChildren(
      ...grid.flatMap((share) => [make("line", { class: "grid", x1: 42, x2: 306, y1: v(share), y2: v(share) }),
        make("text", { x: 36, y: v(share) + 4, "text-anchor": "end" }, `${number(100 * share, 0)} %`)]),
      ...[5, 10, 15, 20].map((n) => make("text", { x: u(n - names.length), y: 246, "text-anchor": "middle" }, String(n))),
      ...PLAYERS.map((name) => make("polyline", { class: `of-${name}`,
        points: players[name].curve.map((share, n) => `${u(n).toFixed(1)},${v(share).toFixed(1)}`).join(" ") })),
      ...PLAYERS.map((name) => make("circle", { class: `of-${name}`, r: 3.5,
        cx: u(players[name].curve.length - 1), cy: v(players[name].curve.at(-1)) })),
      ...PLAYERS.flatMap((name, i) => [
        make("line", { class: `of-${name}`, x1: 216, x2: 244, y1: 172 + 18 * i, y2: 172 + 18 * i }), make("text", { x: 250, y: 176 + 18 * i }, name)]),
    );
    const latest = PLAYERS.map((name) => `${name} ${percent(players[name].curve.at(-1))}`).join(", ");
    set(chart, { "aria-label": `accuracy after ${players.you.labelled.length} labels: ${latest}` });
  }

  const percent = (share) => `${number(100 * share, 1)} %`;

  function drawTable() {
    const heads = ["", "labels", "accuracy now", "mean so far"];
    table.replaceChildren(
      make("tr", {}, ...heads.map((text) => (text ? make("th", { scope: "col" }, text) : make("td")))),
      ...PLAYERS.map((name) => {
        const { labelled, curve } = players[name];
        const cells = [labelled.length, percent(curve.at(-1)), percent(measures.mean(curve))];
        return make("tr", {}, make("th", { scope: "row" }, name), ...cells.map((text) => make("td", {}, String(text))));
      }));
  }

  function draw() {
    drawPoints();
    drawGround();
    drawChart();
    drawTable();
    const n = players.you.curve.length - 1;
    const latest = PLAYERS.map((name) => `${name} ${percent(players[name].curve.at(-1))}`).join(", ");
    const got = n && whose.value === "you" ? `Its class is ${names[pool[players.you.labelled.at(-1)].y]}. ` : "";
    say(`${got}${n} of ${BUDGET} labels chosen. Accuracy: ${latest}.` +
      (over() ? " The budget is spent." : "") +
      (whose.value === "you" ? "" : ` These are the labels of ${whose.value}; to go on, show yours.`));
  }
  restart();
}

if (typeof document !== "undefined") showPlayground(document.getElementById("playground"));
