from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechrnn.decoding.grammar.expression import (
    Choice,
    Expression,
    Phrase,
    Place,
    Reference,
    Repeat,
    Terminal,
    Value,
)
from speechrnn.decoding.grammar.parser import parse_grammar, read_grammar
from speechrnn.errors import DataError

HERE = Place(0, 0)  # places do not count when expressions are compared


def word(text: str) -> Terminal:
    return Terminal(text, HERE)


def words(text: str) -> Expression:
    parts = tuple(word(part) for part in text.split())
    return parts[0] if len(parts) == 1 else Phrase(parts)


def maybe(body: Expression) -> Repeat:
    return Repeat(body, 0, 1, HERE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("turn on", words("turn on")),
        ("on | turn off", Choice((word("on"), words("turn off")))),
        ("turn (on | off)", Phrase((word("turn"), Choice((word("on"), word("off")))))),
        ("(the) light", Phrase((maybe(word("the")), word("light")))),
        ("[the] light", Phrase((maybe(word("the")), word("light")))),
        ("a [b | c d]", Phrase((word("a"), maybe(Choice((word("b"), words("c d"))))))),
        ("light(s)", Choice((word("light"), word("lights")))),
        ("light[s]", Choice((word("light"), word("lights")))),
        ("switch(es|ed)", Choice((word("switches"), word("switched")))),
        ("switch[es|ed]", Choice((word("switch"), word("switches"), word("switched")))),
        (
            "(un)lock(ed)",
            Choice((word("lock"), word("locked"), word("unlock"), word("unlocked"))),
        ),
        ("go {r}", Phrase((word("go"), Reference("r", True, HERE)))),
        ("go < r >", Phrase((word("go"), Reference("r", False, HERE)))),
        ("{r}{4}", Repeat(Reference("r", True, HERE), 4, 4, HERE)),
        ("{r}{3,7}", Repeat(Reference("r", True, HERE), 3, 7, HERE)),
        ("very+ a", Phrase((Repeat(word("very"), 1, None, HERE), word("a")))),
        ("a (b c)*", Phrase((word("a"), Repeat(words("b c"), 0, None, HERE)))),
        ("a (b)+", Phrase((word("a"), Repeat(word("b"), 1, None, HERE)))),
        ("a [b]{2}", Phrase((word("a"), Repeat(maybe(word("b")), 2, 2, HERE)))),
        ("light(s)+", Repeat(Choice((word("light"), word("lights"))), 1, None, HERE)),
        ("((a | b) c | d) e", Phrase((
            Choice((Phrase((Choice((word("a"), word("b"))), word("c"))), word("d"))), word("e")
        ))),
        ("o'clock über-all", words("o'clock über-all")),
        ("on # and so on | (", word("on")),
    ],
)  # fmt: skip
def test_sentences(text: str, expected: Expression) -> None:
    assert parse_grammar(f"intent x: {text}\nr: a").intents == {"x": expected}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5 = five", Value("5", word("five"))),
        (
            "off = (off | out) | on",
            Choice((Value("off", Choice((word("off"), word("out")))), word("on"))),
        ),
        ("living  room = lounge", Value("living room", word("lounge"))),
        ("+ = plus", Value("+", word("plus"))),
    ],
)  # fmt: skip
def test_values(text: str, expected: Expression) -> None:
    assert parse_grammar(f"intent x: <r>\nr: {text}").rules == {"r": expected}


def test_lines_add_alternatives() -> None:
    grammar = parse_grammar(
        "# A comment.\r\n"
        "intent lights: on\r\n"
        "\r\n"
        "    off | out   # two of them\r\n"
        "\t{room} off\r\n"
        "room:\r\n"
        "  kitchen\r\n"
        "intent lights: dark\r\n"
    )
    room_off = Phrase((Reference("room", True, HERE), word("off")))
    lights = (word("on"), word("off"), word("out"), room_off, word("dark"))
    assert grammar.intents == {"lights": Choice(lights)}
    assert grammar.rules == {"room": word("kitchen")}


