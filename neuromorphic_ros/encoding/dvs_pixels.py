"""The pixels of the emulated dynamic vision sensor, compiled: one call from frame to frame.

Pixels are taken in tiles, so that what one step leaves is still in the cache for the next.

Log intensities are whole numbers of `LOG_UNITS`. Times within a frame are whole quanta, fewer than
QUANTA, so that one pass sorts them: 4 us at 30 frames per second, less than the jitter of a sensor.
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
Moments = npt.NDArray[np.uint16]
Shares = npt.NDArray[np.uint16]

# The step that v2e rounds to: thresholds then cancel exactly.
LOG_UNITS = 100_000_000
QUANTA_BITS = 13
QUANTA = 1 << QUANTA_BITS
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

    address: uint32, polarity * pixels + pixel. moment: uint16, time in quanta. counts:
    int32[QUANTA], how many events there are of each time.
    """

    address: Addresses
    moment: Moments
    counts: Counts


class Firing(NamedTuple):
    """The pixels of a tile that fire, a column per property.

    place: in the tile. reached, risen: lead and how far it has risen in this frame. threshold,
    crossings: of that polarity, and how often it is crossed. at, step: time of the first crossing
    and between crossings in quanta. again: scratch.
    """

    place: Addresses
    reached: LogIntensities
    risen: LogIntensities
    threshold: LogIntensities
    crossings: Counts
    at: Floats
    step: Floats
    again: Addresses


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
def _whole(quantum: np.float32, longest: np.float32) -> np.int32:
    quantum = quantum if quantum > np.float32(0.0) else np.float32(0.0)
    whole: np.int32 = np.int32(quantum if quantum < longest else longest)
    return whole


@numba.njit(nogil=True, error_model="numpy")
def _gather(
    count: int,
    rise: LogIntensities,
    lead: LogIntensities,
    off: LogIntensities,
    on: LogIntensities,
    firing: Firing,
) -> None:
    """Fill in what is known of the pixels that fire."""
    for each in range(count):
        place = _index(firing.place[each])
        reached = lead[place]
        firing.reached[each] = reached
        firing.risen[each] = rise[place]
        firing.threshold[each] = on[place] if reached > 0 else off[place]


@numba.njit(nogil=True, error_model="numpy")
def _cross(count: int, longest: np.float32, firing: Firing) -> int:
    """Find out when pixels cross their thresholds, rising evenly in time; return how often."""
    reached, risen, threshold = firing.reached, firing.risen, firing.threshold
    crossings, at, step = firing.crossings, firing.at, firing.step
    one = np.int32(1)
    # A loop for each column: only of few arrays can the compiler tell that they do not overlap,
    # which it must before it uses vector instructions.
    for each in range(count):
        away = reached[each] if reached[each] > 0 else -reached[each]
        crossings[each] = _whole_times(away, threshold[each])
    for each in range(count):
        rise = risen[each] if reached[each] > 0 else -risen[each]
        step[each] = longest / np.float32(rise if rise > one else one)
    for each in range(count):
        before = reached[each] - risen[each]
        missing = threshold[each] - (before if reached[each] > 0 else -before)
        at[each] = np.float32(missing) * step[each]
    for each in range(count):
        step[each] *= np.float32(threshold[each])
    total = 0
    for each in range(count):
        total += crossings[each]
    return total


