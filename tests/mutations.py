"""Damaging files at random: bytes, numbers of texts, values of json, members of zip files."""

import io
import json
import re
import zipfile

import numpy as np

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_NUMBERS = (b"-1", b"0", b"1e400", b"-1e308", b"nan", b"NaN", b"inf", b"99999999999999999999")
_HOSTILE_TEXTS = (
    "../../x",
    "$x$",
    "$\\frac{$",
    "a\nb",
    "\x1b[31mred\x07",
    "\ud800",
    "\0",
    "Jürgen 李",
    "x" * 300,
    "",
)
_VALUES = (
    None,
    True,
    -1,
    0,
    3.5,
    10**30,
    float("nan"),
    float("inf"),
    "text",
    [],
    {},
    [[]],
    [None],
    {"a": 1},
    *_HOSTILE_TEXTS,
)
_DOUBLES = (np.nan, np.inf, -np.inf, 1e308, -1e308, 0.0, 1e-320)


def truncate(content: bytes, rng) -> bytes:
    """Cut a file off somewhere."""
    return content[: rng.integers(0, max(len(content), 1))]


def flip_bits(content: bytes, rng) -> bytes:
    """Change one to four bits."""
    changed = bytearray(content)
    if changed:
        for position in rng.integers(0, len(changed), rng.integers(1, 5)):
            changed[position] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def flip_head(content: bytes, rng) -> bytes:
    """Change bytes among the first 200, where containers describe themselves."""
    changed = bytearray(content)
    if changed:
        for position in rng.integers(0, min(len(changed), 200), rng.integers(1, 4)):
            changed[position] = int(rng.choice([0, 1, 0x7F, 0x80, 0xFF, int(rng.integers(256))]))
    return bytes(changed)


def insert_bytes(content: bytes, rng) -> bytes:
    """Put random bytes between those of a file."""
    position = int(rng.integers(0, len(content) + 1))
    return content[:position] + rng.bytes(int(rng.integers(1, 40))) + content[position:]


def remove_bytes(content: bytes, rng) -> bytes:
    """Take some bytes out of a file."""
    position = int(rng.integers(0, len(content) + 1))
    return content[:position] + content[position + int(rng.integers(1, 100)) :]


def repeat_part(content: bytes, rng) -> bytes:
    """Put a part of a file into it once more, somewhere else."""
    first, last = sorted(rng.integers(0, len(content) + 1, 2))
    position = int(rng.integers(0, len(content) + 1))
    return content[:position] + content[first : min(last, first + 5000)] + content[position:]


def zero_part(content: bytes, rng) -> bytes:
    """Make a part of a file zeros, as a copy that was not finished has it."""
    first, last = sorted(rng.integers(0, len(content) + 1, 2))
    return content[:first] + bytes(int(last - first)) + content[last:]


