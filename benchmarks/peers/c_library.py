"""C sources beside this file as libraries, compiled for the processor they run on."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path


def load(name: str) -> ctypes.CDLL | None:
    """Compile and load `name`.c; None without a C compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    # Not -ffast-math: linked with it, the library would switch denormals off for the whole process.
    options = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder, f"{name}.so")
        source = Path(__file__).with_name(f"{name}.c")
        subprocess.run([compiler, *options, "-o", library, source, "-lm"], check=True)
        return ctypes.CDLL(str(library))
