#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 120 --cpus 2
"""Several managers that may dictate: bids, and whose turn it is."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kmtia_nl as nl
import tap

guest.setup()
admin = nl.Kmtia()
one, two = nl.Tia(1), nl.Tia(2)
constant = nl.Tia(3, weight=50)
tias = {1: one, 2: two, 3: constant}
spi = 0x6000
admin.call("rule-add", {"priority": 10, "dictate": "any", "timeout": 3000})


def key_of(number, tia):
    return number.to_bytes(4, "big") * 4 + bytes([tia] * 4)


def bids(name, weights, expected, refuse=()):
    """weights: what 1 and 2 bid, None for no; expected: who is asked, in order."""
    global spi
    spi += 1
    creator = guest.Creator(spi)
    for number in (1, 2):
        question = tias[number].question(op="check")
        weight = weights[number - 1]
        tias[number].bid(question, weight is not None, weight or 0)
    asked = []
    for number in expected:
        question = tias[number].question()
        tap.ok("check" not in question, f"{name}: {number} is asked for keys only")
        asked.append(number)
        if number in refuse:
            tias[number].cannot(question)
        else:
            tias[number].answer(question, key_of(spi, number))
            break
    text = creator.errno_text()
    winner = asked[-1] if asked and asked[-1] not in refuse else None
    tap.is_(guest.installed(spi), winner and key_of(spi, winner),
            f"{name}: {'keyed by %d' % winner if winner else 'refused'}")
    return text


bids("the highest bid wins", (70, 60), [1])
bids("whoever made it", (60, 70), [2])
bids("a constant bid counts without a question", (10, 20), [3])
bids("of equal bids the earliest registration's wins", (80, 80), [1])
bids("a tie with a constant", (50, None), [1])
bids("0 never wins", (0, 0), [3])
bids("who refuses is followed by the next", (70, 60), [1, 2], refuse=(1,))
tap.is_(bids("until nobody is left", (70, 60), [1, 2, 3], refuse=(1, 2, 3)),
        "Key was rejected by service", "the last refusal is the error")
tap.is_(constant.stats()["questions"], 3, "the constant one was only asked for keys")
constant.close()
tap.is_(bids("nobody bids", (None, None), []), "Required key not available", "nobody bids: ENOKEY")

creator = guest.Creator(0x7001)
for tia in (one, two):
    tia.bid(tia.question(op="check"), True, 5)
first = one.question()
one.close()
question = two.question()
two.answer(question, key_of(0x7001, 2))
tap.is_(creator.errno_text(), "", "one that dies is followed by the next")
tap.is_(guest.installed(0x7001), key_of(0x7001, 2), "which keys the SA")
creator = guest.Creator(0x7002)
question = two.question()
tap.ok(question.get("check"), "with one candidate the two questions are one")
two.answer(question, key_of(0x7002, 2))
tap.is_(creator.errno_text(), "", "and one answer does")
admin.call("rule-flush")
tap.done()
