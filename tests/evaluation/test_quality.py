"""The quality of sequences, of figures drawn by hand, and of damage on their pictures."""

import json

import cv2
import numpy as np
import pytest
from striding import walk

from gait_demo.__main__ import main
from gait_demo.datasets.casia import SILHOUETTES, CasiaB, Sequence, Silhouettes
from gait_demo.errors import DataError
from gait_demo.evaluation.quality import HIGH, LOW, quality_report, rate, rate_sequence

SEQUENCE = Sequence(3, "bg-01", 54)


def silhouettes(masks: np.ndarray, numbers: range | None = None) -> Silhouettes:
    numbers = np.arange(1, len(masks) + 1) if numbers is None else np.array(numbers)
    return Silhouettes(SEQUENCE, numbers, masks, ())


@pytest.mark.parametrize(
    ("masks", "numbers", "frames", "good", "broken", "subset"),
    [
        (walk(), None, 40, 40, 0, HIGH),
        (walk(broken=4), None, 40, 36, 4, HIGH),
        (walk(broken=5), None, 40, 35, 5, LOW),
        (walk(), [*range(3, 23), *range(33, 53)], 50, 40, 0, LOW),
        (np.pad(walk(), ((9, 9), (0, 0), (0, 0))), None, 40, 40, 0, HIGH),
        (np.insert(walk(), 20, np.zeros((6, 240, 320)), axis=0), None, 46, 40, 0, LOW),
        (np.zeros((5, 240, 320), np.uint8), None, 0, 0, 0, HIGH),
    ],
    ids=["whole", "a tenth", "more", "missing", "empty ends", "empty between", "nobody"],
)
def test_subset_1_has_more_than_a_tenth_of_poor_frames(
    masks, numbers, frames, good, broken, subset
):
    quality = rate_sequence(silhouettes(masks, numbers))
    assert (quality.frames, quality.good, quality.broken) == (frames, good, broken)
    assert quality.subset == subset


def test_whole_silhouettes_at_the_border_say_nothing_about_spread():
    masks = walk(frames=3)
    inside = rate_sequence(silhouettes(masks)).spreads
    masks[1, :, :90] = 0  # a sliver is left ...
    assert rate_sequence(silhouettes(masks)).spreads[1] > inside[1] + 0.05
    masks[1] = np.roll(masks[1], -90, axis=1)  # ... at the picture's border
    assert inside[0] <= rate_sequence(silhouettes(masks)).spreads[0]
    assert rate_sequence(silhouettes(masks)).spreads[1] <= inside[1]


def test_command_counts_by_kind_and_view(tmp_path, capsys):
    for sequence, broken in ((SEQUENCE, 20), (Sequence(3, "nm-02", 90), 0)):
        folder = tmp_path / SILHOUETTES / sequence.folder
        folder.mkdir(parents=True)
        for number, mask in enumerate(walk(broken=broken), start=1):
            cv2.imwrite(str(folder / sequence.frame_name(number)), 255 * mask)
    assert main(["evaluate", "quality", "--data", str(tmp_path)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["sequences"], report["good"]) == (2, 0.75)
    assert (report["subset_1"], report["subset_2"]) == (1, 1)
    assert report["in_pieces"] == {"sequences": 0.5, "median": 0.5, "95th percentile": 0.5}
    assert report["by_view"]["bg"].keys() == {"054"} and not report["by_view"]["cl"]
    assert report["by_view"]["bg"]["054"] == {
        "sequences": 1, "frames": 40, "good": 0.5, "subset_1": 1, "subset_2": 0
    }  # fmt: skip
    assert quality_report(rate(CasiaB(tmp_path))[0]) == report


def test_a_copy_without_anybody_is_refused(tmp_path):
    (tmp_path / SILHOUETTES / "001").mkdir(parents=True)
    with pytest.raises(DataError, match="shows anybody"):
        rate(CasiaB(tmp_path))
