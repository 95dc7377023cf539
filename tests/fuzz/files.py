"""python tests/fuzz/files.py [--minutes M] [--seed S]: the long fuzz of files.

Each case is a file of convlet's that has been damaged: bytes changed, cut or repeated; or, since
whoever makes a hostile file also makes its checksum, JSON and arrays changed and sealed anew. To
load it must give a model or a ValueError with a message, in little time and memory. Weights in
HDF5 and safetensors files are damaged, too, where those libraries are installed; they have no
checksum, so that changed elements are read.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import json
import random
import signal
import sys
import tempfile
import time
import tracemalloc
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np

from convlet import Sequential, layers, models
from convlet.saving import _archive

SECONDS = 20  # after which a case hangs
MEMORY = 64  # times the file's size, and a little for the model's own objects
NUMBERS = (0, 1, -1, 3, 2**31, 2**40, 2**63, 10**30, 0.5, -1e300, 1e400, float("nan"))
STRINGS = (
    "",
    "Layer",
    "Dense",
    "os.system",
    "../../x",
    "__class__",
    "\0",
    "same",
    "float64",
    "x" * 999,
)
OTHER = (None, True, [], {}, [[]], {"class_name": "Dense", "config": {}})


def network():
    return Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(3, 3, activation="relu"),
            layers.Dropout(0.2, seed=1),
            Sequential([layers.MaxPooling2D(2), layers.Flatten()], name="inner"),
            layers.Dense(2, activation="softmax"),
        ]
    )


def originals(folder):
    """The bytes of a file of each kind, with all that such files have."""
    model = network()
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    model.train_on_batch(np.ones((2, 8, 8, 1)), np.eye(2))
    found = {}
    for suffix in sorted({suffix for suffix, _ in MUTATIONS}):
        path = Path(folder, "original" + suffix)
        (model.save if suffix == ".keras" else model.save_weights)(path)
        found[suffix] = path.read_bytes()
    return found


# --------------------------------------------------------------------------------------- mutations


def bytes_changed(data, rng):
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        place = rng.randrange(len(data))
        data[place] ^= 1 << rng.randrange(8)
    return bytes(data)


def bytes_moved(data, rng):
    """Cut off, cut out, repeated, appended to, or exchanged for zeros or noise."""
    first, last = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    part = data[first:last]
    return rng.choice(
        (
            data[:first],
            data[last:],
            data[:first] + data[last:],
            data[:last] + part + data[last:],
            data + part[:999],
            data[:first] + bytes(len(part)) + data[last:],
            data[:first] + rng.randbytes(len(part)) + data[last:],
        )
    )


def zip_changed(data, rng):
    """Bytes of the zip's own records, under a seal that fits."""
    places = [i for i in range(len(data) - 4) if data[i : i + 2] == b"PK" and data[i + 2] < 9]
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2))):
        place = rng.choice(places) + rng.randrange(46)
        if place < len(data):
            data[place] = rng.choice((0, 1, 0xFF, data[place] ^ (1 << rng.randrange(8))))
    return sealed(bytes(data))


