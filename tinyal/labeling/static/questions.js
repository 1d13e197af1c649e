// The next questions, with their pictures, before they are needed: taking one never waits for the network.

import { Away } from "./connection.js";

const HELD = 8; // with the one on screen
const REMEMBERED = 5; // answered ones whose pictures are kept, for undo
const TOO_FEW = 3; // ready ones; below, more are asked for at once instead of a few together

export class Questions {
  #asking = false;
  #answered = [];
  #moment = 0; // counts requests and undos, to tell what came first

  // pending(): items with unsent answers; told(reply): after each reply; changed(): a picture has come, or a reply
  constructor({ client, post, pictures, pending, changed, told, failed }) {
    Object.assign(this, { client, post, pictures, pending, changed, told, failed });
    this.current = null;
    this.waiting = []; // in the order of the server
    this.done = false; // nobody has anything left to answer
    this.asked = false; // whether the server has ever answered
  }

  get held() {
    return [this.current, ...this.waiting].filter(Boolean);
  }

  // Make the first question that can be shown the current one; one whose picture is late holds up no other.
  advance() {
    const [first] = this.waiting;
    this.current = null;
    if (first?.again && first.state === "loading" && !first.stalled) return; // an undone one is waited for
    const place = this.waiting.findIndex(({ state }) => state !== "loading");
    if (place >= 0) [this.current] = this.waiting.splice(place, 1);
  }

  // Put the current question aside.
  answered() {
    const question = this.current;
    this.current = null;
    this.#answered.push(question);
    for (const old of this.#answered.splice(0, this.#answered.length - REMEMBERED)) release(old);
    return question;
  }

  // Ask this one now, again; the one on screen comes right after it.
  putBack(question) {
    const known = this.#answered.find(({ item }) => item === question.item);
    this.#answered = this.#answered.filter((each) => each !== known);
    this.waiting = this.held.filter(({ item }) => item !== question.item);
    const back = known ?? this.prepared({ ...question, again: true });
    back.since = Infinity; // the server does not know yet that it is asked again
    this.waiting.unshift(back);
    this.advance();
    this.done = false;
  }

  // The server knows now that this one is asked here again.
  confirmed(item) {
    const question = this.held.find((each) => each.item === item);
    if (question) question.since = ++this.#moment;
  }

  // These are no longer to be answered here.
  drop(items) {
    const gone = (question) => question && items.includes(question.item);
    this.waiting.filter(gone).forEach(release);
    this.waiting = this.waiting.filter((each) => !gone(each));
    if (gone(this.current)) this.current = null;
  }

  // A question whose picture is on its way; came() when it is there, or will never be.
  prepared(question, came = null) {
    const prepared = { ...question, state: "loading", image: null, error: null, since: 0 };
    prepared.came = came ?? (() => this.held.includes(prepared) && this.changed());
    this.load(prepared);
    return prepared;
  }

  // Fetch what did not come because the server was gone.
  retry() {
    for (const question of this.held.filter(({ stalled }) => stalled)) this.load(question);
  }

  async load(question) {
    question.stalled = false;
    try {
      if (question.picture) question.image = await this.pictures.load(question.item);
      question.state = "ready";
    } catch (error) {
      question.stalled = error instanceof Away;
      question.state = question.stalled ? "loading" : "failed";
      question.error = error.message;
    }
    question.came();
  }

  // Fill up to HELD. `renew`: say that they are still wanted, even if none is missing.
  async refill({ renew = false } = {}) {
    const missing = HELD - this.held.length;
    const ready = this.waiting.filter(({ state }) => state !== "loading").length;
    if (this.#asking || !(renew || missing > 2 || (missing > 0 && ready < TOO_FEW))) return;
    this.#asking = true;
    const moment = ++this.#moment;
    const held = () => [...this.held.map(({ item }) => item), ...this.pending()];
    try {
      const asked = { client: this.client, count: Math.max(0, missing), holding: held() };
      const reply = await this.post("/api/next", asked);
      // Not what was taken back since, or is about to be: the reply may be about the time before.
      const kept = this.held.filter((each) => each === this.current || each.since > moment).map(({ item }) => item);
      this.drop((reply.drop ?? []).filter((item) => !kept.includes(item)));
      const known = new Set(held());
      this.waiting.push(...reply.questions.filter(({ item }) => !known.has(item)).map((each) => this.prepared(each)));
      this.done = reply.done && known.size === 0;
      this.asked = true;
      this.told(reply);
      this.changed();
    } catch (error) {
      if (!(error instanceof Away)) this.failed(error); // that the server is gone is told by the connection
    } finally {
      this.#asking = false;
    }
  }
}

export function release(question) {
  question.image?.bitmap.close();
  question.image = null;
}
