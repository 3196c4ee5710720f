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
from speechrnn.decoding.confidence import ConfidenceMap
from speechrnn.decoding.ctc.hypothesis import Hypothesis, Word
from speechrnn.evaluation.report import MOST_PLAYERS
from speechrnn.evaluation.sequences.report import sequence_figures, write_sequence_report
from speechrnn.evaluation.sequences.trial import Reading, SequenceTrial

LATER = ConfidenceMap(0.5, -0.5, {"words": 12})
WORD = "<up>&'\"down"  # whatever a text holds is text


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
        if tag not in {"meta", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "a.wav"
    soundfile.write(path, 0.1 * np.sin(np.arange(800)), 8000)
    return path


def trial(wav: Path, count: int = 70, misread: int = 60, num_speakers: int = 9) -> SequenceTrial:
    """Utterances "WORD one two"; the first `misread` lose a word, and one of them all three."""
    readings = []
    for i in range(count):
        heard = f"{WORD} one two" if i >= misread else "" if i == 55 else f"{WORD} two"
        words = tuple(Word(word, 0, 1, 0.5 + i / 200) for word in heard.split())
        speaker = f"spk{i % num_speakers}"
        utterance = Utterance(f"{speaker}-{i:02d}", wav, speaker, f"{WORD} one two", "a")
        readings.append(Reading(utterance, Hypothesis(words, 0.0)))
    return SequenceTrial(readings)


def write(read: SequenceTrial, directory: Path, later: ConfidenceMap | None = None) -> Page:
    path = write_sequence_report(directory, read, 8000, {"model": "a <b>.onnx"}, later)
    return Page(path.read_text())


@pytest.fixture(scope="module")
def report(wav: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out") / "new"
    write(trial(wav), folder, LATER)
    return folder


@pytest.fixture(scope="module")
def page(report: Path) -> Page:
    return Page((report / "report.html").read_text())


def test_page_needs_nothing_else(page: Page, report: Path) -> None:
    addresses = [attributes["src"] for _, attributes in page.tags if "src" in attributes]
    assert addresses and all((address or "").startswith("data:") for address in addresses)
    assert not re.search(r"@import|url\(|<script|https?:", (report / "report.html").read_text())


def test_figures_stand_on_it(page: Page) -> None:
    # 59 lose one word, one loses three: 62 of 210.
    assert "29.5% word error rate over 210 words" in page.text
    assert "10 of 70 utterances were read without a mistake (14.3%)" in page.text
    assert "drawing the 9 speakers anew." in page.text
    assert "Not heardone 60×" in page.text
    assert page.text.count("spk3") >= 2  # among the speakers, too


def test_misread_utterances_play_and_the_worst_comes_first(page: Page) -> None:
    players = [attributes for tag, attributes in page.tags if tag == "audio"]
    assert len(players) == MOST_PLAYERS == 50
    assert "50 of 60" in page.text
    assert page.text.index("spk1-55") < page.text.index("spk0-00")
    assert players[0]["aria-label"] == f"{WORD} one two, read as nothing"
    assert "spk2-65" not in page.text  # read right
    sound = base64.b64decode((players[0]["src"] or "").partition(",")[2])
    assert len(soundfile.read(io.BytesIO(sound))[0]) == 800


def test_words_stand_one_above_the_other(report: Path) -> None:
    text = (report / "report.html").read_text()
    assert "<span><span><del>one</del></span><span><ins>–</ins></span></span>" in text
    assert "<span><span>two</span><span>two</span></span>" in text


def test_words_are_text_not_markup(page: Page) -> None:
    assert WORD in page.text and "a <b>.onnx" in page.text
    assert "up" not in {tag for tag, _ in page.tags}


def test_diagram_and_figures_lie_beside_it(page: Page, report: Path) -> None:
    assert (report / "reliability.png").read_bytes().startswith(b"\x89PNG")
    tree = json.loads((report / "sequences.json").read_text())
    assert tree["model"] == "a <b>.onnx"
    assert (tree["wer"]["deletions"], tree["wer"]["said"]) == (62, 210)
    confidence = tree["confidence"]
    assert confidence["map"] == LATER.as_metadata()
    raw = confidence["raw"]["expected_calibration_error"]
    calibrated = confidence["calibrated"]["expected_calibration_error"]
    assert raw != calibrated  # all words that were heard were right: either is too modest
    assert f"as decoded: {raw:.1%}" in page.text
    assert f"Calibrated: {calibrated:.1%}" in page.text


def test_one_speaker_is_said(wav: Path, tmp_path: Path) -> None:
    page = write(trial(wav, 8, 3, num_speakers=1), tmp_path)
    assert "All utterances are of one speaker" in page.text
    assert "Calibrated" not in page.text


def test_few_speakers_are_said(wav: Path, tmp_path: Path) -> None:
    page = write(trial(wav, 8, 3, num_speakers=4), tmp_path)
    assert "drawing the 4 speakers anew; so few make them too narrow." in page.text


def test_nothing_misread_is_said(wav: Path, tmp_path: Path) -> None:
    page = write(trial(wav, count=4, misread=0), tmp_path)
    assert "audio" not in {tag for tag, _ in page.tags}
    assert "Misread utterances\nNone." in page.text


def test_without_a_word_heard_there_is_no_diagram(wav: Path, tmp_path: Path) -> None:
    utterance = Utterance("ann-1", wav, "ann", "one", "a")
    silent = SequenceTrial([Reading(utterance, Hypothesis((), 0.0))])
    page = write(silent, tmp_path, LATER)
    assert "img" not in {tag for tag, _ in page.tags}
    assert not (tmp_path / "reliability.png").exists()
    assert sequence_figures(silent)["confidence"]["raw"] is None
