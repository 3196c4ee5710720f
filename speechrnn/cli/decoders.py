"""How `transcribe`, `listen` and `evaluate` read the sequences of a model with a CTC head."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from speechrnn.errors import ConfigError

if TYPE_CHECKING:
    from speechrnn.decoding.grammar.decoder import GrammarDecoder
    from speechrnn.runtime.model_file import ModelInfo
    from speechrnn.runtime.sequences import Decoder

Grammar = Annotated[Path | None, typer.Option(help="Hear only sentences of this grammar.")]
LanguageModelFile = Annotated[
    Path | None, typer.Option("--lm", help="Language model that weighs words: ARPA, or .onnx.")
]
BeamWidth = Annotated[
    int | None, typer.Option("--beam", min=1, help="Prefixes that are kept; default: 8.")
]
LanguageWeight = Annotated[
    float | None,
    typer.Option("--lm-weight", min=0, help="Factor of --lm's log-probabilities; default: 1."),
]
WordBonus = Annotated[
    float | None, typer.Option("--word-bonus", help="Added for a word with --lm; default: 0.")
]


def make_decoder(
    info: ModelInfo,
    grammar: Path | None,
    lm: Path | None,
    beam: int | None,
    *,
    lm_weight: float | None = None,
    word_bonus: float | None = None,
    live: bool = False,
) -> Decoder | GrammarDecoder | None:
    """What the options ask for; None where the model hears single words.

    Args:
        info: What the model file says about itself.
        grammar: A grammar's file.
        lm: A language model's file.
        beam: Width of the beam.
        lm_weight: Factor of the language model's log-probabilities.
        word_bonus: What the language model adds for every word, in nats.
        live: Words come out while the stream goes on.

    Raises:
        ConfigError: Options that exclude or lack each other, or that the model has no use for.
        DataError: A faulty grammar or language model.
    """
    asked = {
        "--grammar": grammar,
        "--lm": lm,
        "--beam": beam,
        "--lm-weight": lm_weight,
        "--word-bonus": word_bonus,
    }
    given = [name for name, value in asked.items() if value is not None]
    if not info.reads_sequences:
        if given:
            raise ConfigError(
                f"{given[0]}: {info.path} hears single words; give a model trained with "
                "model.frame_head ctc"
            )
        return None
    if grammar is not None:
        if len(given) > 1:
            raise ConfigError(f"--grammar and {given[1]} exclude each other; leave one out")
        from speechrnn.runtime.sequences import grammar_decoder

        return grammar_decoder(info, grammar)
    if lm is None and (lm_weight, word_bonus) != (None, None):
        raise ConfigError(f"{given[-1]} weighs a language model; give one with --lm")
    from speechrnn.runtime.language_model import load_language_model
    from speechrnn.runtime.sequences import beam_decoder

    return beam_decoder(
        info,
        width=beam or 8,
        language=load_language_model(lm) if lm is not None else None,
        language_weight=1.0 if lm_weight is None else lm_weight,
        word_bonus=word_bonus or 0.0,
        live=live,
    )
