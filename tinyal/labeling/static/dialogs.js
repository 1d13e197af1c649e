// The windows above the page: why this one, a new class, and help with the person's name and the keys.

import { random } from "./connection.js";
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

let asked = 0; // how often somebody wanted to know why

export async function why({ item, name }, get, pictures) {
  const number = ++asked;
  const dialog = byId("why-dialog");
  write(byId("why-name"), name);
  byId("why-sentences").replaceChildren(make("p", {}, "One moment …"));
  byId("why-neighbours").replaceChildren();
  dialog.showModal();
  try {
    const { sentences, neighbours } = await get(`/api/why/${item}`);
    if (number !== asked) return; // the window is about another one by now
    byId("why-sentences").replaceChildren(...sentences.map((text) => make("p", {}, text)));
    byId("why-neighbours-section").hidden = !neighbours.length;
    byId("why-neighbours").replaceChildren(...neighbours.map((each) => neighbour(each, pictures)));
  } catch (error) {
    if (number === asked) byId("why-sentences").replaceChildren(make("p", {}, error.message));
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

// Ask for the name of a new class; `added(name, reply, use)` when the server knows it: `use` is the question that it is
// to be the answer to, or null.
export class Adding {
  #window = null; // as it was opened last; what was sent from one that was closed since has no consequence here

  constructor({ post, client, who, added }) {
    Object.assign(this, { post, client, who, added });
    byId("add-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send(event.submitter?.id !== "add-only");
    });
  }

  open(question) {
    this.#window = { question, sending: false };
    byId("add-name").value = "";
    byId("add-use").hidden = !question;
    write(byId("add-error"), "");
    byId("add-dialog").showModal();
    byId("add-name").focus();
  }

  async #send(use) {
    const name = byId("add-name").value.trim();
    const { client } = this;
    const open = this.#window;
    if (!name) return write(byId("add-error"), "A class needs a name.");
    if (open.sending) return; // Enter was pressed twice
    open.sending = true;
    const here = () => open === this.#window && byId("add-dialog").open;
    try {
      // A class that exists is no error, so that each attempt may be a request of its own.
      const reply = await this.post("/api/class", { client, who: this.who(), request: random(), name });
      if (!here()) return;
      byId("add-dialog").close();
      this.added(name, reply, use ? open.question : null);
    } catch (error) {
      if (here()) write(byId("add-error"), error.message);
    } finally {
      open.sending = false;
    }
  }
}
