// Labels that the trained model finds unlikely, one after the other: keep each, or correct it.

import { random } from "./connection.js";
import { percent } from "./elements.js";
import { release } from "./questions.js";

const COMMANDS = [
  { name: "keep", text: "Keep", key: "Enter", shortcut: "Enter", description: "The label is right" },
  { name: "back", text: "Previous", key: "←", shortcut: "ArrowLeft", description: "The one before" },
  { name: "forward", text: "Next", key: "→", shortcut: "ArrowRight", description: "The next one; this one stays doubtful" },
  { name: "cannot-tell", text: "Cannot tell", key: "Shift C", shortcut: "Shift+C", description: "Nobody can tell its class" },
  { name: "zoom", text: "Zoom", key: "Z", shortcut: "Z", description: "A closer look; again for more" },
  { name: "leave", text: "Back to labelling", key: "Esc", shortcut: "Escape", description: "Leave the review" },
];
const [BEHIND, AHEAD] = [2, 3]; // pictures kept, and fetched before they are needed

export class Review {
  constructor({ client, who, outbox, questions, stage, dock, speaker, notice, render, left }) {
    Object.assign(this, { client, who, outbox, source: questions, stage, dock, speaker, notice, render, left });
    this.commands = COMMANDS;
    this.labels = []; // as the server gave them, with `now` for what they are after the review
    this.place = 0;
    this.questions = new Map(); // of the labels around the current one, by item
  }

  async open(get) {
    const { items } = await get("/api/review");
    this.labels = items.map((each) => ({ ...each, now: each.label, seen: false }));
    this.place = 0;
  }

  enter() {
    this.notice("");
    this.#come();
  }

  leave() {
    this.stage.zoomTo(0);
  }

  get finished() {
    return this.place >= this.labels.length;
  }

  get current() {
    const label = this.labels[this.place];
    const question = label && this.questions.get(label.item);
    return question && question.state !== "loading" ? question : null;
  }

  choose(label) {
    this.#answer("label", label);
  }

  run(command) {
    const does = {
      keep: () => this.#answer("label", this.labels[this.place]?.now),
      "cannot-tell": () => this.#answer("cannot-tell", null),
      forward: () => this.#go(1),
      back: () => this.#go(-1),
      undo: () => this.#go(-1), // and then say what is right
      leave: () => this.left(),
    }[command];
    does?.();
  }

  #answer(action, label) {
    if (!this.stage.painted || this.current !== this.stage.question || label === undefined) return;
    const doubtful = this.labels[this.place];
    const { client } = this;
    this.outbox.add({
      path: "/api/answer",
      review: true,
      name: doubtful.name,
      body: {
        client, who: this.who(), request: random(), item: doubtful.item, action, label,
        seconds: this.stage.seconds, replaces: doubtful.event, of: this.outbox.latest(doubtful.item),
      },
    });
    const kept = action === "label" && label === doubtful.now;
    doubtful.now = label ?? "cannot tell";
    doubtful.seen = true;
    this.speaker.say({ answer: kept ? `Kept: ${label}.` : `Now ${doubtful.now}.` });
    this.#go(1);
  }

  #go(step) {
    this.place = Math.max(0, Math.min(this.labels.length, this.place + step));
    this.#come();
    this.render();
  }

  // Fetch what did not come because the server was gone.
  retry() {
    for (const question of this.questions.values()) if (question.stalled) this.source.load(question);
  }

  // Have the pictures here and of the next ones.
  #come() {
    const near = this.labels.slice(Math.max(0, this.place - BEHIND), this.place + AHEAD);
    for (const [item, question] of this.questions) {
      if (near.some((label) => label.item === item)) continue;
      release(question);
      this.questions.delete(item);
    }
    for (const label of near) {
      if (!this.questions.has(label.item)) this.questions.set(label.item, this.source.prepared(label, () => this.render()));
    }
    const here = this.labels[this.place];
    this.mark();
    if (!here) return this.notice("");
    const guess = here.guess && `the model finds ${here.guess} more likely (${percent(here.probability)})`;
    const sentence = `${this.place + 1} of ${this.labels.length}: it is labelled ${here.now}${guess ? `; ${guess}` : ""}.`;
    this.notice(sentence, here.seen ? "agrees" : "differs");
    this.speaker.say({ guess: sentence });
  }

  mark() {
    this.dock.mark(this.labels[this.place]?.now ?? null);
  }

  // Where somebody else's answer stands, it is shown, and whoever corrects again corrects that one.
  refused({ name, body: { item } }, { message, status, reply }) {
    const label = status === 409 && this.labels.find((each) => each.item === item);
    if (label) Object.assign(label, { event: reply.event, now: reply.label ?? reply.action.replace("-", " ") });
    if (this.current && this.current === this.stage.question) this.mark();
    const why = status === 409 ? `${reply.who} has answered ${reply.label ?? reply.action}, and that stands.` : message;
    this.notice(`${name} was not changed. ${why}`, "warning");
    this.render();
  }

  rest() {
    if (!this.finished) return ["One moment", ["The picture is on its way."]];
    const seen = this.labels.filter((each) => each.seen).length;
    return ["Reviewed", [seen ? `You have looked at ${seen} of ${this.labels.length} doubtful labels.` : "No label is doubtful now."]];
  }
}
