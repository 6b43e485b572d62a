"""Spiking neural networks on robots: sensor messages in, motor commands and detections out.

The interfaces (``neuromorphic_ros.msg``, ``neuromorphic_ros.srv``) are generated into another
folder than these sources. Extending the search path joins both, so that tests and scripts run
from a source tree see one package.
"""

import pkgutil

__path__ = pkgutil.extend_path(__path__, __name__)
