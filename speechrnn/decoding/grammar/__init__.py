"""Grammars: which sentences may be said, and what they mean.

A grammar is a text file. Each `intent` lists sentences, one a line or parted by `|`; the other
names are rules, which sentences share:

    # Lights, a timer, a PIN.
    intent lights:
        turn (the) {room} light(s) {state}
        <polite> {state} with the {room} light(s)
    intent timer: set timer {minutes} minute(s)
    intent pin: {digit}{4}

    polite: please | would you
    room: kitchen | living room | bedroom = (bed room | bedroom)
    state: on | off
    minutes:
        5 = five
        10 = ten
    digit: 0 = (zero | oh) | 1 = one | 2 = two

What may stand in a line:

    turn on                    these words
    on | off                   one of the alternatives
    (on | off)                 one of them, within a sentence
    (the)  [the]  [a | the]    this, or nothing
    light(s)  switch(es|ed)    a word with an ending, or without; with one of these endings
    {room}                     what the rule allows; the slot "room" holds what was said
    <polite>                   what the rule allows, without a slot
    {digit}{4}  {digit}{3,7}   four times, three to seven times
    very+  (very very)*        once or more, any number of times
    5 = five                   in a rule: "five" is said, "5" is in the slot
    # ...                      a comment

Home Assistant's hassil and JSGF write most of this alike. Only `(the)` differs: round brackets
without alternatives mean that something may be left out, unless a count follows them.

Further lines of an intent or rule are indented. Rules may use rules, but not themselves. A slot
that can be filled more than once in an intent holds a list, in the order said; one for which
nothing was said is left out. Where a sentence can be read in two ways, what stands first in the
file counts, and the longer of repetitions and optional parts.
"""
