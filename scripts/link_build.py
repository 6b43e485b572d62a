"""Let this environment's Python import the sources and the built interfaces: INSTALL_FOLDER.

No set-up file has to be sourced then, from whatever folder and in whatever way Python is started.
"""

import sys
import sysconfig
from pathlib import Path

PACKAGE = "neuromorphic_ros"
SOURCES = Path(__file__).resolve().parents[1]

# ROS 2 opens its libraries by name and the loader reads LD_LIBRARY_PATH only when a process
# starts, hence the restart. ros_wheels_bootstrapper does the same for the libraries of the wheels,
# but knows neither ours nor, in a process started by another environment, that it is another one.
ENVIRONMENT = '''\
"""Sets up ROS 2; see scripts/link_build.py of {package}."""

import glob
import os
import sys

GUARD = "_ROS_WHEELS_BOOTSTRAP_COMPLETE"
BUILT = {built!r}


def prepend(variable, entries):
    old = [entry for entry in os.environ.get(variable, "").split(os.pathsep) if entry]
    new = [entry for entry in entries if entry not in old]
    os.environ[variable] = os.pathsep.join(new + old)


if any(argument.endswith("_local_setup_util_sh.py") for argument in sys.orig_argv):
    # The set-up files ask this script what their shell lacks: it must see the shell's variables.
    os.environ[GUARD] = BUILT
elif os.environ.get(GUARD) != BUILT:
    libraries = glob.glob(os.path.join({site_packages!r}, "ros_*.libs"))
    prepend("AMENT_PREFIX_PATH", [BUILT, sys.prefix])
    prepend("LD_LIBRARY_PATH", [f"{{BUILT}}/lib", f"{{sys.prefix}}/lib", *sorted(libraries)])
    os.environ[GUARD] = BUILT
    os.execve(sys.executable, sys.orig_argv, os.environ)
'''


def main() -> None:
    built = Path(sys.argv[1]).resolve() / PACKAGE
    site_packages = Path(sysconfig.get_path("purelib"))
    interfaces = sysconfig.get_path("purelib", vars={"base": str(built)})
    module = f"_{PACKAGE}_environment"
    site_packages.joinpath(f"{module}.py").write_text(
        ENVIRONMENT.format(package=PACKAGE, built=str(built), site_packages=str(site_packages)),
        encoding="utf-8",
    )
    # Read in alphabetical order: before that of ros_wheels_bootstrapper, which then has no work.
    site_packages.joinpath(f"{PACKAGE}.pth").write_text(
        f"{SOURCES}\n{interfaces}\nimport {module}\n", encoding="utf-8"
    )
    command = Path(sys.prefix, "bin", "neuromorphic")
    command.unlink(missing_ok=True)
    command.symlink_to(built / "lib" / PACKAGE / command.name)


if __name__ == "__main__":
    main()
