from __future__ import annotations

import base64
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechrnn.datadir import Utterance
from speechrnn.evaluation.metrics import Rate
from speechrnn.evaluation.plots import confusion_png, speakers_png
from speechrnn.evaluation.report import MOST_PLAYERS, write_report
from speechrnn.evaluation.trial import Answer, score_answers

WORD = '<up> & "down"'
VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Collects tags, and fails where they do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def clips(wav: Path, count: int = 70, misheard: int = 60) -> list[Answer]:
    """Clips by 5 speakers; the first `misheard` are, with rising confidence."""
    return [
        Answer(
            Utterance(f"spk-{i:02d}", wav, f"spk{i % 5}", WORD, "a"),
            WORD,
            "yes" if i < misheard else WORD,
            0.3 + i / 100,
        )
        for i in range(count)
    ]


@pytest.fixture(scope="module")
def wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "a.wav"
    soundfile.write(path, 0.1 * np.sin(np.arange(800)), 8000)
    return path


@pytest.fixture(scope="module")
def report(wav: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report's folder."""
    return write(clips(wav), tmp_path_factory.mktemp("out") / "new").parent


@pytest.fixture(scope="module")
def page(report: Path) -> Page:
    return Page((report / "report.html").read_text())


def write(given: list[Answer], directory: Path) -> Path:
    facts = {"model": "a <b>.onnx"}
    return write_report(directory, score_answers(given, [WORD, "yes"]), given, 8000, facts)


def test_page_needs_nothing_else(page: Page, report: Path) -> None:
    addresses = [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in ("src", "href", "data", "poster", "srcset") and value
    ]
    assert addresses and all(address.startswith("data:") for address in addresses)
    text = (report / "report.html").read_text()
    assert not re.search(r"@import|url\(|<script|https?:", text)


def test_misheard_clips_play_and_the_most_confident_come_first(page: Page) -> None:
    players = [attributes for tag, attributes in page.tags if tag == "audio"]
    assert len(players) == MOST_PLAYERS == 50
    assert "50 of 60" in page.text
    assert page.text.index("spk-59") < page.text.index("spk-58")
    assert "spk-65" not in page.text  # heard right
    sound = base64.b64decode((players[0]["src"] or "").partition(",")[2])
    wave, rate_hz = soundfile.read(io.BytesIO(sound))
    assert (len(wave), rate_hz) == (800, 8000)


def test_page_can_be_read_by_everyone(page: Page) -> None:
    assert ("html", {"lang": "en"}) in page.tags
    assert any(attributes.get("name") == "viewport" for _, attributes in page.tags)
    assert all(attributes.get("alt") for tag, attributes in page.tags if tag == "img")
    assert all(attributes.get("aria-label") for tag, attributes in page.tags if tag == "audio")


def test_words_are_text_not_markup(page: Page) -> None:
    assert WORD in page.text and "a <b>.onnx" in page.text
    assert "up" not in {tag for tag, _ in page.tags}


def test_scores_and_pictures_lie_beside_it(report: Path) -> None:
    scores = json.loads((report / "scores.json").read_text())
    assert scores["accuracy"]["hits"] == 10 and scores["model"] == "a <b>.onnx"
    for name in ("confusion.png", "speakers.png"):
        assert (report / name).read_bytes().startswith(b"\x89PNG")


def test_nothing_misheard_is_said(wav: Path, tmp_path: Path) -> None:
    page = Page(write(clips(wav, count=4, misheard=0), tmp_path).read_text())
    assert "audio" not in {tag for tag, _ in page.tags}
    assert page.text.count("None.") == 2


@pytest.mark.parametrize("count", [1, 2, 35])
def test_plots_take_few_and_many_words(count: int) -> None:
    confusion = np.diag(np.arange(count))
    assert confusion_png(tuple(f"word {i}" for i in range(count)), confusion)[:4] == b"\x89PNG"
    speakers = {f"$pk{i}": Rate(i, 100) for i in range(count * 2)}
    assert speakers_png(speakers)[:4] == b"\x89PNG"
