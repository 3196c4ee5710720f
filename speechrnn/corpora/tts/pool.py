"""Worker processes: a fresh one for each batch, as many at a time as there are processors."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
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
        process = subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C reaches the parent alone, which kills the group
        )
        self._running.add(process)
        try:
            return _talk(process, request, on_reply)
        finally:
            _kill(process)
            self._running.discard(process)

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
                wait(futures, return_when=FIRST_EXCEPTION)
            except BaseException:
                self.__exit__()
                raise
            for future in futures:
                if future.done() and future.exception():
                    self.__exit__()
                    break
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
    assert process.stdin and process.stdout and process.stderr
    replies: list[Any] = []
    try:
        process.stdin.write(json.dumps(request))
        process.stdin.close()
    except BrokenPipeError:
        pass  # it died on start; its exit code says how
    for line in process.stdout:
        reply = json.loads(line)
        if isinstance(reply, dict) and "fault" in reply:
            raise DataError(reply["fault"])
        replies.append(reply)
        if on_reply is not None:
            on_reply()
    if process.wait() != 0:
        raise DataError(_obituary(process, request, len(replies)))
    return replies


def _obituary(process: subprocess.Popen[str], request: dict[str, Any], answered: int) -> str:
    assert process.stderr
    last = (process.stderr.read().strip().splitlines() or [""])[-1]
    code = process.returncode
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    what = ""
    if request["ask"] == "speak" and answered < len(request["prompts"]):
        prompt = request["prompts"][answered]
        what = f" at {prompt['text']!r} in {prompt['engine']} voice {prompt['voice']!r}"
    return f"speech synthesis: a worker died ({how}){what}; leave that word or engine out. {last}"


def _kill(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe and not pipe.closed:
            pipe.close()
