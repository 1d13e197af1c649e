// The page as a whole: what is on screen, who talks to whom, and what happens when the server goes and returns.

import { Connection } from "./connection.js";
import { Adding, closable, why } from "./dialogs.js";
import { Dock } from "./dock.js";
import { button, byId, onPress, write } from "./elements.js";
import { History } from "./history.js";
import { listen } from "./keyboard.js";
import { Layout } from "./keys.js";
import { Latest } from "./latest.js";
import { Labelling } from "./labelling.js";
import { Outbox } from "./outbox.js";
import { Panel } from "./panel.js";
import { Pictures } from "./pictures.js";
import { Questions } from "./questions.js";
import { Review } from "./review.js";
import { Speaker } from "./speaker.js";
import { Stage } from "./stage.js";
import { answersOf, claimClient, kept, save, unsentOf } from "./storage.js";

const RENEWED = 20_000; // milliseconds: questions held longer without a sign go to others
const LOOKED = { gone: 1500, empty: 2500, training: 2500, idle: 8000 }; // milliseconds between looks at the server

const token = new URLSearchParams(location.hash.slice(1)).get("token");
addEventListener("hashchange", () => location.reload());
if (token) begin();
else tell("This address lacks its key. Open the one that the terminal printed: it ends in #token=…");

function tell(sentence) {
  write(byId("banner"), sentence ?? "");
  byId("banner").hidden = !sentence;
}

