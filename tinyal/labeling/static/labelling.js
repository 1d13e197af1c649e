// Answering question after question: the next picture is shown first, and the answer sent behind it.

import { random } from "./connection.js";
import { percent } from "./elements.js";

export const COMMANDS = [
  { name: "undo", text: "Undo", key: "Backspace", shortcut: "Backspace", description: "Take back the last answer" },
  { name: "forward", text: "Skip", key: "→", shortcut: "ArrowRight", description: "Leave it out: it belongs to no class" },
  { name: "cannot-tell", text: "Cannot tell", key: "Shift C", shortcut: "Shift+C", description: "Nobody can tell its class" },
  { name: "defer", text: "Later", key: "Shift D", shortcut: "Shift+D", description: "Ask again at the end" },
  { name: "zoom", text: "Zoom", key: "Z", shortcut: "Z", description: "A closer look; again for more" },
  { name: "why", text: "Why this?", key: "W", shortcut: "W", description: "Why this one is asked" },
];
const ANSWERS = {
  skip: { said: "skipped", spoken: "Skipped." },
  "cannot-tell": { said: "left as cannot tell", spoken: "Cannot tell." },
  defer: { said: "put off", spoken: "Later." },
};

export class Labelling {
  constructor({ client, who, outbox, questions, stage, dock, history, speaker, notice, render }) {
    Object.assign(this, { client, who, outbox, questions, stage, dock, history, speaker, notice, render });
    this.commands = COMMANDS;
  }

  enter() {
    this.notice("");
    this.dock.mark(null);
  }

  leave() {
    this.stage.zoomTo(0);
  }

  choose(label) {
    this.answer("label", label);
  }

  run(command) {
    const does = {
      undo: () => this.undo(),
      forward: () => this.answer("skip"),
      "cannot-tell": () => this.answer("cannot-tell"),
      defer: () => this.answer("defer"),
    }[command];
    does?.();
  }

  answer(action, label = null) {
    if (!this.stage.painted || this.questions.current !== this.stage.question) return;
    const seconds = this.stage.seconds;
    const question = this.questions.answered();
    this.questions.advance();
    this.render();
    const request = random();
    const { client } = this;
    this.history.add(request, question, label ?? ANSWERS[action].said);
    this.outbox.add({
      path: "/api/answer",
      name: question.name,
      body: { client, who: this.who(), request, item: question.item, action, label, seconds, replaces: null },
    });
    this.notice("");
    this.speaker.say({ answer: label ? `${label}.` : ANSWERS[action].spoken, guess: null });
    this.questions.refill();
    this.render();
  }

  undo() {
    const last = this.history.last;
    if (last) {
      this.history.pop();
      this.questions.putBack(last.question);
      this.speaker.say({ answer: `Taken back: ${last.said}.`, guess: null });
    }
    const { client } = this;
    const body = { client, who: this.who(), request: random(), of: last?.request ?? null };
    this.outbox.add({ path: "/api/undo", taken: last?.question.item ?? null, body });
    this.notice(last ? `Taken back: ${last.question.name} was ${last.said}.` : "");
    this.render();
  }

  // The server has it. What it says is about an answer that may no longer be the last one.
  done(entry, reply) {
    if (entry.path === "/api/undo") this.#undone(entry, reply);
    else if (this.history.last?.request === entry.body.request) this.#compare(entry, reply);
    this.questions.refill();
  }

  refused(entry, error) {
    this.history.remove(entry.body.request);
    if (entry.path === "/api/undo") this.questions.drop([entry.taken]);
    const other = error.status === 409 && error.reply?.label;
    const standing = `${entry.name}: ${error.reply?.who} has already answered ${error.reply?.label}, and that stands.`;
    this.notice(other ? standing : `${entry.name ?? "This"} was not stored. ${error.message}`, "warning");
    this.render();
  }

  // What this page took back is on screen again, or even answered again, since the person asked for it.
  #undone({ taken }, { item, question }) {
    if (item === null || !question) {
      this.questions.drop([taken ?? item]); // a corrected label stands again, or somebody else has it on screen
      this.notice(item === null ? "There was nothing to take back." : "Taken back.");
    } else if (taken !== null) {
      this.questions.confirmed(taken);
    } else if (!this.outbox.items.includes(item)) {
      this.questions.putBack(question);
      this.questions.confirmed(item);
      this.speaker.say({ answer: "Taken back.", guess: null });
    }
    this.render();
  }

  #compare({ name, body: { action, label } }, { guess, agrees }) {
    const yours = `${name}: ${label ?? ANSWERS[action].said}.`;
    if (!guess) return this.notice(yours);
    const sure = `(${percent(guess.probability)})`;
    const sentence = agrees ? `The model had guessed the same ${sure}.` : `The model had guessed ${guess.label} ${sure}.`;
    this.notice(`${yours} ${sentence}`, agrees ? "agrees" : "differs");
    this.speaker.say({ guess: sentence });
  }

  get current() {
    return this.questions.current;
  }

  get finished() {
    return this.questions.done;
  }

  // What to say while there is no question.
  rest(away) {
    const { questions } = this;
    if (questions.waiting.length) {
      return away
        ? ["The server is gone", ["The next pictures have not come yet. Your answers are kept here until it is back."]]
        : ["One moment", ["The next picture is on its way."]];
    }
    if (away) return ["The server is gone", ["Your answers are kept here until it is back, and then sent."]];
    if (questions.done) return ["All is answered", ["Every item has an answer. Thank you!"]];
    if (!questions.asked || this.outbox.entries.length) return ["One moment", ["The next questions are on their way."]];
    return ["Nothing left right now", ["What is left is on other people's pages. This page looks again every few seconds."]];
  }
}
