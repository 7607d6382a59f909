"""The review page in a real browser, by keyboard alone, on a wide and on a narrow window.

    SCREENSHOTS=docs/images python -m pytest tests/rendering/test_review_browser.py

makes the picture of `docs/questions.md` anew.
"""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rag_chunk.config import yaml_text
from rag_chunk.corpus import Corpus, Document
from tests.support.review_server import ReviewClient, running_review

BROWSER = next(
    (place for name in ("chromium", "chromium-browser", "google-chrome") if (place := shutil.which(name))), ""
)
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]  # fmt: skip
PATIENCE = 60_000  # ms; two cores may be busy
HOSTILE = "</script><img src=x onerror=\"document.title='owned'\"><b>not bold</b>"

pytest.importorskip("starlette", reason="the extra review is not installed")
pytest.importorskip("ruamel.yaml", reason="the extra review is not installed")
pytestmark = [
    pytest.mark.skipif(not BROWSER, reason="there is no Chromium to review questions with"),
    pytest.mark.skipif(not importlib.util.find_spec("playwright"), reason="playwright is not installed"),
]

ROOMS = ("hall", "kitchen", "cellar", "attic", "garage", "library", "office", "studio", "workshop", "garden")
GUIDE = "# Rooms\n\n" + "".join(
    f"## The {room}\n\nThe {room} of the house opens at {7 + number}:30 in the morning. It has {number + 2} windows.\n\n"
    for number, room in enumerate(ROOMS)
)
NOTES = f"{HOSTILE}\n\nA \U0001f511 key \U0001f511 for the cellar hangs behind the door of the kitchen.\n"
CORPUS = Corpus([Document("rooms.md", GUIDE), Document("notes.txt", NOTES)])
DRAFTS = "# Drafts of the rooms.\n" + "".join(
    f"- id: {room}\n  question: When can somebody enter the {room}?\n  reviewed: false  # not yet\n"
    f"  relevant: [The {room} of the house opens at {7 + number}:30 in the morning.]\n"
    for number, room in enumerate(ROOMS)
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        launched = started.chromium.launch(executable_path=BROWSER, headless=True, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "q.yaml").write_text(DRAFTS)
    return tmp_path / "q.yaml"


@pytest.fixture
def client(path: Path) -> Iterator[ReviewClient]:
    with running_review(path, CORPUS) as running:
        yield running


@pytest.fixture
def page(browser: Any, client: ReviewClient) -> Iterator[Any]:
    yield from opened(browser, client.address)


def opened(browser: Any, address: str, **settings: Any) -> Iterator[Any]:
    """Open the page; whatever it complains of fails the test."""
    context = browser.new_context(**{"viewport": {"width": 1400, "height": 860}, **settings})
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.locator("mark.on").first.wait_for()
    yield page
    context.close()
    assert [each for each in complaints if "the server responded with a status of 4" not in each and "ERR_CONNECTION" not in each] == []  # fmt: skip


def records(path: Path) -> dict[str, dict[str, Any]]:
    return {record["id"]: record for record in yaml_text.load(path.read_text())}


def shown(page: Any, name: str) -> None:
    wait_until(page, lambda: page.locator("#place").inner_text().endswith(f"· {name}"))


def saved(page: Any, path: Path, name: str, **wanted: Any) -> None:
    """Wait until the file has it."""
    wait_until(page, lambda: all(records(path)[name].get(field) == value for field, value in wanted.items()))


def wait_until(page: Any, is_so: Callable[[], bool]) -> None:
    """Wait without the page's help: its policy forbids to evaluate a text in it."""
    for _ in range(PATIENCE // 50):
        if is_so():
            return
        page.wait_for_timeout(50)
    raise AssertionError([page.locator(name).inner_text() for name in ("#message", "#place", "#counts")])


def test_questions_are_accepted_rejected_skipped_and_edited_by_keys_alone(page: Any, path: Path) -> None:
    shown(page, "hall")
    page.keyboard.press("a")
    shown(page, "kitchen")
    saved(page, path, "hall", reviewed=True)
    page.keyboard.press("r")
    shown(page, "cellar")
    saved(page, path, "kitchen", reviewed="rejected")
    page.keyboard.press("s")
    shown(page, "attic")
    page.keyboard.press("e")
    page.keyboard.type("May I go up at nine?")
    page.keyboard.press("Escape")
    saved(page, path, "attic", question="May I go up at nine?", reviewed=False)
    page.keyboard.press("t")
    page.keyboard.type("number")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    saved(page, path, "attic", tags=["number"])
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / "review.png")
    page.keyboard.press("u")
    page.keyboard.press("u")
    saved(page, path, "attic", question="When can somebody enter the attic?", tags=None)
    page.keyboard.press("k")
    shown(page, "cellar")
    assert "# not yet" in path.read_text()
    assert "2 of 10 reviewed: 1 accepted, 1 rejected" in page.locator("#counts").inner_text()
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#help").is_visible()


def test_evidence_is_selected_by_keys(page: Any, path: Path) -> None:
    page.keyboard.press("d")
    page.keyboard.press("ArrowRight")  # takes up the evidence that is there
    for _ in range(4):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("c")
    page.locator("#selection", has_text="Select text").wait_for()
    text = "The hall of the house opens at 7:30 in the morning. It has 2 windows."
    start = GUIDE.index("The hall of")
    where = {"doc": "rooms.md", "start": start, "end": start + len(text), "text": text}
    saved(page, path, "hall", evidence=[where], relevant=None)
    assert page.locator("mark.on").inner_text() == text
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("m")
    page.locator(".item").nth(1).wait_for()
    page.keyboard.press("2")
    page.keyboard.press("x")
    page.locator(".item").nth(1).wait_for(state="detached")
    saved(page, path, "hall", evidence=[where])


def test_a_search_leads_to_a_place_that_becomes_an_alternative(page: Any, path: Path) -> None:
    page.keyboard.press("/")
    page.keyboard.type("key for the cellar")
    page.keyboard.press("Enter")
    page.locator(".place", has_text="hangs behind").wait_for()
    page.locator(".place", has_text="hangs behind").focus()
    page.keyboard.press("Enter")
    page.locator("#selection", has_text="hangs behind the door").wait_for()
    page.keyboard.press("v")
    page.locator(".wording").nth(1).wait_for()
    (item,) = records(path)["hall"]["evidence"]
    assert NOTES[item[1]["start"] : item[1]["end"]] == item[1]["text"] == NOTES.split("\n\n")[1].strip()


def test_text_that_is_selected_with_a_mouse_keeps_its_place_behind_wide_characters(page: Any, path: Path) -> None:
    page.locator("#document").select_option("0")  # notes.txt
    page.locator(".block", has_text="hangs behind").wait_for()
    page.evaluate(
        """() => {
        const text = [...document.querySelectorAll(".block")].at(-1).firstChild, range = document.createRange();
        range.setStart(text, text.data.indexOf("hangs")); range.setEnd(text, text.data.indexOf(" of the kitchen"));
        getSelection().removeAllRanges(); getSelection().addRange(range); }"""
    )
    page.get_by_text("Make it evidence").click()
    page.locator(".item").nth(1).wait_for()
    (item,) = records(path)["hall"]["evidence"]
    assert item["text"] == "hangs behind the door"
    assert NOTES[item["start"] : item["end"]] == item["text"]


@pytest.fixture
def held(page: Any) -> Callable[[str], Callable[[], None]]:
    """Return what holds the next answer to an address back until it is told to let it go."""

    def hold(pattern: str) -> Callable[[], None]:
        routes: list[Any] = []
        page.route(re.compile(pattern), lambda route, _: routes.append(route), times=1)

        def release() -> None:
            wait_until(page, lambda: bool(routes))
            routes.pop().continue_()

        return release

    return hold


def test_a_document_that_is_chosen_while_a_question_is_opened_stays(page: Any, held: Any) -> None:
    release = held(r"/question\?id=kitchen")
    page.keyboard.press("s")
    page.locator("#document").select_option("0")  # notes.txt
    page.locator(".block", has_text="hangs behind").wait_for()
    release()
    shown(page, "kitchen")
    page.wait_for_timeout(100)
    assert page.locator(".block", has_text="hangs behind").is_visible()
    page.locator(".quote").first.click()
    page.locator("mark.on", has_text="The kitchen of the house").wait_for()


def test_what_is_typed_while_a_question_is_opened_is_of_the_one_that_is_shown(page: Any, held: Any, path: Path) -> None:
    release = held(r"/question\?id=kitchen")
    page.keyboard.press("s")
    page.keyboard.press("e")
    page.keyboard.type("Is the hall open?")
    release()
    shown(page, "kitchen")
    saved(page, path, "hall", question="Is the hall open?")
    saved(page, path, "kitchen", question="When can somebody enter the kitchen?")
    assert page.locator("#ask").input_value() == "When can somebody enter the kitchen?"


def test_a_question_that_is_opened_after_a_review_is_not_left_for_the_next(page: Any, held: Any, path: Path) -> None:
    release = held("/change$")
    page.keyboard.press("a")
    page.locator("#questions .line", has_text="garden").click()
    release()
    shown(page, "garden")
    saved(page, path, "hall", reviewed=True)
    page.wait_for_timeout(100)
    shown(page, "garden")
    page.keyboard.press("r")
    saved(page, path, "garden", reviewed="rejected")


def test_hostile_text_is_text(page: Any, client: ReviewClient) -> None:
    client.change("hall", do="ask", text=HOSTILE)
    client.change("hall", do="tag", tags=[HOSTILE])
    page.reload()
    page.locator("mark.on").first.wait_for()
    page.locator("#document").select_option("0")
    page.locator(".block", has_text="not bold").wait_for()
    page.locator(".tag", has_text="onerror").wait_for()
    assert page.locator("img, b:not(.bar b)").count() == 0
    assert "owned" not in page.title()
    assert page.locator("#ask").input_value() == HOSTILE


def test_a_second_window_sees_changes_and_overwrites_none(
    page: Any, browser: Any, client: ReviewClient, path: Path
) -> None:
    other = opened(browser, client.address)
    window = next(other)
    window.keyboard.press("e")
    window.keyboard.press("End")
    client.change("hall", do="ask", text="Mine?")
    window.keyboard.type(" Yours?")
    window.locator("#message", has_text="Not saved").wait_for()
    assert "Yours was: “When can somebody enter the hall? Yours?”" in window.locator("#message").inner_text()
    assert records(path)["hall"]["question"] == "Mine?"
    wait_until(page, lambda: page.locator("#ask").input_value() == "Mine?")
    next(other, None)


def test_near_duplicates_are_beside_each_other(page: Any, client: ReviewClient, path: Path) -> None:
    client.change("garden", do="ask", text="When can somebody enter the hall now?")
    page.reload()
    page.locator("#twins article").nth(1).wait_for()
    boxes = [page.locator("#twins article").nth(number).bounding_box() for number in range(2)]
    assert boxes[0]["y"] == boxes[1]["y"]
    page.get_by_text("Reject it").first.click()
    saved(page, path, "garden", reviewed="rejected")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 900, 1600])
