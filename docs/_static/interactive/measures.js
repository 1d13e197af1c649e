// Softmax and the measures of doubt: the formulas of tinynn and tinyal.measures, in JavaScript.
"use strict";

const measures = (() => {
  const sum = (list) => list.reduce((total, value) => total + value, 0);
  const mean = (list) => sum(list) / list.length;

  // p_k = exp(z_k / T) / Σ_j exp(z_j / T). The largest logit is subtracted first: no exponential overflows.
  function softmax(z, T = 1) {
    const top = Math.max(...z);
    const e = z.map((value) => Math.exp((value - top) / T));
    const S = sum(e);
    return e.map((value) => value / S);
  }

  // H(p) = −Σ_k p_k ln p_k in nats, where 0 ln 0 = 0.
  function entropy(p) {
    return Math.max(0, -sum(p.map((value) => (value > 0 ? value * Math.log(value) : 0))));
  }

  // 1 − max_k p_k: the probability that the most likely class is wrong.
  function leastConfidence(p) {
    return 1 - Math.max(...p);
  }

  // p₍₁₎ − p₍₂₎: the lead of the first class over the second. A small margin means: ask first.
  function margin(p) {
    const [first, second] = [...p].sort((a, b) => b - a);
    return first - second;
  }

  // p̄_k = mean_t p_tk: what members (a list of probabilities each) say together.
  function consensus(members) {
    return members[0].map((_, k) => mean(members.map((p) => p[k])));
  }

  // H(mean_t p_t) − mean_t H(p_t): what a label would tell about which member is right, in nats.
  function bald(members) {
    return Math.max(0, entropy(consensus(members)) - mean(members.map(entropy)));
  }

  return { sum, mean, softmax, entropy, leastConfidence, margin, consensus, bald };
})();

if (typeof module !== "undefined") module.exports = measures;