def odd_double(content: bytes, rng) -> bytes:
    """Write a number such as NaN, as 4 or 8 bytes, over a place that is a multiple of 4."""
    value = rng.choice(_DOUBLES)
    dtype = rng.choice(["<f4", "<f8"])
    with np.errstate(over="ignore"):
        number = np.array(value).astype(dtype).tobytes()
    position = 4 * int(rng.integers(0, len(content) // 4 + 1))
    return content[:position] + number + content[position + len(number) :]


def odd_number(content: bytes, rng) -> bytes:
    """Put another number in the place of one that is written in digits."""
    matches = list(_NUMBER.finditer(content[:200_000]))
    if not matches:
        return flip_bits(content, rng)
    match = matches[int(rng.integers(len(matches)))]
    return content[: match.start()] + rng.choice(_NUMBERS) + content[match.end() :]


def odd_line(content: bytes, rng) -> bytes:
    """Remove, repeat or exchange a line of a text."""
    lines = content.split(b"\n")
    first, second = rng.integers(0, len(lines), 2)
    match int(rng.integers(3)):
        case 0:
            del lines[first]
        case 1:
            lines.insert(second, lines[first])
        case 2:
            line = lines[first]
            lines[first] = lines[second]
            lines[second] = line
    return b"\n".join(lines)


def something_else(content: bytes, rng) -> bytes:
    """Put something else in the place of the whole file."""
    match int(rng.integers(7)):
        case 0:
            return b""
        case 1:
            return b"Lorem ipsum\n" * 20
        case 2:
            return b"[" * 100_000
        case 3:
            return bytes(1000)
        case 4:
            return rng.bytes(1000)
        case 5:
            return b"\xef\xbb\xbf" + content  # a byte order mark, as Excel writes it
        case _:
            return b"<html><body>404 Not Found</body></html>"


def odd_json(content: bytes, rng) -> bytes:
    """Put something else in the place of a value in json, or remove it."""
    try:
        tree = json.loads(content)
    except ValueError:
        return odd_number(content, rng)
    node = tree
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return json.dumps(_VALUES[int(rng.integers(len(_VALUES)))]).encode()
        key = keys[int(rng.integers(len(keys)))]
        if not isinstance(node[key], (dict, list)) or not node[key] or rng.random() < 0.25:
            break
        node = node[key]
    match int(rng.integers(5)):
        case 0:
            del node[key]
        case 1 if isinstance(node, dict):
            node[_HOSTILE_TEXTS[int(rng.integers(len(_HOSTILE_TEXTS)))]] = node.pop(key)
        case 2 if isinstance(node, list):
            node.append(node[key])
        case 3 if isinstance(node[key], str):
            node[key] = _HOSTILE_TEXTS[int(rng.integers(len(_HOSTILE_TEXTS)))]
        case _:
            node[key] = _VALUES[int(rng.integers(len(_VALUES)))]
    return json.dumps(tree).encode()


def odd_member(content: bytes, rng) -> bytes:
    """Damage a member of a zip file (npz, pt), whose checksums are right all the same."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except Exception:
        return flip_bits(content, rng)
    if not members:
        return content
    name = list(members)[int(rng.integers(len(members)))]
    if rng.random() < 0.1:
        del members[name]
    elif members[name].startswith(b"\x93NUMPY") and rng.random() < 0.5:
        members[name] = odd_npy(members[name], rng)
    else:
        members[name] = pick(BYTES, rng)(members[name], rng)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return buffer.getvalue()


def odd_npy(content: bytes, rng) -> bytes:
    """Give an array other values, another shape or another type."""
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except ValueError:
        return flip_bits(content, rng)
    with np.errstate(all="ignore"):
        match int(rng.integers(9)):
            case 0:
                array = array[..., None]
            case 1:
                array = array[:0]
            case 2:
                array = array.ravel()[:1].reshape(()) if array.size else array
            case 3 if array.dtype.kind == "f":
                array = array * rng.choice(_DOUBLES)
            case 4 if array.dtype.kind == "f" and array.size:
                array = array.copy()
                array.flat[int(rng.integers(array.size))] = rng.choice(_DOUBLES)
            case 5 if array.dtype.kind in "fiu":
                array = array.astype(
                    rng.choice(["i1", "f2", "c8", "u8", "?", ">f8", "U5", "M8[s]"])
                )
            case 6:
                array = np.concatenate([array, array]) if array.ndim else array
            case 7:
                array = array.T
            case _ if array.dtype.kind == "U" and array.size:
                array = array.astype(object).copy()
                texts = _HOSTILE_TEXTS
                array.flat[int(rng.integers(array.size))] = texts[int(rng.integers(len(texts)))]
                array = array.astype(str)
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


BYTES = (
    truncate,
    flip_bits,
    flip_bits,
    flip_head,
    insert_bytes,
    remove_bytes,
    repeat_part,
    zero_part,
    odd_double,
    odd_double,
)
TEXT = (odd_number, odd_number, odd_line, odd_line)
ANY = (something_else,)


def pick(functions, rng):
    """Choose one of several functions at random."""
    return functions[int(rng.integers(len(functions)))]


def mutate(content: bytes, suffix: str, rng, others=()) -> tuple[str, bytes]:
    """Damage the content of a file -> how, and the new content.

    suffix: of the file's name, which tells what can be damaged in it.
    others: contents of other kinds, one of which may come in its place.
    """
    if others and rng.random() < 0.04:
        return "another kind", others[int(rng.integers(len(others)))]
    functions = [*BYTES, *ANY]
    if suffix in (".json", ".csv", ".bvh", ".xml"):
        functions = [truncate, flip_bits, insert_bytes, remove_bytes, repeat_part, zero_part]
        functions += [*TEXT, *TEXT, *ANY]
    if suffix == ".json":
        functions += [odd_json] * 25
    if suffix in (".npz", ".pt"):
        functions += [odd_member] * 15
    if suffix == ".npy":
        functions += [odd_npy] * 8
    function = pick(functions, rng)
    return function.__name__, function(content, rng)