def test_places_and_words() -> None:
    grammar = parse_grammar("intent a: go {where}\n  stop\nunused: never\nwhere:\n   home | go\n")
    assert grammar.words == {
        "go": Place(1, 11),
        "stop": Place(2, 3),
        "home": Place(5, 4),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no intent; write one such as 'intent lights: turn the light on'"),
        ("a: on", "has no intent; write one such as 'intent lights: turn the light on'"),
        ("turn on", "1:1: expected 'intent NAME: ...' or 'NAME: ...'"),
        ("intent: on", "1:1: expected 'intent NAME: ...' or 'NAME: ...'"),
        ("  on", "1:1: indented, but there is no intent or rule above to go on with"),
        ("intent x:\nr: a", "1:1: 'x' has no words; write some behind the colon"),
        ("r: a\n\nr: b", "3:1: rule 'r' stands already in line 1; add to it"),
        ("intent x: a {roon}\nroom: b", "1:13: no rule 'roon'; did you mean 'room'?"),
        ("intent x: {zzz}\nroom: b", "1:11: no rule 'zzz'; add a line 'zzz: ...'"),
        (
            "intent x: <a>\na: b <c>\nc: d | <a> e",
            "3:8: rule 'a' contains itself (a > c > a); write what repeats as (...)+",
        ),
        (
            "intent x: b\na: b\n  <a>",
            "3:3: rule 'a' contains itself (a > a); write what repeats as (...)+",
        ),
        (
            "intent x: on | | off",
            "1:16: an empty alternative; remove its '|', or write [...] for an optional part",
        ),
        (
            "intent x: on |",
            "1:15: an empty alternative; remove its '|', or write [...] for an optional part",
        ),
        (
            "intent x: (| on)",
            "1:12: an empty alternative; remove its '|', or write [...] for an optional part",
        ),
        ("intent x: a ()", "1:14: words are missing before ')'"),
        ("intent x: <r>\nr: 5 =", "2:7: words are missing at the end of the line"),
        ("intent x: a (b | c", "1:13: '(' is not closed by ')'"),
        ("intent x: a [b)", "1:13: '[' is not closed by ']'"),
        ("intent x: a) b", "1:12: ')' closes nothing; remove it, or open a bracket before"),
        ("intent x: ] b", "1:11: ']' closes nothing; remove it, or open a bracket before"),
        ("intent x: b}", "1:12: '}' closes nothing; remove it, or open a bracket before"),
        ("intent x: a {b", "1:13: '{' is not closed; write slots as in {room}"),
        ("intent x: a <b", "1:13: '<' is not closed; write rules as in <room>"),
        (
            "intent x: {a | b}",
            "1:11: '{a | b}' holds no name; expected a slot such as {room} or <room>",
        ),
        ("intent x: {r}s\nr: a", "1:14: a space is missing before 's'"),
        ("intent x: a{r}\nr: a", "1:12: a space is missing before '{r}'"),
        ("intent x: {r}(s)\nr: a", "1:14: a space is missing before '('"),
        ("intent x: (a)(b)", "1:11: a space is missing behind these brackets"),
        (
            "intent x: light(the lamp)",
            "1:16: only endings are joined to a word, as in light(s); a space is missing here",
        ),
        ("intent x: a" + "(b)" * 7, "1:11: a word with more than 100 spellings"),
        ("intent x: a {4}", "1:13: '{4}' counts nothing; write it right behind a word or bracket"),
        ("intent x: +", "1:11: '+' counts nothing; write it right behind a word or bracket"),
        ("intent x: a{4,2}", "1:12: '{4,2}' is no count; expected one such as {4} or {3,7}"),
        ("intent x: a{0}", "1:12: '{0}' is no count; expected one such as {4} or {3,7}"),
        ("intent x: a{3,}", "1:12: '{3,}' is no count; expected one such as {4} or {3,7}"),
        ("intent x: a+*", "1:13: '*' counts what is counted; use brackets"),
        (
            "intent x: a = b",
            "1:11: only rules have values; give '... = ...' to a rule and refer to it",
        ),
        (
            "intent x: <r>\nr: a | = b",
            "2:8: a value is missing before '='; write it as in '5 = five'",
        ),
        (
            "intent x: <r>\nr: (5 = five)",
            "2:7: '=' has no place here; "
            "begin an alternative of a rule with a value, as in '5 = five'",
        ),
        (
            "intent x: [a] [b | c]",
            "1:1: intent 'x' needs no word at all; let some part of it not be optional",
        ),
        (
            "intent x: a <r>+\nr: [b]",
            "1:16: repeats what may be left out; make it optional or repeat it, not both",
        ),
        (
            "intent x: " + "(" * 11,
            "1:21: more than 10 brackets within each other; make rules of some",
        ),
    ],
)
def test_errors_name_the_place(text: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_grammar(text, "home.grammar")
    separator = ":" if message[0].isdigit() else ": "
    assert str(caught.value) == f"home.grammar{separator}{message}"


@pytest.mark.parametrize("order", [1, -1])
def test_rules_lie_within_each_other_to_a_limit(order: int) -> None:
    def text(depth: int) -> str:
        chain = [f"r{i}: <r{i + 1}>" for i in range(depth)] + [f"r{depth}: a"]
        return "\n".join(["intent x: <r0>", *chain[::order]])

    assert len(parse_grammar(text(9)).rules) == 10
    for depth in (10, 5000):
        with pytest.raises(DataError, match="more than 10 rules within each other"):
            parse_grammar(text(depth))


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "home.grammar"
    path.write_bytes("\ufeffintent x: küche".encode())
    assert read_grammar(path).intents == {"x": word("küche")}
    path.write_bytes("intent x: küche".encode("latin-1"))
    with pytest.raises(DataError, match=r"home\.grammar: not UTF-8 text"):
        read_grammar(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_grammar(tmp_path / "none")


@settings(max_examples=500, deadline=None)
@given(st.text("ab (|)[]{}<>=+*:#4,\n\tintent ré", max_size=40))
def test_whatever_stands_in_a_file_is_a_grammar_or_an_error_in_one_line(text: str) -> None:
    for start in ("", "intent x: a ", "intent x: a\nb: c\n  "):
        try:
            grammar = parse_grammar(start + text)
        except DataError as fault:
            assert str(fault).startswith("grammar:") and "\n" not in str(fault)
        else:
            assert grammar.intents and grammar.words
