"""Flags whose value is some of what is known, separated by commas."""
import argparse


def some_of(known):
    """A type for argparse: the list of the names; what is not known is an error that says what is."""
    return lambda text: [_one_of(known, name) for name in text.split(",")]


def _one_of(known, name):
    if name not in known:
        raise argparse.ArgumentTypeError(f"expected some of {','.join(known)}, got '{name}'")
    return name
