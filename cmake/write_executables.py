"""Write one executable per entry point of setup.cfg: SETUP_CFG OUTPUT_FOLDER INTERPRETER."""

import configparser
import shutil
import sys
from pathlib import Path

TEMPLATE = """\
#!{interpreter}
import sys

from {module} import {function}

if __name__ == "__main__":
    sys.exit({function}())
"""


def main() -> None:
    setup_cfg, output, interpreter = sys.argv[1:]
    config = configparser.ConfigParser(delimiters=("=",))
    config.read(setup_cfg, encoding="utf-8")

    # An entry point that was removed must not stay behind as an executable.
    shutil.rmtree(output, ignore_errors=True)
    Path(output).mkdir(parents=True)
    for group in ("console_scripts", "neuromorphic_ros.nodes"):
        for line in config["options.entry_points"][group].strip().splitlines():
            name, _, target = (part.strip() for part in line.partition("="))
            module, _, function = target.partition(":")
            file = Path(output, name)
            file.write_text(
                TEMPLATE.format(interpreter=interpreter, module=module, function=function)
            )
            file.chmod(0o755)


if __name__ == "__main__":
    main()
