// The buttons under the picture: one for each class with its key and how many labels it has, and one for each command.

import { byId, button, counted, grouped, keycap, make, onPress, write } from "./elements.js";

const FLASH = 160; // milliseconds that a button shows that its key was pressed

export class Dock {
  #buttons = new Map(); // name of a class, or of a command -> its button
  #add = null; // there once the server has said which classes there are

  constructor({ layout, label, command }) {
    Object.assign(this, { layout, label, command });
    this.classes = [];
  }

  showClasses(classes, { again = false } = {}) {
    const same = classes.length === this.classes.length && classes.every(({ name, key }, k) =>
      name === this.classes[k].name && key === this.classes[k].key);
    if (!same || again || !this.#add) this.#show(classes);
    this.classes = classes;
    const most = Math.max(1, ...classes.map(({ count }) => count));
    for (const { name, count } of classes) {
      const node = this.#buttons.get(name);
      write(node.querySelector(".count"), grouped(count));
      node.setAttribute("aria-label", `${name}, ${counted(count, "label")}`);
      node.style.setProperty("--share", String(count / most));
    }
  }

  #show(classes) {
    const focused = document.activeElement;
    const before = this.#add;
    this.#add = this.#adding(classes.length);
    const how = "There is no class yet. Name the first one: it gets the key 1, the next one 2, and so on.";
    const hint = classes.length ? [] : [make("p", { class: "first" }, how)];
    byId("classes").replaceChildren(...hint, ...classes.map((each) => this.#classButton(each)), this.#add);
    if (focused && focused === before) this.#add.focus();
    else if (focused?.dataset.label !== undefined) this.#buttons.get(focused.dataset.label)?.focus();
  }

  // commands: [{name, text, key, shortcut, description}]
  showCommands(commands) {
    for (const name of this.#buttons.keys()) if (name.startsWith("command ")) this.#buttons.delete(name);
    byId("commands").replaceChildren(...commands.map(({ name, shortcut, ...look }) => {
      const node = button(look, () => this.command(name));
      node.dataset.command = name;
      node.setAttribute("aria-keyshortcuts", shortcut);
      this.#buttons.set(`command ${name}`, node);
      return node;
    }));
  }

  enable(command, possible) {
    const node = this.#buttons.get(`command ${command}`);
    node?.setAttribute("aria-disabled", String(!possible)); // not `disabled`: the focus would be lost
  }

  flash(name) {
    const node = this.#buttons.get(name);
    node?.classList.add("pressed");
    setTimeout(() => node?.classList.remove("pressed"), FLASH);
  }

  // The one that a label was given for, in review.
  mark(name) {
    for (const { name: each } of this.classes) {
      const node = this.#buttons.get(each);
      if (name === null) node.removeAttribute("aria-pressed");
      else node.setAttribute("aria-pressed", String(each === name));
    }
  }

  #classButton({ name, key }) {
    const node = make("button", { type: "button", class: "class", title: name, "aria-keyshortcuts": key });
    if (key) node.append(keycap(this.layout.letter(key)));
    node.append(make("span", { class: "name" }, name), make("span", { class: "count" }));
    node.dataset.label = name;
    this.#buttons.set(name, node);
    return onPress(node, () => this.label(name));
  }

  #adding(others) {
    const text = others ? "Add a class" : "Add the first class";
    const node = button({ text, key: "+", kind: "class add" }, () => this.command("add"));
    node.setAttribute("aria-keyshortcuts", "+");
    return node;
  }
}
