"""The extension modules and their compiler flags; everything else stands in pyproject.toml."""

import os
import sys
from glob import glob

from setuptools import Extension, setup
from setuptools.command.sdist import sdist

POSIX = sys.platform != "win32"
# Contraction stays off so that a multiply-add is fused exactly where the source says so.
# Loops are aligned: where a kernel's innermost one lay was worth 3 % of it.
GCC = ["-O3", "-g0", "-ffp-contract=off", "-fvisibility=hidden", "-falign-loops=32"]
COMPILE = GCC if POSIX else ["/O2"]
LINK = ["-Wl,-s"] if sys.platform.startswith("linux") else []
if extra := os.environ.get("CONVLET_BUILD_FLAGS"):  # sanitizers, warnings as errors
    COMPILE, LINK = COMPILE + extra.split(), extra.split()

HEADERS = [*glob("cext/*.h"), *glob("cext/*.pxd"), *glob("cext/simd/*.h")]
KERNELS = ["cext/workers.c", "cext/activations.c", *sorted(glob("cext/simd/*.c"))]


def module(name, *sources):
    return Extension(
        f"convlet._cext.{name}",
        [f"cext/{name}.pyx", *sources],
        include_dirs=["cext"],
        depends=HEADERS,
        extra_compile_args=COMPILE,
        extra_link_args=LINK,
        libraries=["m"] if POSIX else [],
    )


class WholeSdist(sdist):
    """With tests and documents: by itself setuptools takes only a part of them."""

    def make_release_tree(self, base_dir, files):
        more = ["CHANGELOG.md", "CONTRIBUTING.md"]
        for folder in ("benchmarks", "cext", "tests"):
            for ending in ("md", "py", "svg"):
                more += glob(f"{folder}/**/*.{ending}", recursive=True)
        super().make_release_tree(base_dir, sorted({*files, *more}))


STEMS = sorted(os.path.basename(path)[:-4] for path in glob("cext/*.pyx"))
STEMS.sort(key="runtime".__ne__)  # first what takes longest: a parallel build ends sooner

setup(
    cmdclass={"sdist": WholeSdist},
    ext_modules=[module(stem, *(KERNELS if stem == "runtime" else ())) for stem in STEMS],
)
