# make              set up: ROS 2 from PyPI in .venv, and this package built against it
# make demo         see a network drive a robot; BAG=recording, VIDEO=file or DEVICE=0 instead of ours
# make test lint    what continuous integration runs; ARGS="-k spikes" is passed on to pytest
# make lava         Lava beside it, to run networks in: engine lava of the loihi backend
# make bench        measure, beside the frameworks in .venv-peers
# DISTRO=jazzy      another ROS 2 than kilted, in a virtual environment of its own
# PYTHON=/path/to/python3.12
#
# Where ROS 2 is sourced, it is used instead; make ROS_DISTRO= makes the environment all the same.

DISTRO ?= kilted
PYTHON ?=
ARGS ?=

ifneq ($(and $(ROS_DISTRO),$(AMENT_PREFIX_PATH)),)
SETUP := scripts/build_on_ros.sh
RUN := . install/setup.sh &&
PY := python3
INSTALL := install
else
SUFFIX := $(if $(filter-out kilted,$(DISTRO)),-$(DISTRO))
VENV := .venv$(SUFFIX)
SETUP := scripts/setup.sh $(DISTRO) $(VENV) "$(SUFFIX)" $(PYTHON)
RUN :=
PY := $(VENV)/bin/python
INSTALL := install$(SUFFIX)
endif
PEERS := .venv-peers$(SUFFIX)
NEUROMORPHIC := $(INSTALL)/neuromorphic_ros/lib/neuromorphic_ros/neuromorphic

# Tests and demonstrations must not talk to robots on the network.
export ROS_AUTOMATIC_DISCOVERY_RANGE ?= LOCALHOST

.PHONY: setup torch peers lava demo test lint bench clean

setup:
	@$(SETUP)

torch: setup
	@scripts/install_torch.sh $(PY)

peers: torch
	@scripts/make_peers.sh $(PY) $(PEERS) || echo "no peers: measuring without them" >&2

lava: setup
	@scripts/install_lava.sh $(PY)

demo: setup
	$(RUN) $(NEUROMORPHIC) demo $(if $(BAG),"$(BAG)") $(if $(VIDEO),"$(VIDEO)") \
		$(if $(DEVICE),--device $(DEVICE)) $(ARGS)

test: torch
	$(RUN) $(PY) -m pytest $(ARGS)

lint: torch
	$(RUN) $(PY) -m ruff check .
	$(RUN) $(PY) -m ruff format --check .
	$(RUN) $(PY) -m mypy

bench: peers
	@$(RUN) $(PY) benchmarks --peers $(PEERS)/bin/python $(ARGS)

clean:
	rm -rf .venv .venv-* .venv*.lock build build-* install install-* log log-*
