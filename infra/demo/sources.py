"""Where the shop's visitors come from, which numbers it prints, and what it pays for both. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Source:
    """One way to the site. `visits` and `calls` are relative frequency and chance of a call, both in percent."""

    channel: str
    visits: int
    calls: int
    source: str = ""
    medium: str = ""
    campaign: str = ""
    campaign_name: str = ""
    keyword: str = ""
    referrer: str = ""
    click_id: str = ""
    price: Decimal = Decimal(0)  # roubles a click; 0: nobody is paid
    clicks_a_day: int = 0

    def query(self, click: int) -> str:
        """Return the landing page's query string of one click, with its leading `?`; empty where nothing is tagged."""
        tags = {
            "utm_source": self.source,
            "utm_medium": self.medium,
            "utm_campaign": self.campaign,
            "utm_term": self.keyword,
        }
        given = {name: value for name, value in tags.items() if value}
        if self.click_id:
            given[self.click_id] = f"demo{click:06d}"
        return "?" + urlencode(given) if given else ""


@dataclass(frozen=True, slots=True)
class Placement:
    """A number that is printed somewhere for good."""

    name: str
    channel: str
    number: str  # E.164
    calls: int  # in the whole story
    cost_a_day: Decimal


def _yandex(campaign: str, name: str, keyword: str, visits: int, calls: int, price: str, clicks: int) -> Source:
    return Source(
        "paid_search",
        visits,
        calls,
        source="yandex",
        medium="cpc",
        campaign=campaign,
        campaign_name=name,
        keyword=keyword,
        referrer="https://yandex.ru/",
        click_id="yclid",
        price=Decimal(price),
        clicks_a_day=clicks,
    )


def _google(keyword: str, visits: int, calls: int, price: str, clicks: int) -> Source:
    return Source(
        "paid_search",
        visits,
        calls,
        source="google",
        medium="cpc",
        campaign="772040791973",
        campaign_name="Остекление балконов",
        keyword=keyword,
        referrer="https://www.google.com/",
        click_id="gclid",
        price=Decimal(price),
        clicks_a_day=clicks,
    )


SOURCES = (
    _yandex("338151", "Пластиковые окна", "купить окна", 12, 50, "186.40", 27),
    _yandex("338151", "Пластиковые окна", "пластиковые окна цена", 9, 40, "141.15", 24),
    _yandex("338151", "Пластиковые окна", "окна своими руками", 5, 12, "88.90", 22),
    _yandex("338152", "Двери", "входные двери с установкой", 8, 45, "124.25", 19),
    _yandex("338152", "Двери", "межкомнатные двери недорого", 6, 25, "73.70", 20),
    _google("остекление балконов", 7, 45, "192.05", 16),
    _google("балкон под ключ", 4, 30, "165.60", 13),
    Source("paid_social", 7, 15, "vk", "cpc", "vk-autumn", "VK: осень", price=Decimal("47.35"), clicks_a_day=26),
    Source("organic_search", 13, 30, referrer="https://yandex.ru/"),
    Source("organic_search", 8, 30, referrer="https://www.google.com/"),
    Source("social", 5, 15, referrer="https://vk.com/"),
    Source("email", 5, 35, "newsletter", "email", "autumn-sale", "Письмо: осенние скидки"),
    Source("referral", 4, 25, referrer="https://blog.remont.example/okna"),
    Source("direct", 7, 30),
)
DIRECT = SOURCES[-1]

PLACEMENTS = (
    Placement("Авито", "classifieds", "+74990000001", 10, Decimal("310.00")),
    Placement("Циан", "classifieds", "+74990000002", 15, Decimal("265.50")),
    Placement("Визитки", "offline", "+74990000003", 20, Decimal("90.00")),
)


@dataclass(frozen=True, slots=True)
class Fee:
    """Money that is not paid by the click: a fixed sum on the first day."""

    source: str
    medium: str
    campaign: str
    campaign_name: str
    channel: str
    cost: Decimal


FEES = (
    Fee("yandex", "organic", "", "", "organic_search", Decimal("25000.00")),
    Fee("newsletter", "email", "autumn-sale", "Письмо: осенние скидки", "email", Decimal("4800.00")),
)


@dataclass(frozen=True, slots=True)
class Market:
    """A city with its own pool. The carrier of its numbers is one, as in life."""

    key: str
    name: str
    path: str  # of its landing page
    carrier: str
    target: str  # E.164: where calls go
    overflow: str
    numbers: tuple[str, ...]
    share: int  # of the visits that come by chance, percent
    rushes: int  # days with more visitors than numbers


MOSCOW = Market(
    "msk",
    "Москва",
    "/",
    "generic",
    "+74950000001",
    "+74950000100",
    tuple(f"+749500001{last:02d}" for last in range(1, 13)),
    65,
    3,
)
PETERSBURG = Market(
    "spb",
    "Санкт-Петербург",
    "/spb/",
    "twilio",
    "+78120000001",
    "+78120000100",
    tuple(f"+781200001{last:02d}" for last in range(1, 6)),
    35,
    2,
)
# With one number it is certain who has it, whichever way a service chooses among several: here the story goes minute
# by minute (scenes.py), and not left to chance.
KAZAN = Market(
    "kzn",
    "Казань",
    "/kzn/",
    "generic",
    "+78430000001",
    "+78430000100",
    ("+78430000101",),
    0,
    0,
)
CITIES = (MOSCOW, PETERSBURG)
MARKETS = (*CITIES, KAZAN)
