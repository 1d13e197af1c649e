// The answers given on this page, the last one last: what undo takes back, also after a reload.

const KEPT = 50;

export class History {
  constructor(storage, key) {
    Object.assign(this, { storage, key });
    try {
      this.answers = JSON.parse(storage.getItem(key)) ?? [];
    } catch {
      this.answers = [];
    }
  }

  get last() {
    return this.answers.at(-1);
  }

  // request: the number under which the answer was sent; question: as the server gave it
  add(request, { item, name, text, picture, how }, said) {
    this.answers.push({ request, said, question: { item, name, text, picture, how } });
    this.answers.splice(0, this.answers.length - KEPT);
    this.#keep();
  }

  pop() {
    const answer = this.answers.pop();
    this.#keep();
    return answer;
  }

  // An answer that the server did not take is none.
  remove(request) {
    this.answers = this.answers.filter((each) => each.request !== request);
    this.#keep();
  }

  #keep() {
    try {
      this.storage.setItem(this.key, JSON.stringify(this.answers));
    } catch {
      // Full or forbidden: undo then works until the page is closed.
    }
  }
}
