"""What workers did when: every task of every job as a bar in its worker's lane."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from nas.store.records import Charge, Outcome, Work

#: Of a timeline: shorter tasks that ended well are drawn together with their neighbours.
_SHORTEST = 1 / 400


@dataclass(frozen=True)
class Bar:
    """One task, or some that are too short to be told apart.

    Attributes:
        job: its name.
        number: of the trial; None before a candidate is one.
        outcome: ``lost`` with its worker or its driver, ``stopped`` by the budget.
        again: whether the same work was lost before.
        worker: that did it; empty where it was not recorded.
        tasks: how many are drawn as this one; all of them ended well if there are several.
    """

    job: str
    number: int | None
    work: Work
    outcome: Outcome
    start_ms: int
    end_ms: int
    epochs: int
    worker: str = ""
    again: bool = False
    tasks: int = 1

    @property
    def seconds(self) -> float:
        """How long the worker was held."""
        return (self.end_ms - self.start_ms) / 1000


@dataclass(frozen=True)
class Lane:
    """What one worker did, in order of time; of one that was not recorded, what it may have done.

    Attributes:
        worker: host and process; empty where no task of the lane recorded it.
    """

    worker: str
    bars: list[Bar] = field(default_factory=list)


def bars_of(charges: Iterable[Charge], names: dict[int, str], now_ms: int) -> list[Bar]:
    """Charges as bars, oldest first.

    Args:
        charges: of any jobs; those that run last until their driver's last sign of life.
        names: of the jobs, by id.
        now_ms: nothing is drawn beyond it.
    """
    lost: set[tuple[int, int | None, Work]] = set()
    found = []
    for charge in sorted(charges, key=lambda each: (each.started_ms, each.id)):
        key = (charge.job_id, charge.number, charge.work)
        end = charge.started_ms + round(1000 * charge.seconds)
        found.append(
            Bar(
                names[charge.job_id],
                charge.number,
                charge.work,
                charge.outcome,
                charge.started_ms,
                max(charge.started_ms, min(end, now_ms)),
                charge.epochs,
                charge.worker,
                charge.number is not None and key in lost,
            )
        )
        if charge.outcome == "lost":
            lost.add(key)
        elif charge.outcome == "ok":
            lost.discard(key)
    return found


def lanes_of(bars: Sequence[Bar]) -> list[Lane]:
    """Put every bar in a lane in which nothing overlaps, by the lanes' first bars.

    A task whose worker is not recorded (it runs, or was lost with its worker) is put where one of
    the same job was free, the last to become free first, as a pool hands tasks out.
    """
    lanes: list[Lane] = []
    named: dict[str, Lane] = {}
    for bar in (bar for bar in bars if bar.worker):
        lane = named.get(bar.worker)
        if lane is None:
            lane = named[bar.worker] = Lane(bar.worker)
            lanes.append(lane)
        lane.bars.append(bar)
    for bar in (bar for bar in bars if not bar.worker):
        free = [lane for lane in lanes if _fits(lane, bar)]
        if free:
            lane = max(free, key=lambda each: _before(each, bar))
        else:
            lane = Lane("")
            lanes.append(lane)
        lane.bars.append(bar)
        lane.bars.sort(key=lambda each: each.start_ms)
    return sorted(lanes, key=lambda lane: lane.bars[0].start_ms)


def drawn_together(lane: Lane, span_ms: int) -> Lane:
    """The same lane with tasks that a picture can't tell apart as one bar; only good ones."""
    shortest = span_ms * _SHORTEST
    found: list[Bar] = []
    for bar in lane.bars:
        last = found[-1] if found else None
        if (
            last is not None
            and bar.outcome == last.outcome == "ok"
            and (last.job, last.work, last.again) == (bar.job, bar.work, bar.again)
            and bar.end_ms - last.start_ms < 2 * shortest
        ):
            number = last.number if last.number == bar.number else None
            found[-1] = replace(
                last,
                number=number,
                end_ms=bar.end_ms,
                epochs=last.epochs + bar.epochs,
                tasks=last.tasks + 1,
            )
        else:
            found.append(bar)
    return Lane(lane.worker, found)


def _fits(lane: Lane, bar: Bar) -> bool:
    """Whether the lane's worker served this job and had nothing else to do at that time."""
    served = any(each.job == bar.job for each in lane.bars)
    return served and all(
        each.end_ms <= bar.start_ms or each.start_ms >= bar.end_ms for each in lane.bars
    )


def _before(lane: Lane, bar: Bar) -> int:
    """When the lane's worker became free before a bar; 0 where the bar would be its first."""
    return max((each.end_ms for each in lane.bars if each.end_ms <= bar.start_ms), default=0)