async function begin() {
  const client = claimClient();
  const name = kept(byId("who"), "tinyal.who", "value");
  const who = () => name().trim() || "anonymous";
  const connection = new Connection(token, connectionChanged);
  const pictures = new Pictures((path) => connection.bytes(path));
  const speaker = new Speaker(byId("said"));
  const stage = new Stage(pictures);
  const panel = new Panel();
  const layout = new Layout();
  const dock = new Dock({ layout, label: (label) => chosen(label), command: (command) => commanded(command) });
  const get = (path) => connection.get(path);
  const latest = new Latest({
    heard: () => (looked = performance.now()),
    changed() {
      if (!due) requestAnimationFrame(showStatus);
      due = true;
    },
  });
  const post = (path, body) => latest.take(connection.post(path, body), (reply) => reply.status);
  // Who asks for questions says no name: whether that person could undo stays as it was.
  const ask = (path, body) =>
    latest.take(connection.post(path, body), ({ status }) => ({ ...status, can_undo: latest.status.can_undo }));
  let [outbox, labelling, review, mode] = [null, null, null, null];
  let [looked, renewed] = [0, 0];
  let [due, opening, looking] = [false, false, false]; // a frame that shows the status, a review, a look at the server

  // What is on screen

  function render() {
    if (mode === labelling && !labelling.questions.current) labelling.questions.advance();
    const question = mode.current;
    if (!question) {
      const [heading, sentences] = mode.rest(connection.error !== null);
      stage.rest(heading, sentences, mode.finished ? ways() : []);
      speaker.say({ next: `${heading}. ${sentences.join(" ")}` });
    } else if (stage.question !== question) {
      stage.show(question);
      if (mode === labelling) speaker.say({ next: `Next: ${spoken(question)}` });
    }
    if (mode !== labelling) return;
    for (const command of ["forward", "cannot-tell", "defer", "why"]) dock.enable(command, question !== null);
    dock.enable("zoom", Boolean(question?.image));
    dock.enable("undo", labelling.history.last !== undefined || Boolean(latest.status?.can_undo));
  }

  function ways() {
    const labels = button({ text: "Download the labels", kind: "main" }, () => download("csv"));
    if (mode === review) return [button({ text: "Back to labelling", key: "Esc" }, () => enter(labelling)), labels];
    return latest.status?.to_review ? [button({ text: "Review doubtful labels" }, startReview), labels] : [labels];
  }

  function notice(text, kind = "") {
    write(byId("feedback"), text);
    byId("feedback").dataset.kind = kind;
    if (kind === "warning") speaker.say({ guess: text });
  }

  function showStatus() {
    due = false;
    const { status } = latest;
    panel.show(status);
    dock.showClasses(status.classes);
    if (mode === review) review.mark();
    if (mode) render();
  }

  function showSaved() {
    const waiting = outbox?.entries.length ?? 0;
    byId("saved").dataset.state = waiting ? (connection.error ? "kept" : "sending") : "saved";
    write(byId("saved"), !waiting ? "All saved" : connection.error ? `${waiting} kept here` : `Saving ${waiting}`);
  }

  // What is done

  function chosen(label) {
    dock.flash(label);
    mode.choose(label);
  }

  function commanded(command) {
    dock.flash(`command ${command}`);
    if (command === "leave" && stage.zoom) stage.zoomTo(0);
    else if (command === "zoom") stage.zoomTo(stage.zoom + 1);
    else if (command === "help") byId("help-dialog").showModal();
    else if (command === "add") adding.open(stage.question);
    else if (command === "why" && mode === labelling && stage.question) why(stage.question, get, pictures);
    else mode.run(command);
  }

  function enter(next) {
    mode?.leave();
    mode = next;
    document.body.dataset.mode = mode === review ? "review" : "label";
    dock.showCommands(mode.commands);
    mode.enter();
    render();
  }

  async function attempt(action) {
    try {
      await action();
    } catch (error) {
      notice(error.message, "warning");
    }
  }

  async function startReview() {
    if (opening) return;
    opening = true; // a second reply would begin again in the midst of the first
    await attempt(async () => {
      await review.open(get);
      enter(review);
      stage.root.focus();
    });
    opening = false;
  }

  const download = (kind) => attempt(async () => {
    const name = save(await connection.bytes(`/api/export.${kind}`), `${latest.status?.title ?? ""} labels.${kind}`);
    notice(`${name} was given to the browser to save.`);
    speaker.say({ guess: `${name} was given to the browser to save.` });
  });

  const adding = new Adding({
    post, client, who,
    added(label, { classes }, question) {
      dock.showClasses(classes);
      speaker.say({ answer: `Class ${label} added.` });
      if (question && question === stage.question) chosen(label);
      else notice(`Class ${label} added.`);
    },
  });

  // The server

  function connectionChanged(error) {
    if (error?.status === 401) {
      tell("The server does not know this page's key. Open the address that the terminal printed last.");
    } else if (error) {
      tell("The server does not answer. Go on while there are pictures: your answers are kept here, and sent when it is back.");
    } else {
      tell(null);
      speaker.say({ guess: "The server is back." });
      outbox?.hurry();
      retry();
      labelling?.questions.refill({ renew: true });
    }
    showSaved();
    if (mode) render();
  }

  function retry() {
    labelling?.questions.retry();
    review?.retry();
  }

  async function look() {
    const now = performance.now();
    const short = mode === labelling && !mode.current;
    const pause = connection.error ? LOOKED.gone : short ? LOOKED.empty : latest.status.training ? LOOKED.training : LOOKED.idle;
    if (document.hidden || looking || now - looked < pause) return;
    looked = now;
    looking = true; // a slow server is not asked once more meanwhile
    if (!connection.error) retry();
    if (short || now - renewed > RENEWED) {
      renewed = now;
      await labelling.questions.refill({ renew: true });
    } else {
      await readStatus().catch(() => {}); // the connection has told why
    }
    looking = false;
  }

  const readStatus = () => latest.take(get(`/api/status?client=${client}&who=${encodeURIComponent(who())}`), (reply) => reply);

  while (!(await readStatus().catch(() => null))) await new Promise((resolve) => setTimeout(resolve, LOOKED.gone));
  const { project } = latest.status;
  outbox = new Outbox({
    send: post,
    storage: localStorage,
    key: unsentOf(project) + client,
    done: (entry, reply) => !entry.review && labelling.done(entry, reply),
    refused: (entry, error) => (entry.review ? review : labelling).refused(entry, error),
    changed: showSaved,
  });
  const questions = new Questions({
    client, pictures,
    post: ask,
    pending: () => outbox.items,
    changed: () => mode === labelling && render(),
    told: () => (renewed = performance.now()),
    failed: (error) => notice(error.message, "warning"),
  });
  const shared = { client, who, outbox, questions, stage, dock, speaker, notice, render };
  labelling = new Labelling({ ...shared, history: new History(sessionStorage, answersOf(project, client)) });
  review = new Review({ ...shared, left: () => enter(labelling) });
  showSaved();
  enter(labelling);
  outbox.adopt(unsentOf(project)); // before questions are asked for: what was answered is not asked again
  questions.refill();
  closable();
  listen({ layout, dock, stage, chosen, commanded, enabled: kept(byId("keys-answer"), "tinyal.keys", "checked") });
  onPress(byId("help"), () => commanded("help"));
  onPress(byId("review"), startReview);
  for (const kind of ["csv", "json"]) onPress(byId(kind), () => download(kind));
  onPress(byId("larger"), () => stage.zoomTo(stage.zoom + 1));
  onPress(byId("unzoom"), () => stage.zoomTo(0));
  addEventListener("online", () => outbox.hurry());
  addEventListener("beforeunload", (event) => !outbox.kept && event.preventDefault());
  document.addEventListener("visibilitychange", look);
  setInterval(look, 500);
}

function spoken({ name, text }) {
  return (text && text !== name ? `${name}: ${text}` : name).slice(0, 500);
}
