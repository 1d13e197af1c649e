// The latest that the server has said about how far the work is. Replies may overtake each other, and so may requests:
// what knows of more events counts, or else what was asked later.

export class Latest {
  #asked = 0;
  #number = 0; // of the request whose reply counts

  // heard(): a reply has come; changed(): it counts
  constructor({ heard, changed }) {
    Object.assign(this, { heard, changed });
    this.status = null;
  }

  // find(reply): the status in it. Returns the reply.
  async take(request, find) {
    const number = ++this.#asked;
    const reply = await request;
    this.heard();
    const found = find(reply);
    const more = found.events - (this.status?.events ?? 0);
    if (more > 0 || (more === 0 && number > this.#number)) {
      this.#number = number;
      this.status = found;
      this.changed();
    }
    return reply;
  }
}
