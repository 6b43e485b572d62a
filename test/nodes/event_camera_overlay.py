"""Build event_camera_msgs, which is no wheel, from the definition that recordings are read with."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

from neuromorphic_ros.bags.typestore import EVENT_PACKET

NAME = "event_camera_msgs"
PACKAGE = f"""\
<?xml version="1.0"?>
<package format="3">
  <name>{NAME}</name>
  <version>0.0.0</version>
  <description>Packets of event cameras</description>
  <maintainer email="maintainers@example.com">maintainers</maintainer>
  <license>Apache-2.0</license>
  <buildtool_depend>ament_cmake</buildtool_depend>
  <buildtool_depend>rosidl_default_generators</buildtool_depend>
  <depend>std_msgs</depend>
  <exec_depend>rosidl_default_runtime</exec_depend>
  <member_of_group>rosidl_interface_packages</member_of_group>
  <export><build_type>ament_cmake</build_type></export>
</package>
"""
CMAKE = f"""\
cmake_minimum_required(VERSION 3.16)
project({NAME})
find_package(ament_cmake REQUIRED)
find_package(rosidl_default_generators REQUIRED)
find_package(std_msgs REQUIRED)
rosidl_generate_interfaces({NAME} msg/EventPacket.msg DEPENDENCIES std_msgs)
ament_package()
"""


def build(folder: Path) -> dict[str, str]:
    """Build the package in a folder; return the environment of processes that shall find it.

    Raises AssertionError with the output of the build if it fails.
    """
    if importlib.util.find_spec(NAME) is not None:
        return {}
    source = folder / "src" / NAME
    (source / "msg").mkdir(parents=True)
    (source / "package.xml").write_text(PACKAGE)
    (source / "CMakeLists.txt").write_text(CMAKE)
    (source / "msg" / "EventPacket.msg").write_text(EVENT_PACKET)
    prefixes = os.environ["AMENT_PREFIX_PATH"]
    built = subprocess.run(
        ["colcon", "build", "--cmake-args", f"-DPython3_EXECUTABLE={sys.executable}"],
        cwd=folder,
        env=os.environ
        | {"PATH": _before("PATH", f"{sys.prefix}/bin"), "CMAKE_PREFIX_PATH": prefixes},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert built.returncode == 0, built.stdout
    overlay = folder / "install" / NAME
    interfaces = sysconfig.get_path("purelib", vars={"base": str(overlay)})
    return {
        "AMENT_PREFIX_PATH": _before("AMENT_PREFIX_PATH", str(overlay)),
        "LD_LIBRARY_PATH": _before("LD_LIBRARY_PATH", f"{overlay}/lib"),
        "PYTHONPATH": _before("PYTHONPATH", interfaces),
    }


def _before(variable: str, entry: str) -> str:
    return os.pathsep.join(filter(None, [entry, os.environ.get(variable, "")]))
