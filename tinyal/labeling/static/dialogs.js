// The windows above the page: why this one, a new class, and help with the person's name and the keys.

import { Refused, random } from "./connection.js";
import { byId, make, write } from "./elements.js";
import { paint } from "./pictures.js";

// Each dialog's own button closes it; Escape does by itself.
export function closable() {
  for (const node of document.querySelectorAll("dialog [data-close]")) {
    node.addEventListener("click", () => node.closest("dialog").close());
  }
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close(); // beside it
    });
  }
}

export async function why({ item, name }, get, pictures) {
  const dialog = byId("why-dialog");
  write(byId("why-name"), name);
  byId("why-sentences").replaceChildren(make("p", {}, "One moment …"));
  byId("why-neighbours").replaceChildren();
  dialog.showModal();
  try {
    const { sentences, neighbours } = await get(`/api/why/${item}`);
    byId("why-sentences").replaceChildren(...sentences.map((text) => make("p", {}, text)));
    byId("why-neighbours-section").hidden = !neighbours.length;
    byId("why-neighbours").replaceChildren(...neighbours.map((each) => neighbour(each, pictures)));
  } catch (error) {
    byId("why-sentences").replaceChildren(make("p", {}, error.message));
  }
}

function neighbour({ item, label }, pictures) {
  const canvas = make("canvas", { role: "img", "aria-label": `labelled ${label}` });
  const figure = make("figure", {}, canvas, make("figcaption", {}, label));
  pictures.load(item).then((image) => {
    paint(canvas, image);
    image.bitmap.close();
  }).catch(() => canvas.remove());
  return figure;
}

// Ask for the name of a new class; `added(name, use, reply)` when the server knows it.
export class Adding {
  constructor({ post, client, who, added }) {
    Object.assign(this, { post, client, who, added });
    byId("add-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send(event.submitter?.id !== "add-only");
    });
  }

  open({ usable }) {
    this.request = random();
    byId("add-name").value = "";
    byId("add-use").hidden = !usable;
    write(byId("add-error"), "");
    byId("add-dialog").showModal();
    byId("add-name").focus();
  }

  async #send(use) {
    const name = byId("add-name").value.trim();
    const { client, request } = this;
    if (!name) return write(byId("add-error"), "A class needs a name.");
    try {
      const reply = await this.post("/api/class", { client, who: this.who(), request, name });
      byId("add-dialog").close();
      this.added(name, use && !byId("add-use").hidden, reply);
    } catch (error) {
      if (error instanceof Refused) this.request = random(); // the next attempt is another name
      write(byId("add-error"), error.message);
    }
  }
}
