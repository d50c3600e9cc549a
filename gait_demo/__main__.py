"""The command line: parses arguments, runs the command, and prints errors as one sentence."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from typing import NoReturn

from gait_demo import __version__
from gait_demo.cli import anonymize, evaluate, fetch, publish, study, synthesize, train
from gait_demo.errors import GaitDemoError
from gait_demo.serving.ending import end_tidily


class _Parser(argparse.ArgumentParser):
    """Answers a wrong option in one sentence, without the list of all options."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{message[0].upper()}{message[1:]}. See {self.prog} --help.\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: 0 on success; 1 if some of many videos failed; 2 after an error, which is
        one sentence on standard error; 130 after Ctrl-C; 1 if nobody reads the output to its end.
    """
    parser = _Parser(prog="gait-demo", description="Gait anonymization.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for room in (anonymize, synthesize, evaluate, train, fetch, publish, study):
        room.add(commands)
    parsed = parser.parse_args(arguments)
    logging.basicConfig(format="%(message)s")
    logging.getLogger("gait_demo.weights").setLevel(logging.INFO)  # announces downloads
    try:
        return parsed.command(parsed) or 0
    except GaitDemoError as error:
        print(error, file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "gait_demo":
            raise
        folder = "batch" if error.name == "ray" else "training"
        print(
            f"{error.name} is not installed: pip install -r gait_demo/{folder}/requirements.txt",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        try:
            print(flush=True)
        except BrokenPipeError:  # whoever reads the output has had enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        raise  # another pipe's
    except OSError as error:
        if error.filename is None:
            raise
        logging.getLogger("gait_demo").debug("An operating-system error:", exc_info=True)
        print(f"{error.filename} cannot be used: {error.strerror}.", file=sys.stderr)
        return 2


def run() -> int:
    """Entry point of the command `gait-demo`."""
    end_tidily()
    return main()


if __name__ == "__main__":
    sys.exit(run())
