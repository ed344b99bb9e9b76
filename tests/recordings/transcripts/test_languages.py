from __future__ import annotations

import boto3
import pytest
from botocore.model import StringShape

from chalicelib.recordings.transcripts.languages import LANGUAGES, language_of


def test_every_language_is_one_that_amazon_transcribe_knows() -> None:
    model = boto3.session.Session(region_name="eu-central-1").client("transcribe").meta.service_model
    shape = model.shape_for("LanguageCode")
    assert isinstance(shape, StringShape)
    assert set(shape.enum) >= LANGUAGES


@pytest.mark.parametrize(
    ("language", "country", "used"),
    [
        ("kk-KZ", "KZ", "kk-KZ"),
        (None, "RU", "ru-RU"),
        (None, "KZ", "ru-RU"),
        (None, "DE", "de-DE"),
        (None, "BR", "pt-BR"),
        (None, "US", "en-US"),
        (None, "GB", "en-GB"),
        (None, "AQ", "en-US"),
    ],
)
def test_a_site_names_its_language_or_has_its_countrys(language: str | None, country: str, used: str) -> None:
    assert language_of(language, country) == used
    assert used in LANGUAGES
