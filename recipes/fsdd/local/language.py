"""Read numbers of a numbering plan without and with a language model, and add rows to RESULTS.md.

The model's weight and the bonus for words that are used for a speaker are those that read the most
numbers of the other speakers, each of whom is heard by the network that was trained without them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

from heard import hear, networks
from rows import result_options, row
from strings import with_interval

from speechrnn.cli.script import run_script
from speechrnn.datadir import read_datadir
from speechrnn.decoding.ctc.beam import BeamDecoder
from speechrnn.evaluation.bootstrap import Bootstrap
from speechrnn.evaluation.results import append_result
from speechrnn.evaluation.sequences.hearing import SequenceHearing
from speechrnn.evaluation.sequences.trial import Reading, SequenceTrial, read_hearing
from speechrnn.runtime.language_model import RecurrentLanguageModel

TABLE = "Numbers of seven digits in twelve area codes: without and with a recurrent language model"


class Setting(NamedTuple):
    """How much a language model counts."""

    weight: float
    bonus: float


WITHOUT = Setting(0.0, 0.0)
SETTINGS = [WITHOUT, *(Setting(*its) for its in product((0.5, 1.0, 1.5, 2.0), (0.0, 1.5, 3.0)))]


def main() -> None:
    """Hear, read, print, write."""
    parser = result_options(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="holds fold_SPEAKER/numbers")
    parser.add_argument("--lm", type=Path, required=True, help="of 'speechrnn lm train'")
    options = parser.parse_args()

    language = RecurrentLanguageModel(options.lm)
    readings: dict[str, dict[Setting, list[Reading]]] = {}
    for speaker, ear in networks(options.experiment).items():
        said = hear(ear, read_datadir(options.data / f"fold_{speaker}" / "numbers"))
        readings[speaker] = {
            setting: [read(its, ear.info.symbols, language, setting) for its in said]
            for setting in SETTINGS
        }
    chosen = {speaker: best_setting(readings, speaker) for speaker in readings}
    without = describe([its for each in readings.values() for its in each[WITHOUT]])
    within = describe([its for speaker, each in readings.items() for its in each[chosen[speaker]]])
    used = ", ".join(
        f"{name} {setting.weight:g} and {setting.bonus:g}" for name, setting in chosen.items()
    )
    metric = f"without: {without}; with: {within}; weight and bonus: {used}"
    print(metric)
    columns = "WER; numbers without a mistake (95% intervals, speakers drawn anew)"
    append_result(options.out, TABLE, columns, row(options, metric))


def read(
    hearing: SequenceHearing,
    symbols: Sequence[str],
    language: RecurrentLanguageModel,
    setting: Setting,
) -> Reading:
    """The likeliest words."""
    decoder = BeamDecoder(
        symbols,
        language=None if setting == WITHOUT else language,
        language_weight=setting.weight,
        word_bonus=setting.bonus,
    )
    return read_hearing(hearing, decoder)


def best_setting(readings: Mapping[str, Mapping[Setting, list[Reading]]], speaker: str) -> Setting:
    """What reads the most of the others' numbers; of equals the one that counts for less."""
    return max(
        SETTINGS,
        key=lambda setting: sum(
            its.hypothesis.text == its.utterance.text
            for other, each in readings.items()
            if other != speaker
            for its in each[setting]
        ),
    )


def describe(readings: list[Reading]) -> str:
    """Both figures over all speakers."""
    scores = SequenceTrial(readings).scores
    speakers = [its.utterance.speaker for its in readings]
    right = [float(its.hypothesis.text == its.utterance.text) for its in readings]
    strings = Bootstrap(speakers, range(len(speakers))).ratio(right, [1.0] * len(right))
    return f"WER {with_interval(scores.words.ratio)}, numbers {with_interval(strings)}"


if __name__ == "__main__":
    run_script(main)
