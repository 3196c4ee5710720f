"""Write the configuration of each network of the comparison: one size in parameters for all."""

from __future__ import annotations

import argparse
from pathlib import Path

from speechrnn.cli.script import run_script
from speechrnn.config import dump_config, load_config
from speechrnn.datadir import read_datadir
from speechrnn.models.budget import fit_parameters
from speechrnn.models.command import CommandModel
from speechrnn.vocabulary import Vocabulary


def main() -> None:
    """Read, fit, write, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="what all of them share")
    parser.add_argument("--train", type=Path, required=True, help="its words are the labels")
    parser.add_argument("--parameters", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder for NAME.yaml")
    parser.add_argument("names", nargs="+", help="CELL_uni or CELL_bi")
    options = parser.parse_args()
    vocabulary = Vocabulary.of_words(utterance.text for utterance in read_datadir(options.train))
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names:
        cell, _, direction = name.rpartition("_")
        settings = (f"model.cell={cell}", f"model.bidirectional={direction == 'bi'}")
        shared = load_config(options.config, settings)
        config = fit_parameters(shared, vocabulary, options.parameters)
        (options.out / f"{name}.yaml").write_text(dump_config(config), encoding="utf-8")
        count = CommandModel(config, vocabulary).num_parameters
        print(f"{name:15} hidden size {config.model.hidden_size:4}, {count:,} parameters")


if __name__ == "__main__":
    run_script(main)
