"""The pixels of the emulated dynamic vision sensor, compiled: one call from frame to frame.

Pixels are taken in tiles, so that what one step leaves is still in the cache for the next.

Log intensities are whole numbers of `LOG_UNITS`. Times within a frame are whole quanta, fewer than
2**QUANTA_BITS, so that time and address make one 64-bit key that two passes sort.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from neuromorphic_ros.snn.compiled import trailing_zeros
from neuromorphic_ros.spikes import Addresses, TimesNs

Frame = npt.NDArray[np.uint8]
LogIntensities = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int32]
Keys = npt.NDArray[np.uint64]
Shares = npt.NDArray[np.uint16]

# The step that v2e rounds to: thresholds then cancel exactly.
LOG_UNITS = 100_000_000
QUANTA_BITS = 20
DIGIT_BITS = 10
TILE = 4096
_BLOCK = 64

_index = np.uintp


class Photoreceptors(NamedTuple):
    """How receptors follow light.

    lin_log: int32[256], log intensity of each grey level. share: float64[256], how far a receptor
    of each grey level comes in this frame, used if `filtered`; 1 is all the way.
    """

    lin_log: LogIntensities
    share: npt.NDArray[np.float64]
    filtered: bool


class Leakage(NamedTuple):
    """How what pixels remember leaks away in this frame.

    mean: float32[pixels], empty without leakage. jitter: int8[at least pixels]; a pixel leaks less
    by its share jitter_step * jitter. dither: 0 to 1, so that rounding has no bias over frames.
    """

    mean: Floats
    jitter: npt.NDArray[np.int8]
    jitter_step: float
    dither: float


class ShotNoise(NamedTuple):
    """Noise events of this frame.

    candidates: int64[tiles], empty without noise. keep, other: alias tables of all tiles with two
    items per pixel, OFF and ON. share: uint16[256], part of the candidates that pixels of each
    grey level keep, in units of 2**-16. seed: of the random bits.
    """

    candidates: npt.NDArray[np.int64]
    keep: Shares
    other: Shares
    share: Shares
    seed: np.uint64


class Interval(NamedTuple):
    """The time from the last frame to this one: `longest` quanta of 2**shift ns."""

    start_ns: int
    longest: int
    shift: int
    refractory_ns: int


class Pixels(NamedTuple):
    """The state of all pixels.

    receptor: int32[pixels], log intensity. lead: int32[pixels], how far it is above what the pixel
    remembers. last_event_ns: int64[pixels], used if there is a dead time.
    """

    receptor: LogIntensities
    lead: LogIntensities
    last_event_ns: TimesNs


class Events(NamedTuple):
    """Events in the order of their making.

    keys: uint64, time in quanta above the address. digits: int32[2, 2**DIGIT_BITS], how often each
    digit of a time occurs, low and high. address_bits: how many bits the addresses take.
    """

    keys: Keys
    digits: Counts
    address_bits: np.uint64


@numba.njit(nogil=True, error_model="numpy", inline="always")
def _random(seed: np.uint64, number: int) -> np.uint64:
    """Return 64 random bits, the same for the same seed and number.

    SplitMix64 of Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA
    2014; it needs no state in memory.
    """
    bits: np.uint64 = seed + np.uint64(number) * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits = bits ^ (bits >> np.uint64(31))
    return bits


@numba.njit(nogil=True, error_model="numpy")
def _follow(
    frame: Frame,
    optics: Photoreceptors,
    receptor: LogIntensities,
    rise: LogIntensities,
    lead: LogIntensities,
) -> None:
    """Let receptors follow a frame; `rise` gets by how much they rise."""
    if optics.filtered:
        for pixel in range(frame.size):
            grey = frame[pixel]
            missing = optics.lin_log[grey] - receptor[pixel]
            rise[pixel] = np.int32(np.rint(optics.share[grey] * missing))
    else:
        for pixel in range(frame.size):
            rise[pixel] = optics.lin_log[frame[pixel]] - receptor[pixel]
    for pixel in range(frame.size):
        receptor[pixel] += rise[pixel]
        lead[pixel] += rise[pixel]


@numba.njit(nogil=True, error_model="numpy")
def _leak(
    mean: Floats,
    jitter: npt.NDArray[np.int8],
    jitter_step: np.float32,
    dither: np.float32,
    rise: LogIntensities,
    lead: LogIntensities,
) -> None:
    """Lower what pixels remember: their receptors rise above it."""
    for pixel in range(lead.size):
        share = np.float32(1.0) - jitter_step * np.float32(jitter[pixel])
        leaked = np.int32(np.floor(mean[pixel] * share + dither))
        rise[pixel] += leaked
        lead[pixel] += leaked


@numba.njit(nogil=True, error_model="numpy", inline="always")
def _fires(lead: np.int32, off: np.int32, on: np.int32) -> bool:
    fires: bool = (lead >= on) | (-lead >= off)
    return fires


@numba.njit(nogil=True, error_model="numpy")
def _find_firing(
    lead: LogIntensities, off: LogIntensities, on: LogIntensities, firing: Addresses
) -> int:
    """List the pixels that have moved by a threshold; return how many."""
    count: int = _index(0)
    whole = lead.size // _BLOCK * _BLOCK
    for start in range(0, whole, _BLOCK):
        first = _index(start)
        # As bits they are found without a branch per pixel, and a still block costs nothing more.
        bits = np.uint64(0)
        for place in range(_BLOCK):
            pixel = first + _index(place)
            fires = _fires(lead[pixel], off[pixel], on[pixel])
            bits |= np.uint64(fires) << np.uint64(place)
        while bits:
            firing[count] = first + trailing_zeros(bits)
            count += _index(1)
            bits &= bits - np.uint64(1)
    for rest in range(whole, lead.size):
        pixel = _index(rest)
        firing[count] = pixel
        count += _index(_fires(lead[pixel], off[pixel], on[pixel]))
    return count


@numba.njit(nogil=True, error_model="numpy", inline="always")
def _whole_times(change: np.int32, threshold: np.int32) -> np.int32:
    """Divide as integers: by way of float32, which is faster, and corrected."""
    times: np.int32 = np.int32(np.float32(change) / np.float32(threshold))
    rest = change - times * threshold
    times += (rest >> np.int32(31)) + np.int32(rest >= threshold)
    return times


@numba.njit(nogil=True, error_model="numpy", inline="always")
def _within(quantum: np.float32, longest: int) -> int:
    whole: int = np.int64(min(max(quantum, np.float32(0.0)), np.float32(longest)))
    return whole


@numba.njit(nogil=True, error_model="numpy", inline="always")
def _ready(wait_ns: int, shift: int) -> int:
    """Round up to quanta: they must not shorten the dead time."""
    return -((-wait_ns) >> shift)


@numba.njit(nogil=True, error_model="numpy", inline="always")
def _put(
    keys: Keys,
    place: int,
    quantum: int,
    address: np.uint32,
    address_bits: np.uint64,
    digits: Counts,
    count: np.int32,
) -> None:
    """Put an event and add `count` to those with the digits of its time."""
    keys[place] = (np.uint64(quantum) << address_bits) | np.uint64(address)
    digits[0, _index(quantum & ((1 << DIGIT_BITS) - 1))] += count
    digits[1, _index(quantum >> DIGIT_BITS)] += count


@numba.njit(nogil=True, error_model="numpy")
def _with_room(keys: Keys, used: int, more: int) -> Keys:
    if used + more <= keys.size:
        return keys
    larger = np.empty(2 * (used + more), np.uint64)
    larger[:used] = keys[:used]
    return larger


@numba.njit(cache=True, nogil=True, error_model="numpy")
def fire(
    frame: Frame,
    optics: Photoreceptors,
    leakage: Leakage,
    noise: ShotNoise,
    thresholds: LogIntensities,
    interval: Interval,
    pixels: Pixels,
    events: Events,
) -> tuple[Keys, int]:
    """Advance all pixels by a frame; return the keys of the events and their number.

    frame: uint8[pixels]. thresholds: int32[2, pixels], polarity 1 = ON.
    events: room for them; the keys that are returned take its place if it does not suffice.
    """
    size = np.uint32(frame.size)
    start_ns, longest, shift, refractory_ns = interval
    receptor, lead, last_event_ns = pixels
    keys, digits, address_bits = events
    one = np.int32(1)
    rise = np.empty(TILE, np.int32)
    firing = np.empty(TILE + 1, np.uint32)
    # Pixels of a tile that fire again, compacted anew after each event.
    active = np.empty(TILE + 1, np.uint32)
    crossed_at = np.empty(TILE + 1, np.float32)
    step = np.empty(TILE + 1, np.float32)
    left = np.empty(TILE + 1, np.int32)
    digits[:] = 0
    out = _index(0)
    drawn = 0
    for start in range(0, frame.size, TILE):
        stop = min(start + TILE, frame.size)
        first = _index(start)
        moved = rise[: stop - start]
        _follow(frame[start:stop], optics, receptor[start:stop], moved, lead[start:stop])
        if leakage.mean.size:
            _leak(
                leakage.mean[start:stop],
                leakage.jitter[start:stop],
                np.float32(leakage.jitter_step),
                np.float32(leakage.dither),
                moved,
                lead[start:stop],
            )
        count = _find_firing(
            lead[start:stop], thresholds[0, start:stop], thresholds[1, start:stop], firing
        )
        keys = _with_room(keys, out, count)
        kept = _index(0)
        for each in range(count):
            place = _index(firing[each])
            pixel = first + place
            reached, risen = lead[pixel], moved[place]
            polarity = np.uint32(reached > 0)
            sign = np.int32(2) * np.int32(polarity) - one
            threshold = thresholds[_index(polarity), pixel]
            crossings = _whole_times(sign * reached, threshold)
            quanta_per_unit = np.float32(longest) / np.float32(max(sign * risen, one))
            missing = threshold - sign * (reached - risen)
            crossed = np.float32(missing) * quanta_per_unit
            quantum = _within(crossed, longest)
            if refractory_ns > 0:
                ready = _ready(last_event_ns[pixel] + refractory_ns - start_ns, shift)
                quantum = max(quantum, ready)
                if quantum > longest:
                    continue
                last_event_ns[pixel] = start_ns + (quantum << shift)
            address = polarity * size + np.uint32(pixel)
            _put(keys, out, quantum, address, address_bits, digits, one)
            out += _index(1)
            active[kept] = address
            crossed_at[kept] = crossed
            step[kept] = np.float32(threshold) * quanta_per_unit
            left[kept] = crossings - one
            kept += _index(crossings > one)
            lead[pixel] = reached - sign * threshold * crossings

        while kept > 0:
            keys = _with_room(keys, out, kept)
            going, kept = kept, _index(0)
            for each in range(going):
                address = active[each]
                crossed = crossed_at[each] + step[each]
                quantum = _within(crossed, longest)
                if refractory_ns > 0:
                    polarity = np.uint32(address >= size)
                    pixel = _index(address - polarity * size)
                    ready = _ready(last_event_ns[pixel] + refractory_ns - start_ns, shift)
                    quantum = max(quantum, ready)
                    if quantum > longest:
                        # What is held back to a later frame has not been fired.
                        sign = np.int32(2) * np.int32(polarity) - one
                        lead[pixel] += sign * left[each] * thresholds[_index(polarity), pixel]
                        continue
                    last_event_ns[pixel] = start_ns + (quantum << shift)
                _put(keys, out, quantum, address, address_bits, digits, one)
                out += _index(1)
                remaining = left[each] - one
                active[kept] = address
                crossed_at[kept] = crossed
                step[kept] = step[each]
                left[kept] = remaining
                kept += _index(remaining > 0)

        if noise.candidates.size:
            candidates = noise.candidates[start // TILE]
            keys = _with_room(keys, out, candidates)
            items = np.uint64(2 * (stop - start))
            # Whether a candidate is kept is a toss-up: a branch would be mispredicted.
            for _ in range(candidates):
                where = _random(noise.seed, 2 * drawn)
                when = _random(noise.seed, 2 * drawn + 1)
                drawn += 1
                item = ((where >> np.uint64(32)) * items) >> np.uint64(32)
                bin_ = _index(np.uint64(2 * start) + item)
                other = np.uint64(noise.other[bin_])
                item = item if np.uint16(where) < noise.keep[bin_] else other
                pixel = first + _index(item >> np.uint64(1))
                fires = np.int32(np.uint16(when) < noise.share[frame[pixel]])
                later = (when >> np.uint64(32)) * np.uint64(longest)
                quantum = np.int64(later >> np.uint64(32))
                address = np.uint32(item & np.uint64(1)) * size + np.uint32(pixel)
                _put(keys, out, quantum, address, address_bits, digits, fires)
                out += _index(fires)
                lead[pixel] &= fires - one
    return keys, out


@numba.njit(cache=True, nogil=True, error_model="numpy")
def sort(
    events: Events, count: int, half_sorted: Keys, interval: Interval
) -> tuple[Addresses, TimesNs]:
    """Return addresses and times [ns] of events by time: a radix sort, linear whatever the scene.

    half_sorted: scratch as long as the keys.
    """
    keys, digits, address_bits = events
    for row in range(2):
        start = np.int32(0)
        for digit in range(1 << DIGIT_BITS):
            size = digits[row, digit]
            digits[row, digit] = start
            start += size
    low, high = digits[0], digits[1]
    low_digit = np.uint64((1 << DIGIT_BITS) - 1)
    for each in range(count):
        key = keys[each]
        place = (key >> address_bits) & low_digit
        half_sorted[_index(low[place])] = key
        low[place] += np.int32(1)
    address = np.empty(count, np.uint32)
    time_ns = np.empty(count, np.int64)
    high_bits = address_bits + np.uint64(DIGIT_BITS)
    address_mask = (np.uint64(1) << address_bits) - np.uint64(1)
    for each in range(count):
        key = half_sorted[each]
        place = key >> high_bits
        to = _index(high[place])
        address[to] = np.uint32(key & address_mask)
        time_ns[to] = interval.start_ns + (np.int64(key >> address_bits) << interval.shift)
        high[place] += np.int32(1)
    return address, time_ns


def _prepare() -> None:
    """Compile, or load from the cache: no frame ever waits for it."""
    frame = np.empty(0, np.uint8)
    frame.flags.writeable = False
    whole, floats = np.empty(0, np.int32), np.empty(0, np.float32)
    times, shares, keys = np.empty(0, np.int64), np.empty(0, np.uint16), np.empty(0, np.uint64)
    interval = Interval(0, 0, 0, 0)
    events = Events(keys, whole.reshape(2, 0), np.uint64(0))
    arguments = (
        frame,
        Photoreceptors(whole, np.empty(0), False),
        Leakage(floats, np.empty(0, np.int8), 0.0, 0.0),
        ShotNoise(times, shares, shares, shares, np.uint64(0)),
        whole.reshape(2, 0),
        interval,
        Pixels(whole, whole, times),
        events,
    )
    fire.compile(tuple(map(numba.typeof, arguments)))
    sort.compile(tuple(map(numba.typeof, (events, 0, keys, interval))))


_prepare()
