"""One seed, one independent generator per purpose: a change to one draw shifts no other.

Generators are derived, never carried along: what an epoch draws depends on (seed, purpose, epoch) alone, so a resumed
run needs no saved generator state to go on to the same numbers.
"""

import zlib

import numpy as np


def _sequence(seed: int, purpose: str, epoch: int) -> np.random.SeedSequence:
    return np.random.SeedSequence([seed, zlib.crc32(purpose.encode()), epoch])


def generator(seed: int, purpose: str, epoch: int = 0) -> np.random.Generator:
    """The generator of a named purpose ("subset", "pairs", "order", ...); ``epoch`` where it is drawn anew in each."""
    return np.random.default_rng(_sequence(seed, purpose, epoch))


def torch_seed(seed: int, purpose: str, epoch: int = 0) -> int:
    """A seed for torch's own generator, for what torch draws itself (weights, dropout)."""
    return int(_sequence(seed, purpose, epoch).generate_state(1, np.uint64)[0] >> 1)
