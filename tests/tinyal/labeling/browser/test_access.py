"""The page for everybody: names and order for a screen reader, keys alone, fingers, contrast by day and by night."""

import pytest

from tests.tinyal.labeling.browser.running import make_pictures

pytestmark = pytest.mark.browser
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
    "device_scale_factor": 2,
}

# Contrast by the formula of WCAG 2: texts to what is behind them, and borders of controls to what is around them.
CONTRAST = """
() => {
  const numbers = (color) => {
    const list = color.match(/[\\d.]+/g).map(Number);
    const [r, g, b] = color.startsWith('color') ? list.slice(0, 3).map((v) => 255 * v) : list;
    return [r, g, b, list[3] ?? 1];
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const color = numbers(getComputedStyle(element).backgroundColor);
      if (color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const contrast = (...pair) => {
    const [low, high] = pair.map(light).sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const seen = (element) => element.checkVisibility({opacityProperty: true, visibilityProperty: true})
    && element.getClientRects().length && !element.closest('.unseen');
  const found = [];
  let texts = 0;
  for (const element of document.querySelectorAll('body *')) {
    if (!seen(element)) continue;
    const style = getComputedStyle(element);
    const text = [...element.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data).join('').trim();
    if (text) {
      texts += 1;
      const ratio = contrast(numbers(element.closest('svg') ? style.fill : style.color), behind(element));
      if (ratio < 4.5) found.push(`text ${text.slice(0, 30)} ${ratio.toFixed(2)}`);
    }
    if (element.matches('#classes button, aside button, header button, input')) {
      const ratio = contrast(numbers(style.borderTopColor), behind(element.parentElement));
      if (ratio < 3) found.push(`border ${element.textContent.slice(0, 30)} ${ratio.toFixed(2)}`);
    }
    if (element.matches('svg .line, #accuracy-bar b')) {
      const color = element.closest('svg') ? style.stroke : style.backgroundColor;
      const ratio = contrast(numbers(color), behind(element.parentElement));
      if (ratio < 3) found.push(`mark ${element.tagName} ${ratio.toFixed(2)}`);
    }
  }
  return [texts, found];
}
"""
CONTROLS = """
() => [...document.querySelectorAll('button, input, summary, [tabindex="0"]')]
  .filter((e) => e.checkVisibility() && e.getClientRects().length).map((e) => {
    const texts = (nodes) => [...nodes].map((node) => node.textContent).join('');
    const name = e.getAttribute('aria-label') || texts(e.labels ?? []) || texts(e.querySelectorAll(':scope > span'))
      || (e.tagName === 'SUMMARY' && e.textContent);
    const box = (e.type === 'checkbox' ? e.closest('label') : e).getBoundingClientRect();
    return [name ? name.trim() : '', Math.round(box.width), Math.round(box.height)];
  })
"""
MOVING = """
() => [...document.querySelectorAll('*')].map((e) => getComputedStyle(e))
  .filter((style) => parseFloat(style.transitionDuration) > 0 || style.animationName !== 'none').length
"""
LISTEN = """
() => {
  window.heard = '';
  const status = document.querySelector('[role=status]');
  new MutationObserver(() => { heard += ` ${status.textContent}`; }).observe(status, {childList: true});
}
"""
HEARD = """
(sentences) => {
  let from = 0;
  const all = sentences.every((each) => (from = heard.indexOf(each, from)) >= 0);
  if (all) heard = '';
  return all;
}
"""
FOCUSED = """
() => {
  const e = document.activeElement;
  const spans = [...e.querySelectorAll(':scope > span')];
  return e.getAttribute('aria-label') || spans.map((s) => s.textContent).join('') || e.tagName;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_stands_out_by_day_and_by_night(busy, visit, scheme, complaints):
    person = visit(busy.url, color_scheme=scheme)
    person.page.emulate_media(reduced_motion="reduce")

    def looked():
        texts, faint = person.page.evaluate(CONTRAST)
        assert texts > 20
        assert faint == []

    person.press("Digit1")
    person.saved()
    person.reads("labels", "#curve")
    looked()
    assert person.item >= 0
    for kind in ("agrees", "differs", "warning"):
        person.page.locator("#feedback").evaluate("(node, kind) => { node.dataset.kind = kind; }", kind)
        looked()
    for key, dialog in (("?", "help"), ("+", "add"), ("KeyW", "why")):
        person.page.keyboard.press(key)
        person.page.locator(f"#{dialog}-dialog[open]").wait_for()
        if dialog == "add":
            person.page.get_by_role("button", name="Only add").click()
            person.reads("needs a name", "#add-error")
        person.page.wait_for_load_state("networkidle")
        looked()
        person.page.keyboard.press("Escape")
    person.page.get_by_role("button", name="Review").click()
    person.page.locator("#classes [aria-pressed=true]").wait_for()
    looked()
    person.page.locator("button[data-command=leave]").focus()
    looked()
    busy.kill()
    person.page.keyboard.press("Escape")
    person.press("Digit1")
    person.reads("The server does not answer", "#banner")
    looked()
    complaints.clear()


def test_every_control_has_a_name_and_room_for_a_finger(busy, visit):
    person = visit(busy.url)
    assert person.item >= 0
    for key, least in ((None, 14), ("?", 4), ("+", 4)):
        if key:
            person.page.keyboard.press(key)
            person.page.locator("dialog[open]").wait_for()
        controls = person.page.evaluate(CONTROLS)
        assert len(controls) >= least
        assert [control for control in controls if not control[0]] == []
        assert [control for control in controls if min(control[1:]) < 24] == []
        person.page.keyboard.press("Escape")


def test_what_a_screen_reader_finds(server, visit):
    person = visit(server.url)
    item = person.item
    page = person.page
    page.evaluate(LISTEN)

    def said(*sentences):  # in one breath, or in two where a picture is late
        page.wait_for_function(HEARD, arg=sentences)

    assert page.locator("html").get_attribute("lang") == "en"
    assert page.title() == "0 of 60 · pictures"
    for role in ("banner", "main", "complementary"):
        assert page.get_by_role(role).count() == 1, role
    assert page.get_by_role("heading", level=1).all_inner_texts() == ["pictures"]
    assert page.get_by_role("img", name=f"Picture {item:03}.png").count() == 1
    assert (
        page.get_by_role("progressbar", name="Answered").get_attribute("aria-valuetext")
        == "0 answers of 60, 0 %"
    )
    for group, names in (("Classes", 3), ("Other answers and tools", 6)):
        assert page.get_by_role("group", name=group).get_by_role("button").count() == names
    shortcuts = page.locator("[aria-keyshortcuts]").evaluate_all(
        "all => all.map((e) => e.getAttribute('aria-keyshortcuts'))"
    )
    assert len(set(shortcuts)) == len(shortcuts) == 10
    person.press("Digit1")
    said("cat.", f"Next: {person.item:03}.png")
    person.press("Backspace")
    said("Taken back: cat.", f"Next: {item:03}.png")


def test_tab_goes_from_the_top_over_classes_to_the_numbers(server, visit):
    person = visit(server.url)
    assert person.item >= 0
    order = []
    for _ in range(12):
        person.page.keyboard.press("Tab")
        order.append(person.page.evaluate(FOCUSED))
    classes = ["cat, 0 labels", "dog, 0 labels", "Add a class"]
    commands = ["Undo", "Skip", "Cannot tell", "Later", "Zoom", "Why this?"]
    assert order == ["Help", *classes, *commands, "Download CSV", "Download JSON"]


def test_buttons_work_by_key_and_keep_the_focus(server, visit):
    person = visit(server.url)
    assert person.item >= 0
    person.page.get_by_role("button", name="dog").focus()
    person.press("Enter", "Space")
    person.saved()
    assert person.page.evaluate(FOCUSED) == "dog, 2 labels"
    assert [event["label"] for event in server.answers()] == ["dog", "dog"]
    person.page.get_by_role("button", name="Undo").focus()
    person.press("Enter", "Enter")
    assert person.page.evaluate(FOCUSED) == "Undo"  # though there is nothing left to undo
    person.page.keyboard.press("Enter")
    person.saved()
    assert [event["action"] for event in server.answers()] == ["label", "label", "undo", "undo"]


def test_after_a_click_of_the_mouse_the_space_bar_does_not_answer(server, visit):
    person = visit(server.url)
    first = person.item
    person.page.get_by_role("button", name="dog").click()
    person.page.locator(f"#stage[data-item]:not([data-item='{first}'])").wait_for()
    person.page.keyboard.press("Space")
    person.page.locator("body[data-zoom=fit]").wait_for()
    person.saved()
    assert len(server.answers()) == 1


def test_single_keys_can_be_switched_off(server, visit):
    person = visit(server.url)
    first = person.item
    person.page.keyboard.press("?")
    person.page.get_by_label("Single keys answer and command").uncheck()
    person.page.keyboard.press("Escape")
    for key in ("Digit1", "ArrowRight", "KeyZ", "+"):
        person.page.keyboard.press(key)
    person.page.get_by_role("button", name="dog").focus()
    person.press("Enter")
    person.saved()
    assert [(event["item"], event["label"]) for event in server.answers()] == [(first, "dog")]
    person.page.reload()
    second = person.item
    person.page.keyboard.press("Digit1")
    person.page.keyboard.press("?")  # help is always there
    person.page.get_by_label("Single keys answer and command").check()
    person.page.keyboard.press("Escape")
    assert person.press("Digit1") == [second]


def test_a_closer_look(serve, visit, tmp_path):
    server = serve(make_pictures(tmp_path / "large", 12, (3000, 2000)), "--classes", "cat,dog")
    person = visit(server.url)
    page = person.page
    size = "canvas => [canvas.width, canvas.height]"
    assert person.item >= 0
    assert page.locator("#image").evaluate(size) == [1600, 1067]  # as large as a screen needs
    page.keyboard.press("KeyZ")
    page.locator("body[data-zoom=fit]").wait_for()
    page.keyboard.press("Space")
    page.locator("body[data-zoom=double]").wait_for()
    page.wait_for_function("() => document.getElementById('image').width === 3000")
    assert page.locator("#image").evaluate(size) == [3000, 2000]
    place = "stage => [stage.scrollLeft, stage.scrollTop]"
    before = page.locator("#stage").evaluate(place)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    after = page.locator("#stage").evaluate(place)
    assert after[0] > before[0] > 0
    assert before[1] > after[1]
    seen = person.press("Digit1")  # an answer keeps the zoom
    assert page.locator("body").get_attribute("data-zoom") == "double"
    page.keyboard.press("Escape")
    page.locator("body[data-zoom='']").wait_for()
    person.saved()
    assert [event["item"] for event in server.answers()] == seen


def test_on_a_phone_fingers_do_it_all(server, visit):
    person = visit(server.url, **PHONE)
    page = person.page
    first = person.item
    width = "() => document.documentElement.scrollWidth"
    assert page.evaluate(width) == 390
    for name in ("cat", "dog", "Undo", "Skip", "Zoom"):
        box = page.get_by_role("button", name=name).bounding_box()
        assert box["y"] + box["height"] <= 844, name  # without scrolling
        assert box["height"] >= 44, name
    assert page.locator("#image").bounding_box()["height"] > 300
    assert page.locator("#classes kbd").first.is_hidden()
    page.get_by_role("button", name="dog").tap()
    page.locator(f"#stage:not([data-item='{first}'])").wait_for()
    page.get_by_role("button", name="Undo").tap()
    page.locator(f"#stage[data-item='{first}']").wait_for()
    page.get_by_role("button", name="Zoom").tap()
    page.locator("body[data-zoom=fit]").wait_for()
    page.get_by_role("button", name="Close").tap()
    page.get_by_role("button", name="Skip").tap()
    page.locator(f"#stage:not([data-item='{first}'])").wait_for()
    person.saved()
    assert [event["action"] for event in server.answers()] == ["label", "undo", "skip"]


@pytest.mark.parametrize("size", [(320, 640), (640, 400), (1024, 600)])
def test_nothing_is_cut_off_in_small_windows(busy, visit, size):
    for number in range(12):
        busy.post("class", name=f"a class with a long name {number}" + "x" * (30 if number == 3 else 0))
    person = visit(busy.url)
    person.page.set_viewport_size({"width": size[0], "height": size[1]})
    assert person.item >= 0
    assert person.page.evaluate("() => document.documentElement.scrollWidth") <= size[0]
    assert person.page.locator("#image").bounding_box()["height"] >= 120
    person.page.get_by_role("button", name="bright").click()
    person.saved()
    person.page.get_by_role("button", name="Why this?").click()
    box = person.page.locator("#why-dialog").bounding_box()
    assert box["width"] <= size[0]
    assert box["height"] <= size[1]


def test_nothing_moves_for_whoever_wants_it_still(busy, visit):
    moving = visit(busy.url)
    still = visit(busy.url, reduced_motion="reduce")
    assert moving.item >= 0
    assert still.item >= 0
    assert moving.page.evaluate(MOVING) > 3
    assert still.page.evaluate(MOVING) == 0
