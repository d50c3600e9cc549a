"""`synthesize`: makes synthetic walkers, as training data, as a copy of CASIA-B, or as films."""

from __future__ import annotations

import argparse
import json
from fractions import Fraction
from pathlib import Path

from gait_demo.cli.common import listed, options_from, people, positive, progress, seed


def add(commands: argparse._SubParsersAction) -> None:
    synthesize = commands.add_parser(
        "synthesize", help="make synthetic walkers: training data or films"
    )
    kinds = synthesize.add_subparsers(
        required=True, metavar="walks|casia|crowds|film|sheet|check|joints"
    )
    walks = kinds.add_parser("walks", help="silhouettes and crops as training data")
    walks.add_argument("--out", type=Path, required=True, help="folder for walks-*.npz files")
    walks.add_argument("--walks", type=positive, default=400, help="number of walks")
    walks.add_argument("--seed", type=seed, default=0)
    walks.add_argument("--workers", type=positive, default=2, help="number of processes")
    walks.set_defaults(command=_synthesize_walks)
    casia = kinds.add_parser("casia", help="synthetic walkers in the format of CASIA-B")
    casia.add_argument("--out", type=Path, required=True, help="folder for GaitDatasetB-silh")
    casia.add_argument("--people", type=people, default=None, help="such as 8, or 75-124")
    casia.add_argument("--conditions", type=listed(str), default=None, help="such as nm-01,cl-02")
    casia.add_argument("--views", type=listed(int), default=None, help="such as 000,054,090")
    casia.add_argument(
        "--archive", action="store_true", help="write one .tar.gz per person, which is far smaller"
    )
    casia.add_argument("--rgb", action="store_true", help="also make the videos; slower")
    casia.add_argument(
        "--severity", type=float, help="of the silhouettes' defects: 0 none, 1 as in CASIA-B"
    )
    casia.add_argument(
        "--mocap", type=Path, help="folder of motion capture (BVH) of walks, by which people move"
    )
    casia.add_argument("--seed", type=seed, default=0)
    casia.add_argument("--workers", type=positive, default=2, help="number of processes")
    casia.set_defaults(command=_synthesize_casia)
    crowds = kinds.add_parser("crowds", help="training images for the person detector")
    crowds.add_argument("--out", type=Path, required=True, help="folder for images and labels")
    crowds.add_argument("--count", type=positive, default=4000, help="number of training images")
    crowds.add_argument("--photos", type=Path, help="photos of people: img/*.jpg and mask/*.png")
    crowds.add_argument("--seed", type=seed, default=0)
    crowds.add_argument("--workers", type=positive, default=2, help="number of processes")
    crowds.set_defaults(command=_synthesize_crowds)
    film = kinds.add_parser("film", help="a video of synthetic people who walk by")
    film.add_argument("--out", type=Path, required=True, help="the MP4 file")
    film.add_argument("--seconds", type=float, default=4.0)
    film.add_argument("--fps", type=Fraction, default=Fraction(25), help="such as 25 or 30000/1001")
    film.add_argument("--width", type=positive, default=960)
    film.add_argument("--height", type=positive, default=540)
    film.add_argument("--person-px", type=positive, default=300, help="height of the walker")
    film.add_argument("--view-angle", type=float, default=90.0, help="degrees, as in CASIA-B")
    film.add_argument("--scene", default="street", help="room, street or park")
    film.add_argument("--outfit", default="trousers", help="trousers, skirt, coat or sportswear")
    film.add_argument("--walkers", type=positive, default=1)
    film.add_argument(
        "--pan-px",
        type=int,
        default=0,
        help="pixels by which the camera pans with the walkers, at view angle 90",
    )
    film.add_argument("--seed", type=seed, default=0)
    film.set_defaults(command=_synthesize_film)

    sheet = kinds.add_parser("sheet", help="one image that shows walkers at all views")
    sheet.add_argument("--out", type=Path, required=True, help="the PNG file")
    sheet.add_argument("--people", type=people, default=tuple(range(1, 9)))
    conditions = ("nm-01", "bg-01", "cl-01")
    sheet.add_argument(
        "--conditions", type=listed(str), default=conditions, help="one after another, per person"
    )
    sheet.add_argument("--views", type=listed(int), default=None, help="such as 000,054,090")
    sheet.add_argument("--seed", type=seed, default=0)
    sheet.set_defaults(command=_synthesize_sheet)

    check = kinds.add_parser(
        "check", help="compare synthetic walkers with statistics of real people; prints JSON"
    )
    check.add_argument("--people", type=positive, default=60, help="number of walkers")
    check.add_argument(
        "--mocap", type=Path, help="folder of motion capture (BVH) of walks, named as CMU's"
    )
    check.add_argument("--seed", type=seed, default=0)
    check.set_defaults(command=_synthesize_check)

    joints = kinds.add_parser(
        "joints", help="calibrate joints to where a pose network sees them; prints JSON"
    )
    joints.add_argument("--walkers", type=positive, default=160, help="number of walkers")
    joints.set_defaults(command=_synthesize_joints)


def _synthesize_walks(parsed: argparse.Namespace) -> None:
    from gait_demo.synthesis.dataset import SynthesisOptions, synthesize

    synthesize(options_from(parsed, SynthesisOptions), progress())


def _synthesize_casia(parsed: argparse.Namespace) -> None:
    from gait_demo.synthesis.protocol import ProtocolOptions, synthesize_protocol

    synthesize_protocol(options_from(parsed, ProtocolOptions), progress())


def _synthesize_crowds(parsed: argparse.Namespace) -> None:
    from gait_demo.synthesis.crowds import CrowdOptions, synthesize_crowds

    synthesize_crowds(options_from(parsed, CrowdOptions), progress())


def _synthesize_sheet(parsed: argparse.Namespace) -> None:
    from gait_demo.imaging.png import write_png
    from gait_demo.synthesis.protocol import ProtocolOptions
    from gait_demo.synthesis.sheet import contact_sheet

    write_png(parsed.out, contact_sheet(options_from(parsed, ProtocolOptions)))


def _synthesize_film(parsed: argparse.Namespace) -> None:
    from gait_demo.synthesis.film import FilmOptions, write_film

    write_film(parsed.out, options_from(parsed, FilmOptions), progress())


def _synthesize_check(parsed: argparse.Namespace) -> None:
    from gait_demo.synthesis.check import check_walkers

    print(json.dumps(check_walkers(parsed.people, parsed.seed, parsed.mocap, progress())))


def _synthesize_joints(parsed: argparse.Namespace) -> None:
    from gait_demo.synthesis.calibration import calibrate

    print(json.dumps(calibrate(parsed.walkers, progress())))
