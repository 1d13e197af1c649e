// Answers on their way to the server: one at a time and in order, each again under the same number until it has come
// through, and kept in the browser's storage so that neither a reload nor a crash loses one.

const [FIRST_PAUSE, LAST_PAUSE] = [400, 5000]; // milliseconds between attempts, doubling

export class Outbox {
  #busy = false;
  #wake = null;
  #through = new Map(); // item -> the number of the last answer that has come through

  // send(path, body) resolves with the reply; errors that have a `reply` are final, after all others it tries again.
  constructor({ send, storage, key, done, refused, changed = () => {}, pause = FIRST_PAUSE }) {
    Object.assign(this, { send, storage, key, done, refused, changed, pause });
    this.kept = true;
    this.entries = this.#stored(key);
  }

  add(entry) {
    this.entries.push(entry);
    this.#keep();
    return this.run();
  }

  // Items whose answers have not come through: the server still thinks that nobody has answered them.
  get items() {
    return this.entries.filter(({ body }) => body.item !== undefined).map(({ body }) => body.item);
  }

  // The number of the last answer about an item, come through or not. What corrects it names it: the event that it
  // becomes is known only after the reply.
  latest(item) {
    const waiting = this.entries.findLast(({ body }) => body.item === item);
    return waiting?.body.request ?? this.#through.get(item) ?? null;
  }

  // Send what pages have left that were closed too early. One that is still open may send the same: its numbers tell.
  adopt(prefix) {
    for (const key of Object.keys(this.storage).filter((each) => each.startsWith(prefix) && each !== this.key)) {
      this.entries.push(...this.#stored(key));
      this.#keep();
      this.storage.removeItem(key);
    }
    return this.run();
  }

  // Do not wait for the end of the pause: the server is back.
  hurry() {
    this.#wake?.();
  }

  async run() {
    if (this.#busy) return;
    this.#busy = true;
    let pause = this.pause;
    while (this.entries.length) {
      const entry = this.entries[0];
      const [reply, error] = await this.send(entry.path, entry.body).then((got) => [got, null], (failed) => [null, failed]);
      if (error && !("reply" in error)) {
        await new Promise((resolve) => {
          this.#wake = resolve;
          setTimeout(resolve, pause);
        });
        pause = Math.min(2 * pause, LAST_PAUSE);
        continue;
      }
      pause = this.pause;
      this.entries.shift();
      if (!error && entry.body.item !== undefined) this.#through.set(entry.body.item, entry.body.request);
      this.#keep();
      if (error) this.refused(entry, error);
      else this.done(entry, reply);
    }
    this.#busy = false;
  }

  #keep() {
    try {
      if (this.entries.length) this.storage.setItem(this.key, JSON.stringify(this.entries));
      else this.storage.removeItem(this.key);
      this.kept = true;
    } catch {
      this.kept = false; // full, or forbidden: the page then warns before it is closed
    }
    this.changed();
  }

  #stored(key) {
    try {
      const entries = JSON.parse(this.storage.getItem(key) ?? "[]");
      return Array.isArray(entries) ? entries.filter((entry) => entry?.path && entry.body?.request) : [];
    } catch {
      return [];
    }
  }
}
