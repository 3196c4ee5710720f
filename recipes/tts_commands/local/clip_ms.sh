#!/usr/bin/env bash
# A length in ms that 99% of a Kaldi directory's utterances keep to: a multiple of 0.1 s, at least 1 s.
# Usage: clip_ms.sh DIR
set -euo pipefail
sort -g -k 2 "$1/utt2dur" | awk '{ seconds[NR] = $2 }
  END { tenths = int(seconds[int(NR * 0.99) + 1] * 10 + 0.999)
        print (tenths < 10 ? 10 : tenths) * 100 }'
