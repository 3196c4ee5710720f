from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from speechrnn.errors import DataError
from speechrnn.evaluation import card, card_tables
from speechrnn.evaluation.metrics import Rate
from speechrnn.runtime.model_file import ModelInfo, open_model
from speechrnn.runtime.packaged import read_card

FACTS = {"accuracy": "97% of: 'a', \"b\" – ä", "live": "misses 3%", "license": "Apache-2.0"}
SECTIONS = dict.fromkeys(card.REQUIRED, "Text.\n") | {card.LATENCY: ""}
STREAM: dict[str, Any] = {
    "operating_point": {
        "chunk_ms": 160.0, "look_ahead_ms": 80.0, "calibration": {"budget_per_hour": 0.5}
    },
    "misses": {"missed": 5, "said": 20},
    "words": {
        "go": {"misses": {"missed": 5, "said": 10}},
        "no": {"misses": {"missed": 0, "said": 10}},
    },
    "delay": {"median_s": 0.171, "high_s": 0.358},
    "false_alarms": {"count": 2, "hours": 2.0},
    "negatives": [
        {
            "name": "/home/ann/podcasts", "recordings": 12, "count": 2, "hours": 2.0,
            "alarms": [{"word": "go", "file": "/home/ann/podcasts/a.wav"}] * 2,
        }
    ],
}  # fmt: skip


@pytest.fixture
def info(tone_model: Path) -> ModelInfo:
    made = {"created": "2025-01-31T10:00:00", "git_commit": "abc", "seed": 3, "torch": "2.11"}
    config = {"model": {"layers": 2, "cell": "gru", "bidirectional": True}}
    return replace(open_model(tone_model)[1], config=config, provenance=made)


def test_a_card_is_read_back_and_names_its_model(tone_model: Path, tmp_path: Path) -> None:
    card.write_card(tmp_path / "x.md", tone_model, "Tones", FACTS, SECTIONS)
    found = read_card(tmp_path / "x.onnx")
    assert found.facts == {**FACTS, "sha256": hashlib.sha256(tone_model.read_bytes()).hexdigest()}
    headings = [line for line in found.text.splitlines() if line.startswith("#")]
    assert headings == ["# Tones", *(f"## {name}" for name in card.REQUIRED)]
    matter = (tmp_path / "x.md").read_text().split("---\n")[1]
    assert yaml.safe_load(matter)["accuracy"] == FACTS["accuracy"]


def test_a_card_without_what_it_must_say_is_not_written(tone_model: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a card needs license, ## Live; measure"):
        card.write_card(
            tmp_path / "x.md", tone_model, "Tones", {**FACTS, "license": ""},
            {**SECTIONS, card.LIVE: " \n"},
        )  # fmt: skip
    assert not (tmp_path / "x.md").exists()


def test_recall_is_counted_over_evaluations() -> None:
    def scores(hits: int, total: int) -> dict[str, Any]:
        return {"words": {"go": {"recall": {"hits": hits, "total": total}}}}

    assert card_tables.recalls([scores(3, 4), scores(5, 6)]) == {"go": Rate(8, 10)}
    assert card_tables.recalls([scores(0, 0)]) == {}


def test_rates_stand_with_their_intervals() -> None:
    table = card_tables.word_table({"go": Rate(90, 100), "_silence_": Rate(1, 1)})
    assert table.splitlines()[2:] == [
        "| go | 90.0% (82.6–94.5%) | 100 |",
        "| `_silence_` | 100.0% (20.7–100.0%) | 1 |",  # else Markdown takes the lines for italics
    ]


def test_the_live_section_has_every_figure_and_no_path() -> None:
    text = card_tables.thresholds(STREAM)
    assert "for 0.5 false alarms an hour; the network runs every 160 ms and hears 80 ms" in text
    text = card_tables.said_in_stream(STREAM)
    assert text.startswith("20 words of the test list in one stream: 25.0% (11.2–46.9%) missed")
    assert text.endswith("reported 0.17 s after the sound's end (median; 95%: 0.36 s).")
    text = card_tables.alarm_table(STREAM)
    # Garwood's exact interval of 2 events: 0.242 to 7.22.
    assert "| podcasts (12 recordings) | 2.0 | 2 | 1.0 (0.12–3.6) |" in text
    assert "/home" not in text
    line = card_tables.live_fact("25.0%", STREAM)
    assert line == "misses 25.0%, false alarms an hour 1.0 (0.12–3.6)"


def test_misses_are_counted_over_trials() -> None:
    assert card_tables.all_missed(STREAM) == Rate(5, 20)
    found = card_tables.misses([STREAM, STREAM])
    assert found == {"go": Rate(10, 20), "no": Rate(0, 20)}
    assert card_tables.rate_table(found, "word", "missed", "said").splitlines() == [
        "| word | missed (95% interval, Wilson) | said |",
        "| --- | --- | --- |",
        "| go | 50.0% (29.9–70.1%) | 20 |",
        "| no | 0.0% (0.0–16.1%) | 20 |",
    ]


def test_what_was_not_measured_is_not_claimed() -> None:
    stream = {
        **STREAM,
        "operating_point": {**STREAM["operating_point"], "calibration": None},
        "false_alarms": None, "negatives": [], "delay": None,
    }  # fmt: skip
    assert card_tables.thresholds(stream).startswith("Thresholds are the default ones;")
    assert card_tables.said_in_stream(stream).endswith("missed.")
    assert card_tables.alarm_table(stream) == "False alarms were not counted."
    assert card_tables.live_fact("1%", stream).endswith("false alarms an hour not counted")


def test_weaknesses_are_the_worst_figures() -> None:
    words = {"go": Rate(5, 10), "no": Rate(9, 10), "_silence_": Rate(0, 10)}
    worst = card_tables.weaknesses(words, card_tables.misses([STREAM]), STREAM)
    heard, missed, fired, hours = worst
    assert heard == "In clips it hears go (50%), no (90%) least surely."
    assert missed == "Live it misses go (50%), no (0%) most."
    assert fired == "Most false alarms were of: go 2."
    assert "in 2.0 hours" in hours


def test_training_data_is_counted_and_its_voices_named(tmp_path: Path) -> None:
    total = {"training_data": {"utterances": 5437, "speakers": 848, "hours": 1.494}}
    text = "In all 5,437 utterances of 848 voices, 1.5 hours."
    assert card_tables.training_total(total) == text
    (tmp_path / "tts.json").write_text('{"request": {"engines": ["espeak", "flite"]}}')
    text = card_tables.synthetic_speech(tmp_path, "the words")
    assert text.startswith("Synthetic speech of espeak, flite: the words. No part")


def test_what_the_file_says_of_itself(info: ModelInfo) -> None:
    text = card_tables.hears(info)
    assert text.startswith("2 words: high, low. It has no class for other speech, and hears one")
    assert "parameters stored as float32, 2 layers of GRU, both directions" in text
    assert "16000 Hz" in text
    rejecting = replace(info, labels=(*info.labels, "_unknown_"))
    assert "It has a class for all other speech." in card_tables.hears(rejecting)
    assert card_tables.rebuild("bash run.sh", info) == (
        "```sh\nbash run.sh\n```\n\nTrained at commit abc with seed 3; torch 2.11, "
        "exported 2025-01-31."
    )
