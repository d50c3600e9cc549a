"""Which clips a rater rates, and in which order."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping

from gait_demo.mos.study import Clip, Study


def allocate(study: Study, asked: Mapping[str, int], rater: str) -> list[Clip]:
    """A rater's clips in order: first the training clips, then the rated ones, with gold items in
    between.

    Clips that the fewest raters were given so far are chosen first, so that these numbers differ by
    at most one if all raters finish. Among them, methods and views are balanced in proportion to
    their numbers of clips. The rest is random, but the same for the same study and rater.

    Args:
        study: the study.
        asked: number of raters who were given each clip so far, by the clip's id.
        rater: name of the rater.
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
    """The clips with the gold items spread over them: each at a random position in its own
    section, none at the very beginning."""
    rng.shuffle(gold)
    order = list(clips)
    for number, item in reversed(list(enumerate(gold))):
        low = number * len(clips) // len(gold) + 1
        high = max(low, (number + 1) * len(clips) // len(gold))
        order.insert(rng.randint(low, high), item)
    return order