def test_nothing_is_wider_than_the_window_and_text_can_be_read(
    browser: Any, client: ReviewClient, width: int, scheme: str
) -> None:
    client.change("hall", do="add", document=0, start=0, end=20)
    pages = opened(browser, client.address, viewport={"width": width, "height": 860}, color_scheme=scheme)
    page = next(pages)
    page.locator("#shows", has_text="questions").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    shades = page.evaluate(
        """() => ["body", ".kicker", "q", "mark.on", ".block", ".primary"].map((name) => { const style = getComputedStyle(document.querySelector(name));
        return [name, style.color, style.backgroundColor]; })"""
    )
    paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (luminance(paper) > 0.5) == (scheme == "light")
    for name, colour, own in shades:
        background = paper if own.endswith(", 0)") else own
        low, high = sorted([luminance(colour), luminance(background)])
        assert (high + 0.05) / (low + 0.05) >= 4.5, (name, colour, background)
    next(pages, None)


def luminance(colour: str) -> float:
    parts = [float(part) / 255 for part in re.findall(r"[\d.]+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def start(folder: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "rag_chunk", "review", "q.yaml", "docs"]
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    match = re.search(r"http://\S+/", process.stderr.readline())
    assert match
    return process, match[0]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_ten_drafts_are_reviewed_over_a_kill_and_analysed(browser: Any, path: Path) -> None:
    (path.parent / "docs").mkdir()
    for document in CORPUS.documents:
        (path.parent / "docs" / document.name).write_text(document.text)
    process, address = start(path.parent)
    pages = opened(browser, address)
    page = next(pages)
    try:
        for room in ROOMS[:4]:
            shown(page, room)
            page.keyboard.press("a")
        shown(page, "garage")
        process.kill()
        process.wait()
        page.keyboard.press("a")  # nobody answers: it waits on the page
        page.locator("#message", has_text="does not answer").wait_for()
        assert records(path)["garage"]["reviewed"] is False
        process.stderr.close()  # type: ignore[union-attr]
        process, again = start(path.parent)
        assert again == address
        saved(page, path, "garage", reviewed=True)
        for room in ROOMS[5:9]:
            shown(page, room)
            page.keyboard.press("a")
        shown(page, "garden")
        page.keyboard.press("r")
        saved(page, path, "garden", reviewed="rejected")
        page.locator("#message", has_text="Every question is reviewed").wait_for()
    finally:
        next(pages, None)
        process.kill()
        process.wait()
        process.stderr.close()  # type: ignore[union-attr]
    assert path.read_text().startswith("# Drafts of the rooms.\n- id: hall\n")
    command = [sys.executable, "-m", "rag_chunk", "analyze", "docs", "--test-file", "q.yaml", "--strategy", "header,fixed-size", "--output", "json"]  # fmt: skip
    done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=True)
    questions = json.loads(done.stdout)["questions"]
    assert (questions["count"], questions["unreviewed"]) == (9, 0)
    assert "left out: 1 question marked reviewed: rejected" in done.stderr
