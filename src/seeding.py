"""One seed gives one independent generator per purpose, so that a change to one draw shifts no
other.

Generators are derived, never carried along: what an epoch draws depends on (seed, purpose, epoch)
alone, so a resumed run needs no saved generator to go on to the same numbers.
"""

import zlib

import numpy as np


def _seed_sequence(seed: int, purpose: str, epoch: int) -> np.random.SeedSequence:
    # crc32 rather than hash(), which Python salts anew in every process.
    return np.random.SeedSequence([seed, zlib.crc32(purpose.encode()), epoch])


def generator(seed: int, purpose: str, epoch: int = 0) -> np.random.Generator:
    """Return the generator of a named purpose, such as "subset", "pairs" or "order".

    ``epoch`` is for what is drawn anew in each epoch.
    """
    return np.random.default_rng(_seed_sequence(seed, purpose, epoch))


def torch_seed(seed: int, purpose: str, epoch: int = 0) -> int:
    """Return a seed, from 0 to 2^63 - 1, for what torch draws with its own generator: weights and
    dropout. The arguments are those of `generator`.
    """
    words = _seed_sequence(seed, purpose, epoch).generate_state(1, np.uint64)
    return int(words[0] >> 1)  # 63 bits: a signed 64-bit integer holds them
