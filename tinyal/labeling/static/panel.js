// What the numbers say: progress, estimated accuracy with its interval, agreement with the model, the curve.

import { byId, counted, grouped, percent, write } from "./elements.js";
import { curve, table } from "./curve.js";

export class Panel {
  #drawn = null;

  show(status) {
    const { answered, total, title } = status;
    const share = total ? answered / total : 0;
    byId("progress").max = Math.max(1, total);
    byId("progress").value = answered;
    write(byId("progress-text"), `${grouped(answered)} of ${grouped(total)}`);
    write(byId("title"), title ?? "Labelling");
    document.title = `${grouped(answered)} of ${grouped(total)} · ${title ?? "Labelling"}`;
    byId("progress").setAttribute("aria-valuetext", `${counted(answered, "answer")} of ${grouped(total)}, ${percent(share)}`);
    this.#counts(status);
    this.#accuracy(status.accuracy);
    this.#agreement(status.agreement);
    write(byId("model"), model(status));
    byId("model").classList.toggle("training", status.training);
    write(byId("others"), status.others ? `${counted(status.others, "other page is", "other pages are")} labelling, too.` : "");
    byId("review").hidden = !status.to_review;
    write(byId("review").firstElementChild, `Review ${counted(status.to_review, "doubtful label")}`);
    this.#curve(status.curve ?? []);
  }

  #counts({ labelled, skipped, cannot_tell: unknown, deferred }) {
    for (const [id, count] of Object.entries({ labelled, skipped, unknown, deferred })) {
      write(byId(`count-${id}`), grouped(count));
    }
  }

  #accuracy(accuracy) {
    write(byId("accuracy"), accuracy ? percent(accuracy.estimate) : "–");
    write(byId("accuracy-interval"), accuracy
      ? `${percent(accuracy.low)} to ${percent(accuracy.high)}, from ${counted(accuracy.n, "random question")}`
      : "known after some questions drawn at random");
    const bar = byId("accuracy-bar");
    bar.hidden = !accuracy;
    for (const end of ["estimate", "low", "high"]) bar.style.setProperty(`--${end}`, String(accuracy?.[end] ?? 0));
  }

  #agreement(agreement) {
    write(byId("agreement"), agreement ? percent(agreement.share) : "–");
    write(byId("agreement-text"), agreement
      ? `of its last ${counted(agreement.n, "guess", "guesses")} agreed with you`
      : "known once the model has guessed");
  }

  #curve(points) {
    const now = JSON.stringify(points);
    if (now === this.#drawn) return;
    this.#drawn = now;
    byId("curve-section").hidden = points.length < 2;
    if (points.length < 2) return;
    byId("curve").replaceChildren(curve(points));
    byId("curve-table").replaceChildren(table(points));
  }
}

function model({ training, rounds, trained_on: labels, problem }) {
  if (problem) return `The last training failed: ${problem}`;
  const known = rounds ? `Trained ${counted(rounds, "time")}, last on ${counted(labels, "label")}.` : "";
  if (training) return known ? `${known} Training again …` : "Training for the first time …";
  return known || "It trains as soon as there are labels of two classes.";
}