def entries_changed(data, rng):
    """JSON values, arrays, or the list of entries, under a seal that fits."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        entries = [(name, file.read(name)) for name in file.namelist()]
    kind = rng.randrange(8)
    place = rng.randrange(len(entries))
    name, content = entries[place]
    if kind == 0:
        del entries[place]
    elif kind == 1:
        entries.append((rng.choice((name, "../up", "variables/99.npy", "/abs", "a\\b")), content))
    elif kind == 2:
        entries[place] = (name, bytes_changed(content, rng))
    elif kind == 3:
        entries[place] = (name, array_claiming(rng))
    else:
        places = [i for i, (entry, _) in enumerate(entries) if entry == "config.json"]
        value = json.loads(entries[places[0]][1])
        for _ in range(rng.choice((1, 1, 2, 4))):
            value = json_changed(value, rng)
        entries[places[0]] = ("config.json", json.dumps(value).encode())
    return packed(entries, rng.choice((zipfile.ZIP_STORED,) * 9 + (zipfile.ZIP_DEFLATED,)))


def array_claiming(rng):
    """An array whose header promises what it does not hold."""
    shape = tuple(rng.choice((0, 1, 3, 2**31, 2**62, 10**25)) for _ in range(rng.randrange(5)))
    kind = rng.choice(("<f4", "<f8", "|O", "<c8", ">f4", "<u8", "<i4"))
    text = f"{{'descr': '{kind}', 'fortran_order': {rng.random() < 0.1}, 'shape': {shape}, }}\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + bytes(12)


def json_changed(value, rng):
    """The value with one of its parts exchanged, dropped or doubled."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        if rng.random() < 0.05:
            return {k: v for k, v in value.items() if k != key}
        if rng.random() < 0.05:
            return {**value, rng.choice(STRINGS): value[key]}
        return {**value, key: json_changed(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.9:
        place = rng.randrange(len(value))
        changed = rng.choice(([], [value[place]] * 2, [json_changed(value[place], rng)]))
        return value[:place] + changed + value[place + 1 :]
    return rng.choice((*NUMBERS, *STRINGS, *OTHER, nested(rng)))


def nested(rng):
    value = {}
    for _ in range(rng.choice((3, 60, 240))):
        value = {"class_name": "Sequential", "config": {"layers": [value]}}
    return value


def packed(entries, compression):
    """A zip of these entries, as convlet seals it."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are there twice
        with zipfile.ZipFile(buffer, "w", compression) as file:
            file.comment = _archive._MARK + b"0" * _archive._DIGITS
            for name, content in entries:
                file.writestr(name, content)
    return sealed(buffer.getvalue())


def sealed(data):
    file = io.BytesIO(data)
    return data[: -_archive._DIGITS] + _archive._digest(file)


KINDS = [".keras", ".npz"]
KINDS += [".weights.h5"] if importlib.util.find_spec("h5py") else []
KINDS += [".safetensors"] if importlib.util.find_spec("safetensors") else []
MUTATIONS = [
    *((".keras", mutation) for mutation in (zip_changed, *(entries_changed,) * 3)),
    *((suffix, mutation) for suffix in KINDS for mutation in (bytes_changed, bytes_moved)),
]


# ------------------------------------------------------------------------------------------- cases


def judge(path, size):
    """("read" or "refused" or a finding): what became of loading the file."""
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    try:
        if path.name.endswith(".keras"):
            models.load_model(path).get_weights()
        else:
            network().load_weights(path)
        outcome = "read"
    except ValueError as error:
        outcome = "refused" if str(error) else "ValueError without a message"
    except BaseException as error:
        return f"{error!r:.300}"
    peak = tracemalloc.get_traced_memory()[1] - before
    return outcome if peak < MEMORY * size + 10**7 else f"{peak:,} bytes of memory"


def run(cases, folder, deadline=float("inf")):
    """Count of outcomes by mutation, and the findings."""
    whole, counts, findings = originals(folder), Counter(), []
    tracemalloc.start()
    for case in cases:
        if time.monotonic() > deadline:
            break
        rng = random.Random(case)
        suffix, mutation = MUTATIONS[case % len(MUTATIONS)]
        data = mutation(whole[suffix], rng)
        if data == whole[suffix]:
            continue
        path = Path(folder, "case" + suffix)
        path.write_bytes(data)
        if hasattr(signal, "alarm"):
            signal.alarm(SECONDS)
        outcome = judge(path, len(data))
        well = outcome in ("read", "refused")
        counts[suffix, mutation.__name__, outcome if well else "finding"] += 1
        if not well:
            findings.append(f"case {case}: {suffix} {mutation.__name__}: {outcome}")
    if hasattr(signal, "alarm"):
        signal.alarm(0)
    tracemalloc.stop()
    return counts, findings


def main():
    parser = argparse.ArgumentParser(prog="python tests/fuzz/files.py", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9 * 10**6)
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)  # of which a crash of the HDF5 library would not tell
    start = time.monotonic()
    cases = range(options.seed, options.seed + 10**9)
    with tempfile.TemporaryDirectory() as folder:
        counts, findings = run(cases, folder, start + 60 * options.minutes)
    for line in findings:
        print(line)
    for (suffix, mutation, outcome), count in sorted(counts.items()):
        print(f"{suffix} {mutation}: {count} {outcome}")
    minutes = (time.monotonic() - start) / 60
    total = sum(counts.values())
    print(f"seed {options.seed}: {total} files in {minutes:.1f} minutes, {len(findings)} findings")
    return bool(findings)


if __name__ == "__main__":
    sys.exit(main())
