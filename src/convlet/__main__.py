"""``python -m convlet``: the same as the command ``convlet``."""

import sys

from convlet._cli import main

if __name__ == "__main__":
    sys.exit(main())
