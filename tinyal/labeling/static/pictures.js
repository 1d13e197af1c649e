// Pictures fetched and decoded before they are needed.

import { Away } from "./connection.js";

const AT_ONCE = 3; // a browser has six connections to a server: answers must find one free
const [SHARP, WHOLE] = [1600, 8192]; // longest sides in pixels: on the page, and zoomed
const COARSE = 96; // pixels

export class Pictures {
  #waiting = new Map();
  #number = 0;
  #fetching = 0;
  #line = [];

  constructor(bytes) {
    this.bytes = bytes; // path -> Promise<Blob>
    this.worker = this.#hire();
  }

  #hire() {
    const worker = new Worker("/static/decoder.js");
    worker.onmessage = ({ data: { number, error, ...picture } }) => {
      const { resolve, reject } = this.#waiting.get(number);
      this.#waiting.delete(number);
      if (error) reject(new Error(error));
      else resolve(picture);
    };
    worker.onerror = () => { // its script did not come: whoever asks again gets another one
      for (const { reject } of this.#waiting.values()) reject(new Away());
      this.#waiting.clear();
      this.worker = null;
    };
    return worker;
  }

  // {bitmap, width, height, blob}: the bitmap at most as large as a screen, width and height those of the file.
  async load(item) {
    const blob = await this.#fetch(`/api/picture/${item}`);
    return { blob, ...(await this.#decode(blob, SHARP)) };
  }

  // The same in full resolution, for a closer look.
  whole(picture) {
    return this.#decode(picture.blob, WHOLE);
  }

  #decode(blob, longest) {
    const number = this.#number++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.worker ??= this.#hire();
      this.worker.postMessage({ number, blob, longest });
    });
  }

  async #fetch(path) {
    if (this.#fetching >= AT_ONCE) await new Promise((resolve) => this.#line.push(resolve));
    this.#fetching += 1;
    try {
      return await this.bytes(path);
    } finally {
      this.#fetching -= 1;
      this.#line.shift()?.();
    }
  }
}

// Draw it, and let small ones show their pixels instead of a blur.
export function paint(canvas, { bitmap, width, height }) {
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  canvas.classList.toggle("coarse", Math.max(width, height) <= COARSE);
}
