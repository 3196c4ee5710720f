"""Random small grammars against a plain enumeration of what they say."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from speechrnn.decoding.grammar.automaton import Automaton
from speechrnn.decoding.grammar.expression import (
    Choice,
    Expression,
    Grammar,
    Phrase,
    Place,
    Reference,
    Repeat,
    Terminal,
    Value,
)
from speechrnn.decoding.grammar.parser import parse_grammar
from speechrnn.decoding.grammar.transducer import Transducer

HERE = Place(0, 0)
LONGEST = 4  # words of the sentences that are enumerated
MOST = 500  # readings
ALPHABET = "abc"

random_grammars = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
terminals = st.builds(Terminal, st.sampled_from(ALPHABET), st.just(HERE))
references = st.builds(Reference, st.sampled_from(["q", "r"]), st.booleans(), st.just(HERE))


def optional(body: Expression) -> Repeat:
    return Repeat(body, 0, 1, HERE)


def counted(body: Expression, counts: tuple[int, int]) -> Repeat:
    return Repeat(body, counts[0], counts[0] + counts[1], HERE)


def compounds(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    joined = parts.filter(lambda part: not isinstance(part, Phrase))
    return st.one_of(
        st.lists(joined, min_size=2, max_size=3).map(lambda found: Phrase(tuple(found))),
        st.lists(parts, min_size=2, max_size=3).map(lambda found: Choice(tuple(found))),
        parts.map(optional),
        st.builds(counted, parts, st.sampled_from([(1, 1), (2, 0), (0, 2), (1, 2)])),
    )


def trees(leaves: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    endless = st.builds(Repeat, terminals, st.sampled_from([0, 1]), st.none(), st.just(HERE))
    return st.recursive(st.one_of(leaves, leaves, leaves, endless), compounds, max_leaves=5)


def rules(leaves: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    option = st.one_of(trees(leaves), st.builds(Value, st.sampled_from("01"), trees(leaves)))
    return st.lists(option, min_size=1, max_size=3).map(
        lambda found: found[0] if len(found) == 1 else Choice(tuple(found))
    )


def spoken(tree: Expression, first: Terminal) -> Expression:
    """An intent that does not need no words."""
    return Phrase((first, *tree.parts) if isinstance(tree, Phrase) else (first, tree))


only_r = st.builds(Reference, st.just("r"), st.booleans(), st.just(HERE))
grammars = st.builds(
    lambda x, y, q, r: Grammar("grammar", {"x": x, "y": y}, {"q": q, "r": r}),
    st.builds(spoken, trees(st.one_of(terminals, references)), terminals),
    st.builds(spoken, trees(st.one_of(terminals, references)), terminals),
    rules(st.one_of(terminals, only_r)),
    rules(terminals),
)


def written(tree: Expression, top: bool = False) -> str:
    """A tree as text; at the top, alternatives need no brackets."""
    if isinstance(tree, Terminal):
        return tree.word
    if isinstance(tree, Phrase):
        return " ".join(written(part) for part in tree.parts)
    if isinstance(tree, Choice):
        options = " | ".join(written(option) for option in tree.options)
        return options if top else f"({options})"
    if isinstance(tree, Reference):
        return f"{{{tree.rule}}}" if tree.slot else f"<{tree.rule}>"
    if isinstance(tree, Value):
        return f"{tree.value} = {written(tree.body)}"
    if (tree.least, tree.most) == (0, 1):
        return f"[{written(tree.body, top=True)}]"
    count = f"{{{tree.least},{tree.most}}}"
    if tree.most is None:
        count = "*+"[tree.least]
    elif tree.least == tree.most:
        count = f"{{{tree.least}}}"
    if isinstance(tree.body, Terminal | Reference | Choice):
        return written(tree.body) + count
    return f"({written(tree.body)}){count}"


def text_of(grammar: Grammar) -> str:
    intents = [
        f"intent {name}: {written(tree, top=True)}" for name, tree in grammar.intents.items()
    ]
    return "\n".join(
        intents + [f"{name}: {written(tree, top=True)}" for name, tree in grammar.rules.items()]
    )


class Reading(NamedTuple):
    words: tuple[str, ...] = ()
    said: tuple[str, ...] = ()  # words, or the values that stand for them
    fills: tuple[tuple[str, str], ...] = ()

    def then(self, other: Reading) -> Reading:
        return Reading(*(mine + others for mine, others in zip(self, other, strict=True)))


def readings(tree: Expression, grammar: Grammar, room: int) -> Iterator[Reading]:
    """All ways to say something in at most so many words, first those that count first."""
    if isinstance(tree, Terminal):
        if room:
            yield Reading((tree.word,), (tree.word,))
    elif isinstance(tree, Choice):
        for option in tree.options:
            yield from readings(option, grammar, room)
    elif isinstance(tree, Value):
        for reading in readings(tree.body, grammar, room):
            yield reading._replace(said=(tree.value,))
    elif isinstance(tree, Reference):
        for reading in readings(grammar.rules[tree.rule], grammar, room):
            filled = tree.slot and reading.said
            fill = ((tree.rule, " ".join(reading.said)),) if filled else ()
            yield reading._replace(fills=reading.fills + fill)
    elif isinstance(tree, Phrase):
        first, rest = tree.parts[0], tree.parts[1:]
        for reading in readings(first, grammar, room):
            if not rest:
                yield reading
                continue
            for more in readings(Phrase(rest), grammar, room - len(reading.words)):
                yield reading.then(more)
    elif tree.most != 0:
        least, most = max(0, tree.least - 1), None if tree.most is None else tree.most - 1
        for reading in readings(tree.body, grammar, room):
            again = Repeat(tree.body, least, most, HERE)
            for more in readings(again, grammar, room - len(reading.words)):
                yield reading.then(more)
        if tree.least == 0:
            yield Reading()
    else:
        yield Reading()


def all_readings(grammar: Grammar, room: int = LONGEST) -> list[tuple[str, Reading]]:
    found = [
        (intent, reading)
        for intent, tree in grammar.intents.items()
        for reading in itertools.islice(readings(tree, grammar, room), MOST)
    ]
    assume(len(found) < MOST)
    return found


def language(automaton: Automaton, state: int = 0, room: int = LONGEST) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = {()} if automaton.final[state] else set()
    if room:
        for word, target in automaton.arcs[state].items():
            found |= {(word, *rest) for rest in language(automaton, target, room - 1)}
    return found


@random_grammars
@given(grammars)
def test_what_is_written_is_read(grammar: Grammar) -> None:
    assert parse_grammar(text_of(grammar)) == grammar


@random_grammars
@given(grammars)
def test_the_automaton_says_the_same_and_is_the_smallest(grammar: Grammar) -> None:
    sentences = {reading.words for _, reading in all_readings(grammar)}
    automaton = Automaton(Transducer(grammar), "grammar")
    assert language(automaton) == sentences
    # States that go on in the same way, as far as any two states can differ, would be one.
    futures: list[object] = list(automaton.final)
    for _ in automaton.final:
        following = [frozenset((w, futures[t]) for w, t in arcs.items()) for arcs in automaton.arcs]
        pairs = list(zip(futures, following, strict=True))
        numbers = {pair: number for number, pair in enumerate(dict.fromkeys(pairs))}
        futures = [numbers[pair] for pair in pairs]
    assert len(set(futures)) == len(automaton.arcs)


@random_grammars
@given(grammars)
def test_sentences_are_counted(grammar: Grammar) -> None:
    automaton = Automaton(Transducer(grammar), "grammar")
    count = automaton.num_sentences
    assume(count is not None and count < MOST)
    assert count == len(language(automaton, room=len(automaton.arcs)))


def test_sentences_without_end_are_not_counted() -> None:
    grammar = parse_grammar("intent x: a b+ c | a")
    assert Automaton(Transducer(grammar), "grammar").num_sentences is None


@random_grammars
@given(grammars)
def test_the_first_reading_is_the_meaning(grammar: Grammar) -> None:
    transducer = Transducer(grammar)
    first: dict[tuple[str, ...], tuple[str, Reading]] = {}
    several = set()
    for intent, reading in all_readings(grammar):
        first.setdefault(reading.words, (intent, reading))
        slots = [slot for slot, _ in reading.fills]
        several |= {(intent, slot) for slot in slots if slots.count(slot) > 1}
    kinds: dict[tuple[str, str], type] = {}
    for words, (intent, reading) in first.items():
        meaning = transducer.interpret(words)
        assert meaning is not None and meaning.intent == intent
        expected: dict[str, list[str]] = {}
        for slot, value in reading.fills:
            expected.setdefault(slot, []).append(value)
        for slot, value in meaning.slots.items():
            assert kinds.setdefault((intent, slot), type(value)) is type(value)
        assert {
            slot: value if isinstance(value, list) else [value]
            for slot, value in meaning.slots.items()
        } == expected
    assert all(kinds.get(filled, list) is list for filled in several)
    for words in itertools.product(ALPHABET, repeat=3):
        assert (transducer.interpret(words) is None) == (words not in first)
