"""Hours of one visitor's machine, in a real browser and in no time: its clocks, its sleep, its tabs, and the service.

Every clock of the pages is the test's (Playwright's, paused), and after each step `settle` waits for what the pages
have begun: for the lock that the snippet asks under, and for what one tab wrote to have come to the others. So nothing
here rests on how fast anything is, and "asked nothing" is something a test can see.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import BrowserContext, Page

from tests.fakes.website import OWN_NUMBER, SITE_KEY, Website, at_rest, lent, page

BEGUN = datetime(2026, 12, 1, 9, tzinfo=UTC)
HOLD, RENEW, GRACE = 360, 300, 90  # seconds
IDLE = 600  # seconds after which a page that nobody touched lets its lease run out
ROUNDS = 20  # of waiting for each other's work: two or three are enough for pages that ask once
LOOKS = 30  # seconds within which a page that shows a number, or is used, looks at the clock
BODY = f'<a id=call href="tel:{OWN_NUMBER}" title="{OWN_NUMBER}">{OWN_NUMBER}</a><p style="height: 9000px">long</p>'
ELSEWHERE = "/elsewhere"  # a page of the site without the snippet

# Before the page's own scripts. A beacon is noted where it is sent: it arrives whenever it likes.
PREPARED = """
    addEventListener("storage", (event) => event.key === "mark" && (window.mark = event.newValue));
    Object.defineProperty(document, "hidden", { get: () => Boolean(window.covered) });
    const send = navigator.sendBeacon.bind(navigator);
    navigator.sendBeacon = (url, body) => {
      localStorage.setItem("sent", (localStorage.getItem("sent") || "") + url.split("/").pop() + " ");
      return send(url, body);
    };
"""
MARK_SEEN = """(mark) => new Promise((done) => {
  const check = () => (window.mark === mark ? done() : addEventListener("storage", check, { once: true }));
  check();
})"""
SHOWN = """() => {
  const link = document.querySelector("#call");
  return [link.textContent, link.getAttribute("href").slice(4), link.title];
}"""


@dataclass
class Service:
    """The number endpoint as the page knows it. Its time is true, in seconds, even if the visitor's clock is not."""

    now: float = 0
    ends: dict[str, float] = field(default_factory=dict)  # of each number the one lease it ever has

    def answer(self, task: str, body: dict[str, Any]) -> dict[str, Any]:
        held = (body.get("lease") or "").removeprefix("lease of ")
        if task == "release":
            if self.runs(held):
                self.ends[held] = self.now + GRACE
            return {}
        number = held if self.runs(held) else f"+7499000{len(self.ends):04}"
        self.ends[number] = self.now + HOLD
        return lent(number, expires_in=HOLD, renew_in=RENEW)

    def runs(self, number: str) -> bool:
        """Whether the number's lease has not ended."""
        return self.ends.get(number, -1) >= self.now


class Hours:
    """One visitor at one machine."""

    def __init__(self, context: BrowserContext, website: Website) -> None:
        self.context, self.website, self.service = context, website, Service()
        self.tabs: list[Page] = []
        self._wall = BEGUN
        self._marks = self._moves = 0
        website.answer, website.pages["/"] = self.service.answer, page(BODY)
        context.add_init_script(PREPARED)
        context.clock.install(time=BEGUN)
        context.clock.pause_at(BEGUN)

    @property
    def asked(self) -> int:
        """How often the service was asked for a number."""
        return len(self.website.bodies("number"))

    def open(self, path: str = "/", tab: Page | None = None) -> Page:
        """The page in a new tab, or in one there is."""
        if tab is None:
            tab = self.context.new_page()
            self.tabs.append(tab)
        tab.goto(self.website.address(path))
        self.settle()
        return tab

    def leave(self, tab: Page) -> None:
        """Go on to a page without the snippet; that page stays open and is a witness of what was stored."""
        self.open(ELSEWHERE, tab)
        sent = (tab.evaluate("localStorage.getItem('sent')") or "").split()
        assert len(self.website.wait_for("release", sent.count("release"))) == sent.count("release")

    def wait(self, seconds: float) -> None:
        """Time passes; every timer that is due by then fires once, at its end: as late as a browser may let it.

        The clocks of the tabs are moved one after the other, which no machine does: nothing is answered meanwhile, else
        a tab would hear from another one that is a minute ahead.
        """
        self.service.now += seconds
        self._wall += timedelta(seconds=seconds)
        answers = self.website.answering.is_set()
        self.website.answering.clear()
        self.context.clock.fast_forward(round(seconds * 1000))
        if answers:
            self.website.answering.set()
        self.settle()

    def sleep(self, seconds: float) -> None:
        """The machine sleeps. Awake, its wall clock is right; the pages' own clocks and timers have lost that time."""
        self.service.now += seconds
        self.set_clock(seconds)

    def set_clock(self, seconds: float) -> None:
        """Somebody sets the wall clock ahead, or back."""
        self._wall += timedelta(seconds=seconds)
        self.context.clock.set_system_time(self._wall)

    def touch(self, tab: Page) -> None:
        """The visitor moves the pointer over the page."""
        self.move_pointer(tab)
        self.settle()

    def move_pointer(self, tab: Page) -> None:
        """Return when the page has had the event: the browser keeps it for the next frame."""
        self._moves += 1
        tab.evaluate("() => { window.moved = new Promise((done) => (onpointermove = () => done())) }")
        tab.mouse.move(10 + self._moves % 2, 10)
        tab.evaluate("window.moved")

    def cover(self, tab: Page, covered: bool) -> None:
        """Another tab or window comes before this one, or goes."""
        tab.evaluate(
            "covered => { window.covered = covered; document.dispatchEvent(new Event('visibilitychange')) }", covered
        )
        self.settle()

    def shown(self, tab: Page) -> str:
        """The number on the page, the same in text, link and title."""
        numbers = tab.evaluate(SHOWN)
        assert len(set(numbers)) == 1, numbers
        return str(numbers[0])

    def stored(self, tab: Page) -> dict[str, Any]:
        """What the snippet remembers."""
        return dict(tab.evaluate(f"JSON.parse(localStorage.getItem('callpath.{SITE_KEY}'))"))

    def settle(self) -> None:
        """Return when no tab has anything left to do before time goes on; it fails for pages that never rest."""
        before = None
        for _ in range(ROUNDS):
            if before == (before := self._done()):
                return
            for tab in self.tabs:
                if self.website.answering.is_set():
                    at_rest(tab)
                self._marks += 1
                tab.evaluate("mark => localStorage.setItem('mark', mark)", str(self._marks))
                for other in self.tabs:
                    if other is not tab:
                        other.evaluate(MARK_SEEN, str(self._marks))
        raise AssertionError("the pages go on asking")

    def _done(self) -> list[Any]:
        shown = [tab.evaluate("() => window.callpath && window.callpath.number()") for tab in self.tabs]
        return [len(self.website.asked), *shown]
