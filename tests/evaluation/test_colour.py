"""How new bodies are judged in colour: figures whose truth is known."""

import cv2
import numpy as np
import pytest
import scenes
from drawn import landmarks

from gait_demo.evaluation.colour import METHODS, PairLandmarks, RenderedPair, ghost, measure, table
from gait_demo.evaluation.likeness import Perceptual, flicker, slide
from gait_demo.models.cnet import CNet, CNetDims
from gait_demo.silhouettes.crops import box_around, squares_from_boxes
from gait_demo.weights import CHECKPOINTS


@pytest.fixture(scope="module")
def walk():
    return scenes.walk(frames=24, paths=((60, 260),))


@pytest.fixture(scope="module")
def figures():
    """Of a striped figure that stands still and becomes itself."""
    place = scenes.background()
    mask = scenes.figure(place.shape[:2], 160, 165, 150, 0.8)
    rgb = place.copy()
    rgb[mask > 0] = np.where(np.arange(180)[:, None, None] % 6 < 3, 200, 40)[
        :, :, [0, 0, 0]
    ].repeat(320, axis=1)[mask > 0]
    cover = np.stack([mask.astype(np.float32)] * 2)
    motion = np.stack(np.meshgrid(np.arange(320), np.arange(180)), -1)[None] + np.float32(0.5)
    half = np.stack([rgb] * 2), cover, squares_from_boxes(box_around(mask)[None])[0], motion
    pair = RenderedPair(place, *half, *half)
    points = np.stack([landmarks(160, 165, 150, phase=0.8)] * 2)
    perceptual = Perceptual(CHECKPOINTS / "yolo.safetensors")
    return measure(pair, PairLandmarks(points, points), CNet(CNetDims()).eval(), perceptual)


def test_who_becomes_themselves_keeps_every_pixel_below_the_head(figures):
    sharp, paper = figures["sharp"], figures["paper"]
    energy = figures["original"]["sharpness"]
    assert sharp["sharpness"] > 0.9 * energy > 0.2 * energy > paper["sharpness"]
    assert sharp["psnr"] > paper["psnr"] + 1 and sharp["ssim"] > paper["ssim"] + 0.1
    assert sharp["head"] < 0.25 * figures["original"]["head"] < figures["nearest"]["head"]
    assert sharp["distance"] < 0.8 * paper["distance"]
    assert sharp["slide"] == figures["original"]["slide"] == 0
    assert sharp["flicker"] == figures["original"]["flicker"] == 0
    assert sharp["background"] < 0.01


def test_the_table_has_every_method_and_view(figures):
    figures = figures | {"original": figures["original"] | {"flicker": 1.0, "slide": 1.0}}
    text = table([(0, figures), (90, figures)], {"sharp": 0.01})
    assert all(f"| {name} |" in text for name in ("original", "truth", *METHODS, "ghost"))
    assert "| 0 | 90 |" in text and "1.0%" in text


def test_what_moves_does_not_flicker_and_what_changes_does():
    noise = np.random.default_rng(5).integers(0, 255, (2, 140, 140, 3), np.uint8)
    cloth, other = (cv2.GaussianBlur(each, (0, 0), 3) for each in noise)
    inside = np.zeros((2, 100, 100), bool)
    inside[:, 20:80, 20:80] = True
    here = np.stack(np.meshgrid(np.arange(100), np.arange(100)), -1)[None] + np.float32(0.5)
    walks = np.stack([cloth[20:120, 20:120], cloth[20:120, 17:117]])
    changes = np.stack([cloth[20:120, 20:120], other[20:120, 20:120]])
    assert flicker(walks, inside) < 0.3 * flicker(changes, inside)
    assert slide(walks, inside, here - [3, 0]) == 0 < 2 < slide(walks, inside, here)


def test_a_picture_is_no_distance_from_itself_and_farther_the_softer_it_is(walk):
    perceptual = Perceptual(CHECKPOINTS / "yolo.safetensors")
    rgb, square = walk[0][0].rgb, np.float32([20, 20, 160, 160])
    soft = [cv2.GaussianBlur(rgb, (0, 0), deviation) for deviation in (1, 4)]
    near, far = (perceptual(rgb, other, square) for other in soft)
    assert perceptual(rgb, rgb, square) == 0 < near < far < 2


def test_ghosts_are_counted_where_the_new_body_is_not(walk):
    frames, _, masks = walk
    pictures = np.stack([frame.rgb for frame in frames])
    nobody = np.zeros(pictures.shape[1:3], np.uint8)
    covers = masks[0].astype(np.float32)
    place = np.median(pictures, axis=0).astype(np.uint8)
    assert ghost(pictures, covers, [(place, nobody)] * len(frames)) < 0.01
    assert ghost(pictures, covers, [(rgb, nobody) for rgb in pictures]) > 0.95
    hidden = [(rgb, np.full_like(nobody, 255)) for rgb in pictures]
    assert ghost(pictures, covers, hidden) == 0
