"""A second world for stops, built unlike the simulator and unlike the judgement: streets on a
turned grid, a vehicle that speeds up and brakes between crossings, lights, and a receiver whose
error is a walk that comes back, with outliers in short rows. Metres and seconds; seeded.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.tracks import FloatArray

Place = tuple[float, float]
SPEED_UP_M_S2 = 1.4


@dataclass(frozen=True)
class Way:
    """x_m, y_m : (t,) where the box is at every second. marks : when each named thing on the way
    began and ended [s]."""

    x_m: FloatArray
    y_m: FloatArray
    marks: dict[str, tuple[float, float]]

    @property
    def length_s(self) -> float:
        return float(self.x_m.size - 1)

    def at(self, time_s: FloatArray | float) -> tuple[FloatArray, FloatArray]:
        second = np.clip(np.asarray(time_s, dtype=np.int64), 0, self.x_m.size - 1)
        return self.x_m[second], self.y_m[second]

    def speed_m_s(self) -> FloatArray:
        """(t,) over the second before."""
        return np.hypot(np.diff(self.x_m, prepend=self.x_m[0]), np.diff(self.y_m, prepend=0.0))


class Driver:
    """Goes from crossing to crossing and writes down where the box is, second by second."""

    def __init__(self, random: np.random.Generator, *, light_s: float = 25.0) -> None:
        self._random = random
        self._light_s = light_s
        self._block_m = random.uniform(130.0, 260.0)
        self._turn = random.uniform(0.0, np.pi / 2.0)
        self._at = np.zeros(2, dtype=np.int64)
        self._x: list[float] = [0.0]
        self._y: list[float] = [0.0]
        self._marks: dict[str, tuple[float, float]] = {}

    def place(self, crossing: NDArray[np.int64]) -> Place:
        east, north = self._block_m * crossing
        cos, sin = np.cos(self._turn), np.sin(self._turn)
        return float(east * cos - north * sin), float(east * sin + north * cos)

    @property
    def here(self) -> Place:
        return self._x[-1], self._y[-1]

    @property
    def now_s(self) -> float:
        return float(len(self._x) - 1)

    def stand(self, seconds: float, name: str = "") -> "Driver":
        begin = self.now_s
        self._x += [self._x[-1]] * int(seconds)
        self._y += [self._y[-1]] * int(seconds)
        if name:
            self._marks[name] = (begin, self.now_s)
        return self

    def go(self, to: Place, kmh: float) -> "Driver":
        """Straight there: speeds up, keeps to the limit, brakes."""
        begin, end = np.array(self.here), np.array(to)
        far = float(np.hypot(*(end - begin)))
        if far < 1.0:
            return self
        top = min(kmh / 3.6, np.sqrt(far * SPEED_UP_M_S2))
        ramp_s, even_s = top / SPEED_UP_M_S2, far / top - top / SPEED_UP_M_S2
        whole_s = 2.0 * ramp_s + even_s
        time_s = np.append(np.arange(1.0, whole_s), whole_s)
        done = 0.5 * SPEED_UP_M_S2 * np.minimum(time_s, ramp_s) ** 2
        done += top * np.clip(time_s - ramp_s, 0.0, even_s)
        late = np.clip(time_s - ramp_s - even_s, 0.0, ramp_s)
        done += top * late - 0.5 * SPEED_UP_M_S2 * late**2
        share = np.clip(done / far, 0.0, 1.0)[:, None]
        path = begin + share * (end - begin)
        self._x += path[:, 0].tolist()
        self._y += path[:, 1].tolist()
        return self

    def drive(self, blocks: int, *, name: str = "") -> "Driver":
        """So many blocks onward: mostly east, at lights half of the time."""
        begin = self.now_s
        for _ in range(blocks):
            step = np.array([[1, 0], [1, 0], [0, 1], [0, -1]])[self._random.integers(4)]
            self._at = self._at + step
            self.go(self.place(self._at), self._random.uniform(22.0, 48.0))
            if self._random.random() < 0.5:
                self.stand(min(self._random.exponential(self._light_s), 4.0 * self._light_s))
        if name:
            self._marks[name] = (begin, self.now_s)
        return self

    def creep(self, seconds: float, *, step_m: float) -> "Driver":
        """A jam: a few metres, then a wait, along one street."""
        begin, heading = self.now_s, self._turn
        while self.now_s - begin < seconds:
            x, y = self.here
            far = self._random.uniform(0.5, 1.5) * step_m
            self.go((x + far * np.cos(heading), y + far * np.sin(heading)), 12.0)
            self.stand(self._random.uniform(10.0, 45.0))
        return self

    def aside(self, metres: float) -> "Driver":
        """Walked or shunted so far in any direction."""
        x, y = self.here
        angle = self._random.uniform(0.0, 2.0 * np.pi)
        return self.go((x + metres * np.cos(angle), y + metres * np.sin(angle)), 5.0)

    def way(self) -> Way:
        return Way(np.array(self._x), np.array(self._y), dict(self._marks))


@dataclass(frozen=True)
class Receiver:
    """How positions come out: the walk's spread [m] and memory [s], noise of each fix, outliers,
    digits, what it says of its accuracy (None: nothing), seconds between fixes."""

    walk_m: float = 6.0
    memory_s: float = 150.0
    noise_m: float = 2.0
    outliers: float = 0.01
    digits: int = 6
    states_m: float | None = 12.0
    every_s: float = 60.0

    def drawn(self, random: np.random.Generator) -> "Receiver":
        """Another specimen of the kind."""
        return replace(
            self,
            walk_m=self.walk_m * random.uniform(0.6, 1.6),
            memory_s=self.memory_s * random.uniform(0.5, 2.0),
            states_m=None if random.random() < 0.2 else self.states_m,
        )

    def error_m(self, random: np.random.Generator, time_s: FloatArray) -> FloatArray:
        """(t, 2) east and north."""
        out = np.empty((time_s.size, 2))
        now = self.walk_m * random.standard_normal(2)
        for place, step_s in enumerate(np.diff(time_s, prepend=time_s[0])):
            kept = np.exp(-step_s / self.memory_s)
            spread = self.walk_m * np.sqrt(1.0 - kept**2)
            now = kept * now + spread * random.standard_normal(2)
            out[place] = now
        out += self.noise_m * random.standard_normal(out.shape)
        for begin in np.flatnonzero(random.random(time_s.size) < self.outliers):
            row = slice(begin, begin + int(random.integers(1, 3)))
            angle = random.uniform(0.0, 2.0 * np.pi)
            out[row] += random.uniform(40.0, 200.0) * np.array([np.cos(angle), np.sin(angle)])
        return out
