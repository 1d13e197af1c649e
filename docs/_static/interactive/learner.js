// Active learning in the plane: seeded data, an ensemble of small models, and whom margin and BALD would ask.
"use strict";

const learner = (() => {
  const { softmax, mean, margin, consensus, bald } =
    typeof module !== "undefined" ? require("./measures.js") : measures;

  // Numbers between 0 and 1, the same for a seed in every browser: s ← 48271 s mod 2³¹ − 1 (Park & Miller 1993).
  function generator(seed) {
    let s = seed;
    return () => (s = (48271 * s) % 2147483647) / 2147483647;
  }

  // A standard normal number out of two uniform ones (Box & Muller 1958).
  function normal(random) {
    return Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
  }

  // Two half circles that reach into each other, as tinynn.toys.moons for an even n, with noise.
  function moons(n, noise, random) {
    return Array.from({ length: n }, (_, i) => {
      const y = i % 2;
      const t = (Math.PI * Math.floor(i / 2)) / (n / 2 - 1);
      const [a, b] = y ? [1 - Math.cos(t), 0.5 - Math.sin(t)] : [Math.cos(t), Math.sin(t)];
      return { x: [a + noise * normal(random), b + noise * normal(random)], y };
    });
  }

  // Round clouds: three classes, one of them in two places, and one of these small.
  const CLOUDS = [
    { centre: [-0.6, 0.9], y: 0, share: 0.3 },
    { centre: [0.5, -0.3], y: 1, share: 0.3 },
    { centre: [1.5, 0.7], y: 2, share: 0.3 },
    { centre: [-0.7, -0.4], y: 2, share: 0.1 },
  ];
  function blobs(n, spread, random) {
    return Array.from({ length: n }, (_, i) => {
      let part = (i + 0.5) / n;
      const { centre, y } = CLOUDS.find((cloud) => (part -= cloud.share) < 0);
      return { x: centre.map((c) => c + spread * normal(random)), y };
    });
  }

  // φ_j(x) = √(2/D) cos(ω_j · x + β_j): D fixed random waves, on which a linear model can draw curved borders
  // (Rahimi & Recht 2007). Their length says how far a label is believed to reach.
  function features(D, length, random) {
    const waves = Array.from({ length: D }, () => [
      normal(random) / length, normal(random) / length, 2 * Math.PI * random(),
    ]);
    return (x) => waves.map(([a, b, phase]) => Math.sqrt(2 / D) * Math.cos(a * x[0] + b * x[1] + phase));
  }

  // Weights drawn from the prior N(0, 1/λ), D lines of K: where a member begins, and what it is pulled back to.
  function anchor(D, K, lambda, random) {
    return Array.from({ length: D }, () => Array.from({ length: K }, () => normal(random) / Math.sqrt(lambda)));
  }

  // z_k = Σ_j φ_j W_jk, and softmax.
  function predict(phi, W) {
    return softmax(W[0].map((_, k) => phi.reduce((z, value, j) => z + value * W[j][k], 0)));
  }

  // dL/dW of L = Σ_i −ln p_i[y_i] + ½ λ ‖W − A‖²: each label adds φ_j (p_k − [k = y]).
  function gradient(W, A, phis, ys, lambda) {
    const dW = W.map((line, j) => line.map((w, k) => lambda * (w - A[j][k])));
    phis.forEach((phi, i) => {
      const dz = predict(phi, W);
      dz[ys[i]] -= 1;
      phi.forEach((value, j) => dz.forEach((d, k) => (dW[j][k] += value * d)));
    });
    return dW;
  }

  // Logistic regression from the anchor A, by gradient descent with momentum. Anchored members are as if drawn
  // from a posterior: they agree where there are labels, and differ where there are none (Pearce et al. 2020).
  function train(A, phis, ys, lambda, steps) {
    const rate = 1 / (lambda + phis.length);
    const W = A.map((line) => [...line]);
    const V = A.map((line) => line.map(() => 0));
    for (let step = 0; step < steps; step++) {
      gradient(W, A, phis, ys, lambda).forEach((line, j) => line.forEach((d, k) => {
        V[j][k] = 0.9 * V[j][k] - rate * d;
        W[j][k] += V[j][k];
      }));
    }
    return W;
  }

  const argmax = (list) => list.indexOf(Math.max(...list));

  // What each strategy would ask: of the rows without a label, the one with the largest score.
  const SCORES = { margin: (members) => -margin(consensus(members)), BALD: bald };
  function pick(score, members, labelled) {
    return argmax(members.map((each, i) => (labelled.includes(i) ? -Infinity : SCORES[score](each))));
  }

  // Share of rows whose most likely class, by all members together, is right.
  function accuracy(members, ys) {
    return mean(members.map((each, i) => Number(argmax(consensus(each)) === ys[i])));
  }

  return { generator, normal, moons, blobs, features, anchor, predict, gradient, train, argmax, pick, accuracy };
})();

if (typeof module !== "undefined") module.exports = learner;
