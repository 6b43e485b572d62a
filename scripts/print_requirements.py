"""Print the requirements in setup.cfg with those of the given EXTRAS, one per line for pip."""

import configparser
import sys
from pathlib import Path


def main() -> None:
    config = configparser.ConfigParser(delimiters=("=",))
    config.read(Path(__file__).resolve().parents[1] / "setup.cfg", encoding="utf-8")
    print(config["options"]["install_requires"].strip())
    for extra in sys.argv[1:]:
        print(config["options.extras_require"][extra].strip())


if __name__ == "__main__":
    main()
