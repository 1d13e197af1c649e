// What the browser keeps for this page: who it is to the server, the person's name, whether keys answer.

import { random } from "./connection.js";

const CLIENT = "tinyal.client";

// A page that is loaded again is the same client. While it is open no storage has its name: a copied tab is another.
export function claimClient() {
  const client = sessionStorage.getItem(CLIENT) ?? random();
  sessionStorage.removeItem(CLIENT);
  addEventListener("pagehide", () => sessionStorage.setItem(CLIENT, client));
  addEventListener("pageshow", () => sessionStorage.removeItem(CLIENT));
  return client;
}

export const unsentOf = (project) => `tinyal.unsent.${project}.`;
// By client: a copied tab has a copy of this storage, and not the answers.
export const answersOf = (project, client) => `tinyal.answers.${project}.${client}`;

// Have the browser save a file; returns the name that it got.
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name.trim().replace(/[^\p{L}\p{N}._]+/gu, "-");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  return link.download;
}

// A form field whose value stays.
export function kept(field, key, property) {
  const before = localStorage.getItem(key);
  if (before !== null) field[property] = property === "checked" ? before === "true" : before;
  field.addEventListener("change", () => {
    try {
      localStorage.setItem(key, String(field[property]));
    } catch {
      // Full or forbidden: it holds until the page is closed.
    }
  });
  return () => field[property];
}
