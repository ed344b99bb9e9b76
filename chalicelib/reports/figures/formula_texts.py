"""The formula of each figure in words, as reports print it beside the figure."""

from __future__ import annotations

FORMULAS: dict[str, str] = {
    "calls": "incoming calls to the tracking numbers; under a model that shares credit, the sum of the row's shares",
    "unique": "different callers among all calls of the row; a withheld number counts as a caller of its own",
    "answered": "calls − missed",
    "target": "calls whose talk time reached the campaign's threshold (10 s unless set)",
    "missed": "calls nobody talked on",
    "missed_percent": "missed / calls × 100",
    "called_back": "missed calls whose caller was rung back within 14 days, or got through themselves the same day",
    "share": "calls of the row / calls of all rows × 100",
    "average_talk": "talk time / answered calls",
    "average_quality": "mean of the quality marks (1 to 5) given in the CRM",
    "leads": "CRM cards of any status",
    "deals": "deals won",
    "conversion": "deals won / leads × 100; where the CRM keeps no leads, deals won / calls × 100",
    "revenue": "sum of the amounts of the deals won",
    "gross_profit": "sum of the gross profits of the deals won",
    "average_order": "revenue / deals won",
    "spend": "money spent on the advertising of the row",
    "cpl": "spend / target calls",
    "cost_per_call": "spend / calls",
    "cost_per_unique": "spend / unique calls",
    "cost_per_order": "spend / deals won",
    "roi": "(revenue − spend) / spend × 100",
    "romi": "(gross profit − spend) / spend × 100",
    "sales_cycle": "median days from the caller's first call to the deal won",
}

COMPARISON_FORMULAS: dict[str, str] = {
    "asked_percent": "calls with an answer / calls × 100",
    "agreement_percent": "answers that can be what was measured / answers that name a channel and whose call has a "
    "measured one × 100",
    "not_advertised": "answers that no advertisement can claim: word of mouth, and who had been a customer",
    "claimed": "of those, calls that are measured as brought by advertising all the same",
}
COMPARISON_NOTE = (
    "What callers say never changes a figure: it is shown beside what was measured. People remember a place rather "
    "than a click, so a search engine agrees with both paid and organic search, and word of mouth with a direct visit."
)
ACCURACY_FORMULA = "(1 − calls to the overflow number / calls to the pool) × 100"

NOTES: tuple[str, ...] = (
    "An empty cell is no value: nothing to divide by, or nobody supplied the data.",
    "Percentages are rounded half up to 2 digits and shares to 1; they are never forced to add up to 100.",
    "Where several visitors may have made a call they share it, and the row's calls are what is expected: the true "
    "number lies, with 95 % confidence, between the two bounds beside it.",
    "Totals are computed from the calls, not added up from the rows: one caller may appear in several rows.",
    "What visitors did besides calling is in tables of its own. Of a number that is revealed only the click is "
    "counted: calls to it are not seen.",
    "A return below 0 % is a loss; spend without deals shows −100 %.",
)
