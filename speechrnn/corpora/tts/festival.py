"""The festival program, where it is installed: one process speaks a whole batch."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from speechrnn.corpora.tts.flite import read
from speechrnn.corpora.tts.prompt import Prompt

# `Utterance` is a macro that doesn't evaluate its text, hence the eval. HTS voices take their
# pace from an engine argument, diphone voices from Duration_Stretch; only the latter have a pitch.
_SCHEME = """
(define (speechrnn_say voice text stretch factor file)
  (eval (list (intern (string-append "voice_" voice))))
  (if (string-matches voice ".*_hts")
      (set! hts_engine_params
            (append hts_engine_params (list (list "-r" (/ 1.0 stretch)))))
      (begin
        (Parameter.set 'Duration_Stretch stretch)
        (set! int_lr_params
              (cons (list 'target_f0_mean (* factor (cadr (assoc 'target_f0_mean int_lr_params))))
                    (cdr int_lr_params)))))
  (let ((utt (eval (list 'Utterance 'Text text))))
    (utt.synth utt)
    (utt.save.wave utt file 'riff)))
"""


def voices() -> list[str]:
    """The English voices that festival has; none where it is not installed."""
    if shutil.which("festival") is None:
        return []
    scheme = (
        '(mapcar (lambda (v) (format t "%s %l\\n" v (assoc \'language'
        " (cadr (assoc v Voice_descriptions))))) (voice.list))"
    )
    listing = _run(scheme + "\n")
    return sorted(re.findall(r"^(\w+) .*english", listing, flags=re.MULTILINE))


def speak(prompts: Sequence[Prompt]) -> Iterator[tuple[NDArray[np.float32], int]]:
    """Speech (S,) and its sample rate for each prompt; no samples where festival made none."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{i}.wav" for i in range(len(prompts))]
        calls = [
            f"(speechrnn_say {_quote(prompt.voice)} {_quote(prompt.text)} {prompt.stretch:.3f}"
            f" {prompt.pitch_factor:.3f} {_quote(str(file))})"
            for prompt, file in zip(prompts, files, strict=True)
        ]
        _run(_SCHEME + "\n".join(calls) + "\n")
        for call, file in zip(calls, files, strict=True):
            if not file.exists():  # a text without words crashes festival, and the batch with it
                _run(_SCHEME + call + "\n")
            yield read(file)


def _run(scheme: str) -> str:
    with tempfile.NamedTemporaryFile("w", suffix=".scm", encoding="utf-8") as script:
        script.write(scheme)
        script.flush()
        command = ["festival", "--batch", script.name]
        return subprocess.run(command, capture_output=True, check=False).stdout.decode(
            errors="replace"
        )


def _quote(text: str) -> str:
    """A Scheme string: text stays text, whatever it holds."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
