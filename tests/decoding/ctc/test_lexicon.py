from __future__ import annotations

from pathlib import Path

import pytest

from speechrnn.decoding.ctc.lexicon import Lexicon, Trie, read_lexicon, spell
from speechrnn.errors import DataError
from speechrnn.vocabulary import BLANK

PHONES = (BLANK, "Y", "EH", "S", "N", "OW")
LETTERS = (BLANK, " ", "a", "b")


def test_reads_what_kaldi_writes(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.txt"
    path.write_text("yes Y EH S\n\nno\tN OW \r\nyes Y EH\n")
    assert read_lexicon(path, PHONES).pronunciations == {
        "yes": ((1, 2, 3), (1, 2)),
        "no": ((4, 5),),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("yes Y EH S\nno\n", "lexicon.txt:2: no has no units; expected 'word unit unit ...'"),
        (
            "yes Y EH S\n\nno N O\n",
            "lexicon.txt: no has the unit 'O'; the model knows Y EH S N OW",
        ),
        ("no N <blk>\n", "lexicon.txt: no has the unit '<blk>'"),
        ("no N OW\nno  N  OW\n", "lexicon.txt:2: no  N  OW stands already in line 1; keep one"),
        ("\n", "lexicon.txt: holds no words"),
        (b"\xff\xfe", "lexicon.txt: not UTF-8"),
        (None, "lexicon.txt: cannot be read"),
    ],
)
def test_faults_name_file_and_line(tmp_path: Path, text: str | bytes | None, message: str) -> None:
    path = tmp_path / "lexicon.txt"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError) as fault:
        read_lexicon(path, PHONES)
    assert message in str(fault.value) and "\n" not in str(fault.value)


def test_words_are_units_or_spelt_in_letters() -> None:
    assert spell("OW", PHONES) == (5,)
    assert spell("abba", LETTERS) == (2, 3, 3, 2)
    assert Lexicon.of_words(["ab", "b"], LETTERS).pronunciations == {"ab": ((2, 3),), "b": ((3,),)}


@pytest.mark.parametrize("word", ["", "a b", "abc", "<blk>"])
def test_words_that_cannot_be_spelt(word: str) -> None:
    with pytest.raises(DataError, match="for this model; it knows a b"):
        spell(word, LETTERS)


def test_a_trie_ends_words_at_their_last_unit_where_nothing_parts_them() -> None:
    trie = Trie(Lexicon({"yeah": [(1, 2)], "yes": [(1, 2, 3)], "yea": [(1, 2)]}), PHONES)
    ((word, y),) = trie.follow(trie.start, 1)
    assert word is None and trie.endings(y) == ()
    ways = trie.follow(y, 2)
    assert [word for word, _ in ways] == [None, "yeah", "yea"]
    assert [state is trie.start for _, state in ways] == [False, True, True]
    assert trie.follow(ways[0][1], 3) == [("yes", trie.start)]
    assert not trie.follow(trie.start, 3)
    assert trie.endings(trie.start) == ("",)


def test_a_trie_ends_words_at_separators_where_there_are_some() -> None:
    trie = Trie(Lexicon.of_words(["a", "ab"], LETTERS), LETTERS)
    assert trie.follow(trie.start, 1) == [(None, trie.start)]
    ((_, a),) = trie.follow(trie.start, 2)
    assert trie.follow(a, 1) == [("a", trie.start)] and trie.endings(a) == ["a"]
    ((_, ab),) = trie.follow(a, 3)
    assert trie.endings(ab) == ["ab"] and not trie.follow(ab, 3)
