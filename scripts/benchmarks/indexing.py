"""What it takes to know the utterances of a long Kaldi directory: all in memory, or by number.

Writes a directory without audio, and reads it both ways, each in a process of its own. What an
index takes beside its own memory are pages of the files, which the system takes back when it needs
them.

    python scripts/benchmarks/indexing.py --utterances 1000000
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import statistics
import tempfile
import time
from pathlib import Path

from speechrnn.datadir import index_datadirs, read_datadir


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--utterances", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    results: dict[str, list[tuple[float, ...]]] = {"read_datadir": [], "index_datadirs": []}
    with tempfile.TemporaryDirectory() as room:
        write(Path(room), options.utterances)
        for _ in range(options.repeats):
            for name, rows in results.items():
                with context.Pool(1) as pool:
                    rows.append(pool.apply(measure, (name, Path(room))))
    print("                 most memory   kept    without the files' pages   CPU to read   to ask")
    print("                       B/utt  B/utt                       B/utt        µs/utt   µs/utt")
    for name, rows in results.items():
        most, kept, own, read, ask = (
            statistics.median(column) for column in zip(*rows, strict=True)
        )
        print(f"{name:14s}   {most:11.0f} {kept:6.0f} {own:27.0f} {read:13.1f} {ask:8.1f}")


def write(room: Path, count: int) -> None:
    """A directory of `count` utterances, 200 of each speaker."""
    with (
        open(room / "wav.scp", "w") as wavs,
        open(room / "text", "w") as texts,
        open(room / "utt2spk", "w") as speakers,
    ):
        for number in range(count):
            speaker = f"spk{number // 200:06d}"
            name = f"{speaker}-common_voice_en_{number:08d}"
            wavs.write(f"{name} /data/clips/word{number % 5000}/{name}.opus\n")
            texts.write(f"{name} word{number % 5000}\n")
            speakers.write(f"{name} {speaker}\n")


def measure(name: str, room: Path) -> tuple[float, float, float, float, float]:
    """Bytes and CPU µs an utterance."""
    before, own_before, began = *memory(), time.process_time()
    utterances = read_datadir(room) if name == "read_datadir" else index_datadirs([room])
    count = len(utterances)
    read = (time.process_time() - began) / count * 1e6
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    kept, own = (now - then for now, then in zip(memory(), (before, own_before), strict=True))
    began = time.process_time()
    for number in range(0, count, 37):
        utterances[number]
    ask = (time.process_time() - began) / len(range(0, count, 37)) * 1e6
    return most / count, kept / count, own / count, read, ask


def memory() -> tuple[int, int]:
    """Bytes of this process in memory, and those that are no file's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    facts = dict(line.split(":", 1) for line in lines)
    return tuple(int(facts[name].split()[0]) * 1024 for name in ("VmRSS", "RssAnon"))


if __name__ == "__main__":
    main()
