"""What follows the calls: files are dropped, recordings are looked for, scheduled functions run, the report is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.demo.carrier_webhooks import our_id
from infra.demo.events import Story
from infra.demo.files import BROKEN_LINE, corrections_csv, deals_csv, plain_csv, yandex_csv
from infra.demo.provision import Shop
from infra.demo.world import World


@dataclass(frozen=True, slots=True)
class Aftermath:
    """The service after the play."""

    world: World
    shop: Shop
    story: Story

    def drop_files(self) -> list[str]:
        """Spend and deals by file, one of them twice, one corrected; a sentence for what did not land as it must."""
        by_source: dict[str, list[Any]] = {"yandex": [], "google": [], "": []}
        for row in self.story.spend:
            by_source[row.source if row.source in by_source and row.medium == "cpc" else ""].append(row)
        by_hand = [deal for deal in self.story.deals if deal.by_file]
        corrected = [deal for deal in by_hand if len(deal.steps) > 1]
        yandex, google, others = by_source["yandex"], by_source["google"], by_source[""]
        problems = _expect("yandex.csv", self._drop("spend", "yandex.csv", yandex_csv(yandex)), len(yandex))
        problems += _expect("google.csv", self._drop("spend", "google.csv", plain_csv(google)), len(google))
        again = self._drop("spend", "yandex again.csv", yandex_csv(yandex))
        problems += _expect("yandex.csv again", again, landed=0, unchanged=len(yandex))
        deals = self._drop("deals", "hand made.csv", deals_csv(by_hand))
        problems += _expect("the file of deals", deals, len(by_hand), rejected=[BROKEN_LINE])
        corrections = self._drop("deals", "corrections.csv", corrections_csv(corrected))
        problems += _expect("the corrected deals", corrections, len(corrected))
        uploaded = self.shop.service.manage(
            "POST", f"sites/{self.shop.site_id}/spend", self.story.reported_at, plain_csv(others)
        )
        return problems + _expect("the uploaded spend", uploaded, len(others))

    def recordings(self) -> list[str]:
        """Yield a sentence for each recording that was reported and is not stored."""
        recorded = [call for call in self.story.calls if call.is_recorded]
        return [
            f"the recording of call {call.key} is not stored" for call in recorded if not self._is_stored(our_id(call))
        ]

    def run_schedules(self, *tasks: str) -> None:
        """Run what runs by the clock, by its logical ids."""
        for task in tasks:
            self.world.run_schedule(task, self.story.reported_at)

    def report(self) -> Mapping[str, str]:
        """Order the report of the whole story; file name → presigned link."""
        period = {"from": self.story.first_day.isoformat(), "to": self.story.last_day.isoformat()}
        detail = {"site_id": self.shop.site_id, **period}
        built = self.world.run_schedule("BuildReport", self.story.reported_at, detail)
        links: dict[str, str] = built["files"]
        return links | {"index.html": built["index"]}

    def _is_stored(self, call_id: str) -> bool:
        found = self.shop.service.manage("GET", f"sites/{self.shop.site_id}/calls/{call_id}", self.story.reported_at)
        return [recording["state"] for recording in found["recordings"]] == ["stored"]

    def _drop(self, kind: str, name: str, content: bytes) -> Mapping[str, Any]:
        return self.world.drop(f"drop/{kind}/{self.shop.site_id}/{name}", content)


def _expect(
    what: str, result: Mapping[str, Any], landed: int, unchanged: int = 0, rejected: list[int] | None = None
) -> list[str]:
    reported = {
        "landed": result.get("landed"),
        "unchanged": result.get("unchanged"),
        "rejected": [each["line"] for each in result.get("rejected", ())],
    }
    expected = {"landed": landed, "unchanged": unchanged, "rejected": rejected or []}
    return [] if reported == expected else [f"{what}: expected {expected}, the service says {dict(result)}"]
