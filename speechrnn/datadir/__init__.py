"""Kaldi data directories: read, write, validate, fix, subset, combine, split by speaker."""

from speechrnn.datadir.files import read_datadir, write_datadir
from speechrnn.datadir.speakers import check_speakers_disjoint
from speechrnn.datadir.utterance import Utterance, load_wave

__all__ = [
    "Utterance",
    "check_speakers_disjoint",
    "load_wave",
    "read_datadir",
    "write_datadir",
]
