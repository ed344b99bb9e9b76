"""The languages that Amazon Transcribe transcribes from files, and the default language of a country's calls. Pure."""

from __future__ import annotations

_NAMES = """
ab-GE af-ZA ar-AE ar-SA ast-ES az-AZ ba-RU be-BY bg-BG bn-IN bs-BA ca-ES ckb-IQ ckb-IR cs-CZ cy-WL da-DK de-CH
de-DE el-GR en-AB en-AU en-GB en-IE en-IN en-NZ en-US en-WL en-ZA es-ES es-US et-ET eu-ES fa-IR fi-FI fr-CA
fr-FR gl-ES gu-IN ha-NG he-IL hi-IN hr-HR hu-HU hy-AM id-ID is-IS it-IT ja-JP ka-GE kab-DZ kk-KZ kn-IN ko-KR
ky-KG lg-IN lt-LT lv-LV mhr-RU mi-NZ mk-MK ml-IN mn-MN mr-IN ms-MY mt-MT nl-NL no-NO or-IN pa-IN pl-PL ps-AF
pt-BR pt-PT ro-RO ru-RU rw-RW si-LK sk-SK sl-SI so-SO sr-RS su-ID sv-SE sw-BI sw-KE sw-RW sw-TZ sw-UG ta-IN
te-IN th-TH tl-PH tr-TR tt-RU ug-CN uk-UA uz-UZ vi-VN wo-SN zh-CN zh-TW zu-ZA
"""
LANGUAGES = frozenset(_NAMES.split())
# Where the country's code does not name its language, or names several.
_BY_COUNTRY = {
    "AT": "de-DE",
    "BE": "nl-NL",
    "BY": "ru-RU",
    "CA": "en-US",
    "CH": "de-CH",
    "CN": "zh-CN",
    "ES": "es-ES",
    "GB": "en-GB",
    "GE": "ka-GE",
    "ID": "id-ID",
    "IE": "en-IE",
    "IL": "he-IL",
    "IN": "en-IN",
    "IR": "fa-IR",
    "KG": "ru-RU",
    "KZ": "ru-RU",
    "MX": "es-US",
    "NZ": "en-NZ",
    "RU": "ru-RU",
    "UA": "uk-UA",
    "UZ": "uz-UZ",
    "ZA": "en-ZA",
}
_FALLBACK = "en-US"


def language_of(language: str | None, country: str) -> str:
    """Return the language a site names, else that of its country, else American English."""
    if language:
        return language
    only = [each for each in LANGUAGES if each.endswith(f"-{country}")]
    return _BY_COUNTRY.get(country) or (only[0] if len(only) == 1 else _FALLBACK)
