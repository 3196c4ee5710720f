"""Decoded audio on disk: sequential shards, and the cache that spares decoding a corpus again.

Both are files of 16-bit samples in the safetensors format. Nothing here needs torch, so that
processes and machines that only decode start fast.
"""
