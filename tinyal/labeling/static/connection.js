// The way to the server. The token of the page's address goes along as a header; a server that is gone is told apart
// from one that refuses, for only then does it help to try again.

const PATIENCE = 15_000; // milliseconds until a silent server counts as gone
const PASSING = [401, 403, 408, 429]; // refusals that end when the address or the server is put right

export class Refused extends Error {
  constructor(status, reply) {
    super(reply?.error ?? `The server answered with status ${status}.`);
    this.status = status;
    this.reply = reply;
  }
}

export class Away extends Error {
  constructor(status = null) {
    super(status === null ? "The server does not answer." : `The server answered with status ${status}.`);
    this.status = status;
  }
}

export const random = () => {
  // crypto.randomUUID is missing where a page comes over plain http from another machine.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
};

export class Connection {
  constructor(token, changed) {
    this.token = token;
    this.changed = changed; // called with the error while the server is gone, and with null when it is back
    this.error = null;
  }

  get(path) {
    return this.#json("GET", path);
  }

  post(path, body) {
    return this.#json("POST", path, body);
  }

  async bytes(path) {
    return this.#read(await this.#request("GET", path), (response) => response.blob());
  }

  async #json(method, path, body) {
    return this.#read(await this.#request(method, path, body), (response) => response.json());
  }

  async #request(method, path, body) {
    const headers = { "X-Tinyal-Token": this.token };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const options = { method, headers, body: body && JSON.stringify(body), cache: "default", credentials: "omit" };
    let response;
    try {
      response = await fetch(path, { ...options, signal: AbortSignal.timeout(PATIENCE) });
    } catch {
      throw this.#note(new Away());
    }
    if (response.ok) return response;
    if (response.status >= 500 || PASSING.includes(response.status)) throw this.#note(new Away(response.status));
    this.#note(null);
    throw new Refused(response.status, await response.json().catch(() => null));
  }

  async #read(response, how) {
    try {
      const read = await how(response);
      this.#note(null);
      return read;
    } catch {
      throw this.#note(new Away()); // it went while it spoke
    }
  }

  #note(error) {
    const before = this.error?.message;
    this.error = error;
    if (before !== error?.message) this.changed(error);
    return error;
  }
}
