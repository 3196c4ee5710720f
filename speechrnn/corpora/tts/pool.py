"""Worker processes: a fresh one for each batch, as many at a time as there are processors."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from typing import Any

from speechrnn.corpora.tts.prompt import Prompt
from speechrnn.errors import DataError

COMMAND = (sys.executable, "-m", "speechrnn.corpora.tts.worker")
BATCH = {"espeak": 500, "flite": 100, "festival": 250}


class Pool:
    """Runs requests in worker processes and kills what still runs when it is left."""

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or _processors()
        self._running: set[subprocess.Popen[str]] = set()
        self._closed = False

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_fault: object) -> None:
        self._closed = True
        for process in list(self._running):
            _kill(process)

    def ask(self, request: dict[str, Any], on_reply: Callable[[], None] | None = None) -> list[Any]:
        """All answers of one worker; `on_reply` is called at each.

        Raises:
            DataError: The worker said so, or died.
        """
        with (
            tempfile.TemporaryFile() as errors,
            subprocess.Popen(
                COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
                start_new_session=True,  # Ctrl-C reaches the parent alone, which kills the group
            ) as process,
        ):
            self._running.add(process)
            try:
                replies = _talk(process, request, on_reply)
            finally:
                _kill(process)
                self._running.discard(process)
            if process.returncode != 0:
                errors.seek(0)
                last_line = errors.read().decode(errors="replace").strip().rpartition("\n")[2]
                raise DataError(_obituary(process.returncode, request, len(replies), last_line))
            return replies

    def speak(
        self, prompts: Sequence[Prompt], progress: Callable[[int, int], None] | None = None
    ) -> list[int]:
        """Samples that each prompt became; 0 where the engine made no sound.

        Args:
            prompts: What to say, in an order that keeps each engine together.
            progress: Called with utterances done and in all.

        Raises:
            DataError: A worker failed; the others are stopped.
        """
        batches: list[list[Prompt]] = []
        for engine, group in itertools.groupby(prompts, key=lambda prompt: prompt.engine):
            together = list(group)
            size = BATCH[engine]
            batches += [together[i : i + size] for i in range(0, len(together), size)]
        done = itertools.count(1)  # its next() is atomic

        def count() -> None:
            if progress is not None:
                progress(next(done), len(prompts))

        def run(batch: list[Prompt]) -> list[int]:
            if self._closed:
                return []
            request = {"ask": "speak", "prompts": [asdict(prompt) for prompt in batch]}
            return self.ask(request, count)

        with ThreadPoolExecutor(self.workers) as threads:
            futures = [threads.submit(run, batch) for batch in batches]
            try:
                for finished in as_completed(futures):
                    finished.result()
            except BaseException:
                self.__exit__()  # the others' batches are of no use any more
                raise
        return [samples for future in futures for samples in future.result()]


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):  # counts what this process may use; Linux only
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _talk(
    process: subprocess.Popen[str],
    request: dict[str, Any],
    on_reply: Callable[[], None] | None,
) -> list[Any]:
    assert process.stdin and process.stdout
    replies: list[Any] = []
    with contextlib.suppress(BrokenPipeError):  # it died on start; its exit code says how
        process.stdin.write(json.dumps(request))
        process.stdin.close()
    for line in process.stdout:
        reply = json.loads(line)
        if isinstance(reply, dict) and "fault" in reply:
            raise DataError(reply["fault"])
        replies.append(reply)
        if on_reply is not None:
            on_reply()
    process.wait()
    return replies


def _obituary(code: int, request: dict[str, Any], answered: int, last_line: str) -> str:
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    what = ""
    if request["ask"] == "speak" and answered < len(request["prompts"]):
        prompt = request["prompts"][answered]
        what = f" at {prompt['text']!r} in {prompt['engine']} voice {prompt['voice']!r}"
    return (
        f"speech synthesis: a worker died ({how}){what}; leave that word or engine out. {last_line}"
    )


def _kill(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
