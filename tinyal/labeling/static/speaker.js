// What a screen reader says: one sentence after a burst of changes, in the order answer, guess, next.

const QUIET = 250; // milliseconds without another change

export class Speaker {
  #parts = {};
  #timer = null;

  constructor(node) {
    this.node = node; // role="status"
  }

  say(parts) {
    Object.assign(this.#parts, parts);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const { answer, guess, next } = this.#parts;
      this.#parts = {};
      this.node.textContent = [answer, guess, next].filter(Boolean).join(" ");
    }, QUIET);
  }
}
