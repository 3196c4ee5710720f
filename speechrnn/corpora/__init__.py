"""Corpora: a module each, with `download` and `prepare` as plain functions."""
