"""Three thousand slow clients at once: see test_slow_clients.py."""

import environment
import slow_attack


def test_thousands_of_slow_clients_are_ended_by_their_clocks_and_good_ones_do_not_notice():
    slow_attack.check(environment.fewer(1000))
