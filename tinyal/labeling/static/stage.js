// Where the question is shown: its picture on a canvas, or its text; and a closer look at it.

import { byId, make, write } from "./elements.js";
import { paint } from "./pictures.js";

const ZOOMS = ["", "fit", "double", "fourfold"]; // each a class of the page

export class Stage {
  #since = 0;
  #hidden = 0; // when the window was hidden
  #sharp = null; // the picture that is drawn in full resolution

  constructor(pictures) {
    this.pictures = pictures;
    this.root = byId("stage");
    this.canvas = byId("image");
    this.question = null;
    this.painted = false; // whether the question has been on screen: nobody can answer what was not
    this.zoom = 0;
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#hidden = performance.now();
      else this.#since += performance.now() - this.#hidden;
    });
    this.#panByMouse();
  }

  show(question) {
    this.question = question;
    this.painted = false;
    delete this.root.dataset.item; // until it is on screen
    this.#sharp = null;
    const image = question.image;
    this.root.dataset.shows = image ? "picture" : "text";
    if (image) paint(this.canvas, image);
    this.canvas.setAttribute("aria-label", `Picture ${question.name}`);
    const lost = question.state === "failed" ? `This picture cannot be shown: ${question.error}` : null;
    write(byId("text"), image ? "" : lost ?? question.text ?? question.name);
    write(byId("beside"), image && question.text ? question.text : "");
    write(byId("caption"), question.name);
    if (this.zoom) this.#look();
    requestAnimationFrame(() => {
      if (this.question !== question) return;
      this.painted = true;
      this.#since = performance.now();
      this.root.dataset.item = question.item;
    });
  }

  // Nothing to ask: say why, with what can be done.
  rest(heading, sentences, buttons) {
    this.question = null;
    this.painted = false;
    this.zoomTo(0);
    this.root.dataset.shows = "notice";
    delete this.root.dataset.item;
    this.canvas.removeAttribute("aria-label");
    write(byId("caption"), "");
    write(byId("beside"), "");
    const notice = byId("notice");
    const says = [heading, ...sentences, ...buttons.map((each) => each.textContent)].join("\n");
    if (notice.dataset.says === says) return; // a focused button stays where it is
    notice.dataset.says = says;
    notice.replaceChildren(
      make("h2", {}, heading),
      ...sentences.map((text) => make("p", {}, text)),
      make("div", { class: "row" }, ...buttons),
    );
  }

  // Seconds that the person has seen the question, without those in which the window was hidden.
  get seconds() {
    return Math.round(performance.now() - this.#since) / 1000;
  }

  zoomTo(level) {
    if (level && !this.question?.image) return;
    this.zoom = level % ZOOMS.length;
    document.body.dataset.zoom = ZOOMS[this.zoom];
    if (this.zoom) this.#look();
  }

  pan(x, y) {
    this.root.scrollBy({ left: x * this.root.clientWidth * 0.25, top: y * this.root.clientHeight * 0.25 });
  }

  async #look() {
    const { root, question } = this;
    root.scrollTo((root.scrollWidth - root.clientWidth) / 2, (root.scrollHeight - root.clientHeight) / 2);
    const image = question.image;
    if (!image || this.#sharp === image || image.bitmap.width === image.width) return;
    const whole = await this.pictures.whole(image).catch(() => null);
    if (whole && this.zoom && this.question === question) {
      paint(this.canvas, whole);
      this.#sharp = image;
    }
    whole?.bitmap.close();
  }

  // Fingers scroll by themselves.
  #panByMouse() {
    let from = null;
    this.root.addEventListener("pointerdown", (event) => {
      if (this.zoom && event.pointerType === "mouse" && event.button === 0) from = event;
    });
    this.root.addEventListener("pointermove", (event) => {
      if (!from) return;
      this.root.scrollBy(from.clientX - event.clientX, from.clientY - event.clientY);
      from = event;
    });
    for (const end of ["pointerup", "pointerleave", "pointercancel"]) {
      this.root.addEventListener(end, () => (from = null));
    }
  }
}