@numba.njit(nogil=True, error_model="numpy")
def _fire_all(
    count: int,
    firing: Firing,
    first: int,
    pixels: int,
    longest: np.float32,
    lead: LogIntensities,
    events: Events,
    used: int,
) -> int:
    """Fire at every crossing; return the number of events.

    first: address of the tile's first pixel. pixels: of the sensor. lead: of the tile.
    """
    place, reached, crossings = firing.place, firing.reached, firing.crossings
    addresses, moments, counts = events
    begin = _index(used)
    for each in range(count):
        polarity = np.uint32(reached[each] > 0)
        address = np.uint32(first) + polarity * np.uint32(pixels) + place[each]
        addresses[begin + _index(each)] = address
    for each in range(count):
        moments[begin + _index(each)] = np.uint16(_whole(firing.at[each], longest))
    for each in range(count):
        counts[_index(moments[begin + _index(each)])] += np.int32(1)
    for each in range(count):
        away = crossings[each] * firing.threshold[each]
        lead[_index(place[each])] = reached[each] - (away if reached[each] > 0 else -away)
    # Pixels that fire again are listed, and the list thinned after each event: loops of their own
    # would end so unevenly that the processor could not look ahead.
    again, kept = firing.again, _index(0)
    for each in range(count):
        again[kept] = np.uint32(each)
        kept += _index(crossings[each] > np.int32(1))
    out: int = begin + _index(count)
    fired = np.int32(1)
    while kept > 0:
        going, kept = kept, _index(0)
        for item in range(going):
            which = again[item]
            at = firing.at[which] + np.float32(fired) * firing.step[which]
            moment = _whole(at, longest)
            addresses[out] = addresses[begin + _index(which)]
            moments[out] = np.uint16(moment)
            counts[_index(moment)] += np.int32(1)
            out += _index(1)
            again[kept] = which
            kept += _index(crossings[which] > fired + np.int32(1))
        fired += np.int32(1)
    return out


@numba.njit(nogil=True, error_model="numpy")
def _fire_between_dead_times(
    count: int,
    firing: Firing,
    first: int,
    pixels: int,
    interval: Interval,
    lead: LogIntensities,
    last_event_ns: TimesNs,
    events: Events,
    used: int,
) -> int:
    """Fire when crossed and ready; return the number of events.

    first: address of the tile's first pixel. pixels: of the sensor. lead, last_event_ns: of the
    tile. What a dead time holds back stays in `lead` for later frames.
    """
    start_ns, longest, shift, refractory_ns = interval
    addresses, moments, counts = events
    out: int = _index(used)
    for each in range(count):
        place = _index(firing.place[each])
        sign = np.int32(1) if firing.reached[each] > 0 else np.int32(-1)
        address = np.uint32(first + (pixels if sign > 0 else 0)) + firing.place[each]
        at = firing.at[each]
        for _ in range(firing.crossings[each]):
            wait_ns = last_event_ns[place] + refractory_ns - start_ns
            # Rounded up: quanta must not shorten the dead time.
            ready = -((-wait_ns) >> shift)
            moment = max(np.int64(_whole(at, np.float32(longest))), ready)
            if moment > longest:
                break
            addresses[out] = address
            moments[out] = np.uint16(moment)
            counts[_index(moment)] += np.int32(1)
            out += _index(1)
            lead[place] -= sign * firing.threshold[each]
            last_event_ns[place] = start_ns + (moment << shift)
            at += firing.step[each]
    return out


