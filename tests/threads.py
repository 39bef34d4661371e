"""Threads that something begins, told from those that other tests in this process left and that end by themselves."""

import threading


def running() -> set[threading.Thread]:
    """Return all threads that run now."""
    return set(threading.enumerate())


def begun_since(before: set[threading.Thread]) -> set[threading.Thread]:
    """Return the threads that run now and did not run ``before``."""
    return running() - before
