"""The labelling page without a browser: what its files may contain, and its logic, run by Node."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

import tinyal
from tinyal.labeling.keys import class_keys

STATIC = Path(tinyal.__file__).parent / "labeling" / "static"
SCRIPTS = sorted(STATIC.glob("*.js"))
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="no node on the PATH: apt-get install nodejs")


@pytest.fixture(scope="module")
def evaluate(tmp_path_factory):
    """Run the body of an asynchronous function with the page's modules; what it returns comes back."""
    folder = shutil.copytree(STATIC, tmp_path_factory.mktemp("page") / "static")
    (folder / "package.json").write_text('{"type": "module"}')

    def run(modules, body, **data):
        program = "".join(f"import * as {name} from './{name}.js';" for name in modules.split()) + (
            f"const {{{', '.join(data)}}} = {json.dumps(data)};"
            f"console.log(JSON.stringify(await (async () => {{ {body} }})() ?? null));"
        )
        arguments = [NODE, "--input-type=module", "-e", program]
        done = subprocess.run(arguments, cwd=folder, capture_output=True, encoding="utf-8", timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


class _Elements(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def elements():
    parser = _Elements()
    parser.feed((STATIC / "index.html").read_text(encoding="utf-8"))
    return parser.found


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_makes_no_markup_of_data_and_fetches_from_its_server_alone(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", text
    )
    assert re.findall(r"\w+://[^\"' ]+", text.replace("http://www.w3.org/2000/svg", "")) == []
    assert not re.search(r"\.style\s*=|setAttribute\(\"(style|on\w+)\"", text)
    assert text.startswith("// ")
    for name in re.findall(r"from \"\./([\w.]+)\"", text):
        assert (STATIC / name).is_file(), name


def test_the_page_has_no_script_or_style_within_and_nothing_from_elsewhere():
    found = elements()
    assert not [attributes for tag, attributes in found if tag == "style" or "style" in attributes]
    assert not [tag for tag, attributes in found if any(name.startswith("on") for name in attributes)]
    assert all(attributes.get("src") for tag, attributes in found if tag == "script")
    named = [attributes[name] for _, attributes in found for name in ("src", "href") if name in attributes]
    assert len(named) >= 3
    for address in named:  # a link to a place on the page would lose the token, which is behind the same sign
        assert (STATIC / address.removeprefix("/static/")).is_file(), address
    assert "url(" not in (STATIC / "style.css").read_text(encoding="utf-8")


def test_elements_that_scripts_look_for_are_on_the_page():
    there = {attributes["id"] for _, attributes in elements() if "id" in attributes}
    text = "".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    wanted = set(re.findall(r"byId\(\"([\w-]+)\"\)", text))
    assert len(wanted) > 20
    assert wanted <= there
    labelled = [attributes["for"] for tag, attributes in elements() if tag == "label" and "for" in attributes]
    assert set(labelled) <= there


PRESSED = [  # code, key, modifiers -> what it means
    ("Digit1", "1", "", {"label": "cat"}),
    ("Digit1", "&", "", {"label": "cat"}),  # French, without Shift
    ("Digit1", "1", "shift", {"label": "cat"}),  # French, with it
    ("Digit1", "!", "shift", None),
    ("Digit1", "+", "", {"label": "cat"}),  # Czech
    ("Numpad1", "1", "", {"label": "cat"}),
    ("Numpad1", "End", "", None),
    ("Numpad6", "ArrowRight", "", None),
    ("KeyA", "q", "", {"label": "ant"}),  # French
    ("KeyA", "A", "shift", None),
    ("KeyA", "a", "ctrl", None),
    ("Digit1", "1", "alt", None),
    ("Digit7", "/", "shift", {"command": "help"}),  # German
    ("Minus", "?", "shift", {"command": "help"}),
    ("Equal", "+", "shift", {"command": "add"}),
    ("NumpadAdd", "+", "", {"command": "add"}),
    ("KeyZ", "y", "", {"command": "zoom"}),  # German
    ("Space", " ", "", {"command": "zoom"}),
    ("KeyY", "z", "ctrl", {"command": "undo"}),  # German
    ("KeyZ", "z", "meta", {"command": "undo"}),
    ("KeyZ", "я", "ctrl", {"command": "undo"}),  # Russian
    ("KeyZ", "Z", "ctrl shift", None),
    ("Backspace", "Backspace", "", {"command": "undo"}),
    ("ArrowRight", "ArrowRight", "", {"command": "forward"}),
    ("KeyC", "C", "shift", {"command": "cannot-tell"}),
    ("KeyC", "c", "", None),
    ("KeyD", "D", "shift", {"command": "defer"}),
    ("KeyW", "w", "", {"command": "why"}),
    ("Escape", "Escape", "", {"command": "leave"}),
    ("Tab", "Tab", "", None),
]


@needs_node
def test_a_key_means_the_same_on_every_layout(evaluate):
    events = [
        {
            "code": code,
            "key": key,
            **{f"{each}Key": each in held.split() for each in ("ctrl", "meta", "alt", "shift")},
        }
        for code, key, held, _ in PRESSED
    ]
    classes = [{"name": "cat", "key": "1"}, {"name": "ant", "key": "a"}, {"name": "none", "key": None}]
    found = evaluate(
        "keys", "return events.map((e) => keys.meaning(e, classes));", events=events, classes=classes
    )
    assert found == [meant for *_, meant in PRESSED]


@needs_node
def test_no_key_of_a_class_is_a_commands(evaluate):
    given = [key for key in class_keys(f"class {k}" for k in range(33)) if key]
    codes = evaluate("keys", "return given.map((key) => keys.places(key)[0]);", given=given)
    assert len(set(codes)) == 32
    plain = {"ctrlKey": False, "metaKey": False, "altKey": False, "shiftKey": False}
    events = [{"code": code, "key": key, **plain} for code, key in zip(codes, given, strict=True)]
    assert evaluate("keys", "return events.map((e) => keys.meaning(e, []));", events=events) == [None] * 32


@needs_node
def test_letters_are_shown_as_the_keyboard_prints_them(evaluate):
    body = """
    const layout = new keys.Layout();
    const before = layout.letter('a');
    const learned = [{code: 'KeyA', key: 'q'}, {code: 'KeyA', key: 'Q'}, {code: 'KeyB', key: 'Dead'},
                     {code: 'Digit1', key: '&'}].map((event) => layout.learn(event));
    const told = await layout.ask({getLayoutMap: async () => new Map([['KeyZ', 'w'], ['Digit2', 'é']])});
    const silent = await layout.ask({getLayoutMap: async () => { throw new Error('not allowed'); }});
    return [before, learned, told, silent, layout.letter('a'), layout.letter('b'), layout.letter('z')];
    """
    assert evaluate("keys", body) == ["A", [True, False, False, False], True, False, "Q", "B", "W"]


OUTBOX = """
const stored = new Map();
const storage = new Proxy({
  getItem: (key) => stored.get(key) ?? null,
  setItem: (key, text) => { if (full) throw new Error('full'); stored.set(key, text); },
  removeItem: (key) => stored.delete(key),
}, {ownKeys: () => [...stored.keys()], getOwnPropertyDescriptor: () => ({enumerable: true, configurable: true})});
let full = false;
const [sent, done, refused] = [[], [], []];
let behave = async () => ({});
const open = (key = 'own') => new outbox.Outbox({
  storage, key, pause: 1,
  send: async (path, body) => { sent.push(body.request); return behave(body); },
  done: ({body}, reply) => done.push([body.request, reply.event]),
  refused: ({body}, error) => refused.push([body.request, error.status]),
});
const answer = (request, item = 0) => ({path: '/api/answer', body: {request, item}});
"""


@needs_node
def test_answers_come_through_in_order_and_again_under_their_number(evaluate):
    body = """
    let failures = 3;
    behave = async ({request}) => {
      if (request === 'b' && failures-- > 0) throw new connection.Away(failures === 1 ? 503 : null);
      return {event: request.toUpperCase()};
    };
    const box = open();
    box.add(answer('a', 5));
    box.add(answer('b', 6));
    const waiting = box.items;
    const kept = JSON.parse(stored.get('own')).map(({body}) => body.request);
    await box.add(answer('c', 7));
    while (box.entries.length) await new Promise((resolve) => setTimeout(resolve, 1));
    return [waiting, kept, sent, done, stored.size];
    """
    waiting, kept, sent, done, stored = evaluate("outbox connection", OUTBOX + body)
    assert waiting == [5, 6]
    assert kept == ["a", "b"]
    assert sent == ["a", "b", "b", "b", "b", "c"]
    assert done == [["a", "A"], ["b", "B"], ["c", "C"]]
    assert stored == 0


@needs_node
def test_a_refusal_is_final_and_holds_up_nothing(evaluate):
    body = """
    behave = async ({request}) => {
      if (request === 'a') throw new connection.Refused(409, {error: 'before', label: 'cat', who: 'Ann'});
      return {event: 1};
    };
    const box = open();
    box.add(answer('a'));
    box.add(answer('b'));
    while (box.entries.length) await new Promise((resolve) => setTimeout(resolve, 1));
    return [sent, refused, done, stored.size];
    """
    sent, refused, done, stored = evaluate("outbox connection", OUTBOX + body)
    assert (sent, refused, done, stored) == (["a", "b"], [["a", 409]], [["b", 1]], 0)


@needs_node
def test_answers_outlive_their_page(evaluate):
    body = """
    behave = () => new Promise(() => {}); // a server that never answers
    open().add(answer('a'));
    open('of another').add(answer('b'));
    stored.set('of a third', 'no JSON');
    behave = async () => ({event: 1});
    const again = open();
    const found = again.entries.map(({body}) => body.request);
    again.adopt('of ');
    while (again.entries.length) await new Promise((resolve) => setTimeout(resolve, 1));
    return [found, sent, [...stored.keys()]];
    """
    found, sent, stored = evaluate("outbox", OUTBOX + body)
    assert found == ["a"]
    assert sent == ["a", "b", "a", "b"]
    assert stored == []


@needs_node
def test_the_last_answer_about_an_item_is_known_whether_it_has_come_through_or_not(evaluate):
    body = """
    let answers = true;
    behave = async ({request}) => {
      if (request === 'no') throw new connection.Refused(409, {error: 'before'});
      return answers ? {event: 1} : new Promise(() => {});
    };
    stored.set('of another', JSON.stringify([answer('a', 5), answer('b', 6), answer('c', 5)]));
    const box = open();
    const none = box.latest(5);
    box.adopt('of ');
    const waiting = [5, 6].map((item) => box.latest(item));
    while (box.entries.length) await new Promise((resolve) => setTimeout(resolve, 1));
    const through = [5, 6].map((item) => box.latest(item));
    await box.add(answer('no', 6));
    answers = false;
    box.add({path: '/api/undo', body: {request: 'u'}});
    box.add(answer('d', 5));
    return [none, waiting, through, [5, 6, 7].map((item) => box.latest(item))];
    """
    assert evaluate("outbox connection", OUTBOX + body) == [
        None,
        ["c", "b"],
        ["c", "b"],
        ["d", "b", None],
    ]


@needs_node
def test_a_full_storage_is_noticed_and_answers_are_sent_all_the_same(evaluate):
    body = """
    full = true;
    const box = open();
    const sending = box.add(answer('a'));
    const kept = box.kept;
    await sending;
    return [kept, done];
    """
    assert evaluate("outbox", OUTBOX + body) == [False, [["a", None]]]


QUESTIONS = """
const calls = [];
let given = [];
let reply = () => ({questions: given.splice(0, 20), done: false});
const arrive = new Map();
const closed = [];
const pictures = {load: (item) => new Promise((resolve, reject) => arrive.set(item, {
  yes: () => resolve({bitmap: {close: () => closed.push(item)}}), no: reject}))};
let pending = [];
const all = new questions.Questions({
  client: 'c', pictures, pending: () => pending, changed: () => {}, told: () => {},
  post: async (path, body) => { calls.push(body); return reply(body); },
});
const ask = (item) => ({item, name: `${item}.png`, text: null, picture: true, how: 'strategy'});
const tick = () => new Promise((resolve) => setTimeout(resolve, 1));
const items = () => [all.current?.item ?? null, all.waiting.map(({item}) => item)];
"""


@needs_node
def test_a_late_picture_holds_up_no_other(evaluate):
    body = """
    given = [1, 2, 3].map(ask);
    await all.refill();
    all.advance();
    const none = all.current;
    arrive.get(2).yes();
    await tick();
    all.advance();
    return [none, items()];
    """
    assert evaluate("questions", QUESTIONS + body) == [None, [2, [1, 3]]]


@needs_node
def test_the_server_hears_what_is_held_and_what_is_unsent(evaluate):
    body = """
    given = [1, 2].map(ask);
    await all.refill();
    arrive.get(1).yes();
    await tick();
    all.advance();
    all.answered();
    pending = [1];
    given = [ask(1), ask(2), ask(9)]; // the first answer is still on its way
    await all.refill();
    return [calls.map(({count, holding}) => [count, holding]), items()];
    """
    calls, items = evaluate("questions", QUESTIONS + body)
    assert calls == [[8, []], [7, [2, 1]]]
    assert items == [None, [2, 9]]


@needs_node
def test_undo_puts_a_question_before_the_one_on_screen_with_its_picture(evaluate):
    body = """
    given = [1, 2, 3].map(ask);
    await all.refill();
    for (const item of [1, 2, 3]) arrive.get(item).yes();
    await tick();
    all.advance();
    const first = all.answered();
    all.advance();
    all.putBack(ask(1));
    const back = [items(), all.current === first];
    all.answered();
    all.advance();
    all.putBack(ask(70)); // an answer of long ago: its picture has to come first
    const waits = items();
    arrive.get(70).yes();
    await tick();
    all.advance();
    return [back, waits, items()];
    """
    back, waits, came = evaluate("questions", QUESTIONS + body)
    assert back == [[1, [2, 3]], True]
    assert waits == [None, [70, 2, 3]]
    assert came == [70, [2, 3]]


@needs_node
def test_what_was_taken_back_meanwhile_is_not_dropped_by_a_reply_about_the_time_before(evaluate):
    body = """
    given = [1, 2, 3, 4, 5].map(ask);
    await all.refill();
    for (const item of arrive.keys()) arrive.get(item).yes();
    await tick();
    for (const item of [1, 2]) { all.advance(); all.answered(); pending.push(item); }
    all.advance();
    let late;
    reply = () => new Promise((resolve) => { late = resolve; });
    const asking = all.refill({renew: true}); // the server has the answers before it has this
    all.putBack(ask(2));
    all.putBack(ask(1));
    pending = [];
    late({questions: [], done: false, drop: [1, 2]});
    await asking;
    const found = [items()];
    reply = () => ({questions: [], done: false, drop: [1, 2, 5]}); // it has not heard that they were taken back
    await all.refill({renew: true});
    found.push(items());
    reply = () => { all.confirmed(2); return {questions: [], done: false, drop: [2]}; }; // it has, after this was asked
    await all.refill({renew: true});
    found.push(items());
    reply = () => ({questions: [], done: false, drop: [2]}); // another has it since
    await all.refill({renew: true});
    return [calls.at(1).holding, ...found, items()];
    """
    holding, late, unheard, between, lost = evaluate("questions", QUESTIONS + body)
    assert sorted(holding) == [1, 2, 3, 4, 5]
    assert late == [1, [2, 3, 4, 5]]
    assert unheard == between == [1, [2, 3, 4]]
    assert lost == [1, [3, 4]]


@needs_node
def test_pictures_are_let_go_and_lost_questions_dropped(evaluate):
    body = """
    given = [1, 2, 3, 4, 5, 6, 7, 8].map(ask);
    await all.refill();
    for (const item of arrive.keys()) arrive.get(item).yes();
    await tick();
    for (let n = 0; n < 6; n += 1) { all.advance(); all.answered(); }
    const old = [...closed];
    all.advance();
    reply = () => ({questions: [], done: true, drop: [7, 8]});
    await all.refill();
    return [old, closed, items(), all.done];
    """
    old, closed, items, done = evaluate("questions", QUESTIONS + body)
    assert old == [1]
    assert closed == [1, 8]
    assert items == [7, []]  # what is on screen stays there
    assert not done


@needs_node
def test_a_picture_that_failed_is_told_and_one_of_a_server_that_is_gone_comes_later(evaluate):
    body = """
    given = [1, 2].map(ask);
    await all.refill();
    arrive.get(1).no(new connection.Away());
    arrive.get(2).no(new connection.Refused(404, {error: 'it is gone'}));
    await tick();
    const states = all.waiting.map(({state, error}) => [state, error]);
    all.retry();
    arrive.get(1).yes();
    await tick();
    return [states, all.waiting.map(({state}) => state)];
    """
    states, later = evaluate("questions connection", QUESTIONS + body)
    assert states == [["loading", "The server does not answer."], ["failed", "it is gone"]]
    assert later == ["ready", "failed"]


@needs_node
def test_the_history_is_kept_over_a_reload_and_bounded(evaluate):
    body = """
    const stored = new Map();
    const storage = {getItem: (key) => stored.get(key) ?? null, setItem: (key, text) => stored.set(key, text)};
    const open = () => new history.History(storage, 'key');
    const first = open();
    for (let item = 0; item < 60; item += 1) first.add(`r${item}`, {item, name: `${item}.png`}, 'cat');
    first.remove('r58');
    const last = open().pop().request;
    const again = open();
    stored.set('key', '{');
    return [last, again.last.request, again.answers.length, open().last ?? null];
    """
    assert evaluate("history", body) == ["r59", "r57", 48, None]


@needs_node
def test_of_two_replies_the_one_that_knows_of_more_counts_or_else_the_later_one(evaluate):
    body = """
    const changes = [];
    let heard = 0;
    const now = new latest.Latest({heard: () => { heard += 1; }, changed: () => changes.push(now.status.name)});
    const replies = [];
    const ask = () => now.take(new Promise((resolve) => replies.push(resolve)), (reply) => reply.status);
    const asked = [ask(), ask(), ask(), ask(), ask()];
    const come = async (place, events, name) => {
      replies[place]({status: {events, name}});
      return (await asked[place]).status.name;
    };
    const returned = [
      await come(1, 4, 'first'),
      await come(0, 4, 'asked before, and nothing has happened between'),
      await come(3, 3, 'asked later, and overtaken on the way there'),
      await come(2, 6, 'knows of more'),
      await come(4, 6, 'asked later'),
    ];
    return [changes, heard, returned.length, now.status.events];
    """
    found = evaluate("latest", body)
    assert found == [["first", "knows of more", "asked later"], 5, 5, 6]


@needs_node
def test_the_curve_is_drawn_to_scale(evaluate):
    points = [
        {"labels": 10, "accuracy": 0.5, "low": 0.42, "high": 0.7},
        {"labels": 20, "accuracy": 0.75, "low": 0.6, "high": 0.9},
        {"labels": 40, "accuracy": 0.9, "low": 0.8, "high": 1.0},
    ]
    body = """
    const {x, y, base, most, line, band} = curve.geometry(points);
    const none = curve.geometry([]).line;
    return {ends: [x(0), x(40), y(1), y(base)], base, most, line, band, none, size: curve.SIZE};
    """
    found = evaluate("curve", body, points=points)
    size = found["size"]
    assert (found["base"], found["most"], found["none"]) == (0.4, 40, "")
    inner = [size["left"], size["width"] - size["right"], size["top"], size["height"] - size["bottom"]]
    assert found["ends"] == pytest.approx(inner)
    at = [[float(part) for part in point.split()] for point in found["line"].strip("M").split("L")]
    width, height = inner[1] - inner[0], inner[3] - inner[2]
    expected = [
        [inner[0] + p["labels"] / 40 * width, inner[2] + (1 - p["accuracy"]) / 0.6 * height] for p in points
    ]
    assert at == [pytest.approx(point, abs=0.06) for point in expected]
    assert found["band"].count("L") == 5
    assert found["band"].endswith("Z")


@needs_node
def test_numbers_are_grouped_and_counted(evaluate):
    body = """
    const {counted, grouped, percent} = elements;
    return [grouped(1234567), counted(1, 'label'), counted(1200, 'label'), percent(0.914)];
    """
    assert evaluate("elements", body) == ["1\u202f234\u202f567", "1 label", "1\u202f200 labels", "91 %"]
