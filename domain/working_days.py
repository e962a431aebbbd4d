"""Which days are worked in China, and how the days of a time limit are counted."""

from dataclasses import dataclass
from datetime import date, timedelta

_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True)
class WorkingDays:
    """days_off : beside Saturdays and Sundays, or on them. make_up : Saturdays and Sundays that are
    worked. years : of which the arrangement is known; in others Monday to Friday are taken as
    worked, and what reaches into them is provisional."""

    days_off: frozenset[date]
    make_up: frozenset[date]
    years: frozenset[int]

    def works(self, day: date) -> bool:
        if day in self.make_up:
            return True
        return day.weekday() < _SATURDAY and day not in self.days_off

    def first_worked_from(self, day: date) -> date:
        """The day itself where it is worked, else the next that is."""
        while not self.works(day):
            day += _DAY
        return day

    def last_of(self, start: date, *, days: int) -> date:
        """The last of so many working days after `start`, which itself is not counted; `start`
        where there are none."""
        day = start
        while days > 0:
            day += _DAY
            days -= self.works(day)
        return day

    def before(self, day: date, *, days: int) -> date:
        """The working day so many working days before `day`."""
        while days > 0:
            day -= _DAY
            days -= self.works(day)
        return day

    def knows(self, first: date, last: date) -> bool:
        """Whether the arrangement of every year from one day to another is known."""
        return all(year in self.years for year in range(first.year, last.year + 1))
