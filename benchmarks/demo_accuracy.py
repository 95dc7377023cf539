"""The demo's held-out accuracy over three seeds, and its times.

python benchmarks/demo_accuracy.py [--seeds 0 1 2] [--epochs 12] [--threads N]
"""

import argparse
from statistics import mean

import convlet
from convlet import demo


def main():
    """Run the demo without pictures for each seed and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    if options.threads:
        convlet.set_num_threads(options.threads)
    print(f"{convlet.get_num_threads()} threads, {options.epochs} epochs")
    results = []
    for seed in options.seeds:
        result = demo.run(seed=seed, epochs=options.epochs, verbose=0, show=lambda _: None)
        results.append(result)
        print(
            f"seed {seed}: accuracy {result.accuracy:.3f},"
            f" {result.seconds_per_epoch:.2f} s an epoch,"
            f" {result.images_per_second:,.0f} images/s, weights {result.fingerprint}",
            flush=True,
        )
    print(f"mean accuracy {mean(result.accuracy for result in results):.4f}")


if __name__ == "__main__":
    main()
