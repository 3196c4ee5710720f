"""Kaldi data directories: read, write, validate, fix, subset, combine, split by speaker."""

from speechrnn.datadir.check import fix_datadir, validate_datadir
from speechrnn.datadir.files import durations_s, read_datadir, write_datadir
from speechrnn.datadir.indexed import Utterances, index_datadirs
from speechrnn.datadir.selection import combine_datadirs, subset_datadir
from speechrnn.datadir.speakers import check_speakers_disjoint
from speechrnn.datadir.splitting import split_at_random, split_by_speaker
from speechrnn.datadir.utterance import Utterance, id_of, load_wave

__all__ = [
    "Utterance",
    "Utterances",
    "check_speakers_disjoint",
    "combine_datadirs",
    "durations_s",
    "fix_datadir",
    "id_of",
    "index_datadirs",
    "load_wave",
    "read_datadir",
    "split_at_random",
    "split_by_speaker",
    "subset_datadir",
    "validate_datadir",
    "write_datadir",
]