@numba.njit(nogil=True, error_model="numpy")
def _fire_noise(
    first: int,
    drawn: int,
    frame: Frame,
    noise: ShotNoise,
    interval: Interval,
    lead: LogIntensities,
    events: Events,
    used: int,
) -> int:
    """Fire the shot noise of a tile, whose first pixel is `first`; return the number of events.

    drawn: number of candidates so far. lead: of the sensor; 0 after an event.
    """
    candidates, keep, others, share, seed = noise
    addresses, moments, counts = events
    longest = np.uint64(interval.longest)
    items = np.uint64(2 * (min(first + TILE, frame.size) - first))
    out: int = _index(used)
    # Whether a candidate is kept is a toss-up: a branch would be mispredicted.
    for each in range(drawn, drawn + candidates[first // TILE]):
        where, when = _random(seed, 2 * each), _random(seed, 2 * each + 1)
        item = ((where >> np.uint64(32)) * items) >> np.uint64(32)
        bin_ = _index(np.uint64(2 * first) + item)
        other = np.uint64(others[bin_])
        item = item if np.uint16(where) < keep[bin_] else other
        pixel = np.uint64(first) + (item >> np.uint64(1))
        address = pixel + (item & np.uint64(1)) * np.uint64(frame.size)
        moment = ((when >> np.uint64(32)) * longest) >> np.uint64(32)
        fires = np.int32(np.uint16(when) < share[frame[_index(pixel)]])
        addresses[out] = np.uint32(address)
        moments[out] = np.uint16(moment)
        counts[_index(moment)] += fires
        out += _index(fires)
        lead[_index(pixel)] &= fires - np.int32(1)
    return out


@numba.njit(nogil=True, error_model="numpy")
def _with_room(events: Events, used: int, more: int) -> Events:
    if used + more <= events.address.size:
        return events
    address = np.empty(2 * (used + more), np.uint32)
    moment = np.empty(2 * (used + more), np.uint16)
    address[:used] = events.address[:used]
    moment[:used] = events.moment[:used]
    return Events(address, moment, events.counts)


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
) -> tuple[Events, int]:
    """Advance all pixels by a frame; return the events and their number.

    frame: uint8[pixels]. thresholds: int32[2, pixels], polarity 1 = ON.
    events: room for them; what is returned has more if it does not suffice.
    """
    rise = np.empty(TILE, np.int32)
    # One place more: the lists are written ahead of their ends.
    firing = Firing(
        np.empty(TILE + 1, np.uint32),
        np.empty(TILE + 1, np.int32),
        np.empty(TILE + 1, np.int32),
        np.empty(TILE + 1, np.int32),
        np.empty(TILE + 1, np.int32),
        np.empty(TILE + 1, np.float32),
        np.empty(TILE + 1, np.float32),
        np.empty(TILE + 1, np.uint32),
    )
    events.counts[:] = 0
    used = _index(0)
    drawn = 0
    for first in range(0, frame.size, TILE):
        last = min(first + TILE, frame.size)
        lead, moved = pixels.lead[first:last], rise[: last - first]
        off, on = thresholds[0, first:last], thresholds[1, first:last]
        _follow(frame[first:last], optics, pixels.receptor[first:last], moved, lead)
        if leakage.mean.size:
            _leak(
                leakage.mean[first:last],
                leakage.jitter[first:last],
                np.float32(leakage.jitter_step),
                np.float32(leakage.dither),
                moved,
                lead,
            )
        count = _find_firing(lead, off, on, firing.place)
        _gather(count, moved, lead, off, on, firing)
        longest = np.float32(interval.longest)
        events = _with_room(events, used, _cross(count, longest, firing))
        if interval.refractory_ns > 0:
            last_event_ns = pixels.last_event_ns[first:last]
            used = _fire_between_dead_times(
                count, firing, first, frame.size, interval, lead, last_event_ns, events, used
            )
        else:
            used = _fire_all(count, firing, first, frame.size, longest, lead, events, used)
        if noise.candidates.size:
            candidates = noise.candidates[first // TILE]
            events = _with_room(events, used, candidates)
            used = _fire_noise(first, drawn, frame, noise, interval, pixels.lead, events, used)
            drawn += candidates
    return events, np.int64(used)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def by_time(events: Events, count: int, interval: Interval) -> tuple[Addresses, TimesNs]:
    """Return addresses and times [ns] of events in the order of time: a counting sort."""
    place = events.counts
    start = np.int32(0)
    for quantum in range(QUANTA):
        many = place[quantum]
        place[quantum] = start
        start += many
    address = np.empty(count, np.uint32)
    time_ns = np.empty(count, np.int64)
    for each in range(count):
        moment = _index(events.moment[each])
        to = _index(place[moment])
        address[to] = events.address[each]
        time_ns[to] = interval.start_ns + (np.int64(moment) << interval.shift)
        place[moment] += np.int32(1)
    return address, time_ns


def _prepare() -> None:
    """Compile, or load from the cache: no frame ever waits for it."""
    frame = np.empty(0, np.uint8)
    frame.flags.writeable = False
    whole, floats = np.empty(0, np.int32), np.empty(0, np.float32)
    times, shares = np.empty(0, np.int64), np.empty(0, np.uint16)
    interval = Interval(0, 0, 0, 0)
    events = Events(np.empty(0, np.uint32), np.empty(0, np.uint16), whole)
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
    by_time.compile(tuple(map(numba.typeof, (events, 0, interval))))


_prepare()
