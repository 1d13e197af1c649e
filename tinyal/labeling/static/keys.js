// Which key means what. Classes and letters go by the place of a key (event.code), the same on every keyboard layout;
// only signs that lie elsewhere on each layout, such as + and ?, go by what they type.

const PLACES = { KeyZ: "zoom", Space: "zoom", KeyW: "why", ArrowRight: "forward", ArrowLeft: "back", Enter: "keep" };
const SHIFTED = { KeyC: "cannot-tell", KeyD: "defer" };
const TYPED = { "+": "add", "?": "help", "/": "help", Backspace: "undo", Escape: "leave" };

// The places of the key of a class: "1" is in the row of digits and on the number pad, "a" is where a US keyboard has it.
export const places = (key) => (/^\d$/.test(key) ? [`Digit${key}`, `Numpad${key}`] : [`Key${key.toUpperCase()}`]);

// {label: "cat"} or {command: "undo"} or nothing, for a pressed key and classes [{name, key}].
export function meaning(event, classes) {
  if (event.ctrlKey || event.metaKey || event.altKey) {
    const latin = /^[a-z]$/i.test(event.key);
    const z = latin ? event.key.toLowerCase() === "z" : event.code === "KeyZ";
    return z && !event.altKey && !event.shiftKey ? { command: "undo" } : null;
  }
  const digit = /^(Digit|Numpad)\d$/.test(event.code);
  const typesDigit = /^\d$/.test(event.key);
  // French digits need Shift. German Shift+7 is a slash. A number pad without Num Lock has arrows.
  const asClass = digit ? typesDigit || (!event.shiftKey && event.code.startsWith("Digit")) : !event.shiftKey;
  const chosen = asClass && classes.find(({ key }) => key && places(key).includes(event.code));
  if (chosen) return { label: chosen.name };
  const byPlace = event.shiftKey ? SHIFTED[event.code] : PLACES[event.code];
  const command = byPlace ?? TYPED[event.key];
  return command ? { command } : null;
}

// What is printed on the key at the place of a US letter: known where the browser tells, and learned from what is typed.
export class Layout {
  #printed = new Map();

  // True if the layout turned out to be another than the one shown so far.
  learn(event) {
    if (!/^Key[A-Z]$/.test(event.code) || [...event.key].length !== 1 || event.ctrlKey || event.altKey) return false;
    return this.#note(event.code, event.key);
  }

  async ask(keyboard) {
    let changed = false;
    try {
      for (const [code, text] of await keyboard.getLayoutMap()) changed = this.#note(code, text) || changed;
    } catch {
      // Only some browsers tell; the others are learned from.
    }
    return changed;
  }

  #note(code, text) {
    if (!code.startsWith("Key")) return false;
    const changed = this.letter(code.slice(3)) !== text.toUpperCase();
    this.#printed.set(code, text.toUpperCase());
    return changed;
  }

  letter(key) {
    const letter = key.toUpperCase();
    return this.#printed.get(`Key${letter}`) ?? letter;
  }
}
