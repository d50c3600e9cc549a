"""Which clips a rater is asked about, and in which order."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping

from gait_demo.mos.study import Clip, Study


def allocate(study: Study, asked: Mapping[str, int], rater: str) -> list[Clip]:
    """A rater's clips, in order: training, then what counts, with the gold items in between.

    The clips that fewest raters were asked about are taken first, so that no two numbers ever
    differ by more than one while everybody finishes; among those, methods, and the views of each,
    take turns in proportion to their clips; the rest is chance, the same for the same study and
    rater.

    Args:
        asked: of how many raters each clip was asked already, by the clip's id.
        rater: whose order it is.
    """
    rng = random.Random(f"{study.seed}/{rater}")
    pool = study.of_role("rated")
    rng.shuffle(pool)
    size = Counter(part for clip in pool for part in _parts(clip))
    shown = Counter()
    chosen: list[Clip] = []
    for _ in range(study.per_rater):
        clip = min(
            pool,
            key=lambda c: (asked.get(c.id, 0), *((shown[p] + 0.5) / size[p] for p in _parts(c))),
        )
        pool.remove(clip)
        shown.update(_parts(clip))
        chosen.append(clip)
    rng.shuffle(chosen)
    chosen.sort(key=lambda c: asked.get(c.id, 0))
    return [*study.of_role("training"), *_with_gold(chosen, study.of_role("gold"), rng)]


def _parts(clip: Clip) -> tuple:
    return clip.method, clip.condition


def _with_gold(clips: list[Clip], gold: list[Clip], rng: random.Random) -> list[Clip]:
    """Each gold item somewhere in its own stretch of the way, and none at the very beginning."""
    rng.shuffle(gold)
    order = list(clips)
    for number, item in reversed(list(enumerate(gold))):
        low = number * len(clips) // len(gold) + 1
        high = max(low, (number + 1) * len(clips) // len(gold))
        order.insert(rng.randint(low, high), item)
    return order
