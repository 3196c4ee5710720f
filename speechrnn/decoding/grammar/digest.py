"""What tells grammars apart."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass
from typing import Any

from speechrnn.decoding.grammar.expression import Grammar


def grammar_digest(grammar: Grammar) -> str:
    """A number for all that is in a grammar; comments, layout and file name do not count."""
    tree = [
        [(name, _plain(expression)) for name, expression in part.items()]
        for part in (grammar.intents, grammar.rules)
    ]
    return hashlib.sha256(json.dumps(tree).encode()).hexdigest()


def _plain(part: Any) -> Any:
    """An expression as lists, without its places."""
    if isinstance(part, tuple):
        return [_plain(inner) for inner in part]
    if not is_dataclass(part):
        return part
    inside = (_plain(getattr(part, field.name)) for field in fields(part) if field.compare)
    return [type(part).__name__, *inside]
