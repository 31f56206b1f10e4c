# SPDX-License-Identifier: LGPL-2.1-or-later
"""tone: a test tone as a WAV file, and whether a recording holds one.

Each phone of the demonstration plays a tone of its own, so a recording says whose voice it is.
"""
import math
import struct
import wave

RATE = 8000
SLICE = RATE // 10  # samples looked at together: a tenth of a second
SHARE = 0.6         # of a slice's energy that the tone must hold
SILENCE = 200.0     # mean amplitude below which a slice is silence


def write(path, hertz, seconds):
    """Writes a mono recording of @seconds of a sine of @hertz."""
    step = 2 * math.pi * hertz / RATE
    samples = (int(8000 * math.sin(step * i)) for i in range(RATE * seconds))
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))


def read(path):
    """The rate and samples of a recording, even one whose header was never completed."""
    with open(path, "rb") as file:
        raw = file.read()
    start = raw.find(b"data")
    if raw[:4] != b"RIFF" or start < 36:
        return RATE, ()
    channels, rate = struct.unpack("<HI", raw[22:28])
    body = raw[start + 8:]
    count = len(body) // 2
    samples = struct.unpack(f"<{count}h", body[:count * 2])
    return rate, samples[::channels]


def share(samples, rate, hertz):
    """How much of the energy of @samples is at @hertz, from 0 to 1 (Goertzel's algorithm)."""
    factor = 2 * math.cos(2 * math.pi * hertz / rate)
    last = before = 0.0
    for sample in samples:
        last, before = sample + factor * last - before, last
    energy = sum(sample * sample for sample in samples)
    power = last * last + before * before - factor * last * before
    return 2 * power / len(samples) / energy if energy else 0.0


def heard(path, hertz):
    """For how many seconds the recording at @path holds the tone, and how long it is."""
    try:
        rate, samples = read(path)
    except OSError:
        return 0.0, 0.0
    slices = [samples[i:i + SLICE] for i in range(0, len(samples) - SLICE, SLICE)]
    loud = [s for s in slices if sum(map(abs, s)) / len(s) > SILENCE]
    tones = sum(share(s, rate, hertz) > SHARE for s in loud)
    return tones * SLICE / rate, len(samples) / rate
