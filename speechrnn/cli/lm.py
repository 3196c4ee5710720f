"""`speechrnn lm`: train a language model, score text with it, have it write."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from speechrnn.cli.together import alone
from speechrnn.errors import ConfigError

app = typer.Typer(help="Language models.", no_args_is_help=True)

_INTERRUPTED = 130


@app.command()
def train(
    text: Annotated[Path, typer.Option(help="Text to learn from, a sentence a line.")],
    out: Annotated[Path, typer.Option(help="Model file to write, .onnx.")],
    valid: Annotated[Path | None, typer.Option(help="Text to choose the best epoch on.")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML file of settings.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Override: section.key=value; repeatable.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
) -> None:
    """Train a recurrent language model; after Ctrl-C, finished epochs count."""
    alone("lm train")
    from speechrnn.models.language_config import load_language_config
    from speechrnn.runtime.tokens import read_sentences

    settings = load_language_config(config, tuple(set_ or ()))
    if out.suffix != ".onnx":
        raise ConfigError(f"--out {out}: expected a name that ends in .onnx")
    learnt = read_sentences(text)
    watched = read_sentences(valid) if valid else []

    from speechrnn.cli.language_info import parameters
    from speechrnn.cli.progress import TrainingProgress
    from speechrnn.export.language import export_language
    from speechrnn.runtime.language_info import open_language_model
    from speechrnn.training.distributed import pick_device
    from speechrnn.training.language import train_language

    class LanguageProgress(TrainingProgress):
        things = "tokens"

        def line(self, record: dict[str, Any]) -> str:
            line = f"epoch {record['epoch']:3d}  loss {record['train_loss']:.3f}"
            if "valid_loss" in record:
                line += f"  valid perplexity {record['valid_perplexity']:.4g}"
            return line + f"  {record['tokens_per_s']:.0f} tokens/s"

    began = time.perf_counter()
    out.parent.mkdir(parents=True, exist_ok=True)
    with LanguageProgress() as progress:
        run = train_language(
            settings,
            learnt,
            watched,
            out.with_suffix(".safetensors"),
            device=pick_device(device),
            observer=progress,
        )
    report = export_language(run.network, run.tokens, out, run.provenance)
    print(f"{out}: {_summary(run.provenance['metrics'])}; {time.perf_counter() - began:.0f} s")
    _, info = open_language_model(out)
    print(f"parameters: {parameters(info)}; {len(run.tokens)} tokens")
    print(f"differs from the network by at most {report.max_difference:.1e}")
    if run.interrupted:
        raise typer.Exit(_INTERRUPTED)


@app.command()
def score(
    file: Annotated[Path, typer.Argument(help="Text to score, a sentence a line.")],
    model: Annotated[Path, typer.Option(help="An .onnx file of 'lm train', or an ARPA file.")],
) -> None:
    """Print perplexity and log-probability of each line, and of all together."""
    from speechrnn.evaluation.perplexity import score_sentence, total_score
    from speechrnn.runtime.language_model import knows, load_language_model
    from speechrnn.runtime.tokens import read_sentences

    language = load_language_model(model)
    sentences = read_sentences(file)
    scores = []
    print("perplexity  log-probability")
    for words in sentences:
        scores.append(score_sentence(language, words))
        print(f"{scores[-1].perplexity:10.4g}  {scores[-1].log_prob:15.3f}  {' '.join(words)}")
    total = total_score(scores)
    unknown = sum(not knows(language, word) for words in sentences for word in words)
    print(
        f"{total.perplexity:10.4g}  {total.log_prob:15.3f}  in all: {total.sentences} sentences, "
        f"{total.words} words, {unknown} of them unknown"
    )


@app.command()
def sample(
    model: Annotated[Path, typer.Option(help="An .onnx file that 'lm train' wrote.")],
    count: Annotated[int, typer.Option(help="Sentences to write.", min=1)] = 1,
    temperature: Annotated[float, typer.Option(help="Below 1: likelier ones.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Of the draws.", min=0)] = 0,
) -> None:
    """Write sentences, each drawn word by word from a start symbol on."""
    import numpy as np

    from speechrnn.runtime.language_model import RecurrentLanguageModel

    language = RecurrentLanguageModel(model)
    random = np.random.default_rng(seed)
    for _ in range(count):
        print(language.sample(random, temperature))


def _summary(best: dict[str, Any]) -> str:
    if "valid_loss" not in best:
        return f"{best['epoch']} epochs, training loss {best['train_loss']:.3f}"
    return f"best epoch {best['epoch']}, validation perplexity {best['valid_perplexity']:.4g}"
