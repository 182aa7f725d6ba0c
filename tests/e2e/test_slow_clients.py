"""Hundreds of clients that send their head, their body or take their answer as slowly as they can, at once: each is
ended by its clock, and whoever is not slow does not notice."""

import environment
import slow_attack

EACH = environment.fewer(250)


def test_slow_clients_are_ended_by_their_clocks_and_good_ones_do_not_notice():
    slow_attack.check(EACH)
