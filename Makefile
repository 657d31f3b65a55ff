# `make demo` shows the program, `make test` checks it. Both make .venv on first use and reuse it
# afterwards. As root on Debian they also install missing system packages; otherwise they print the
# line to run.
SHELL := /bin/bash
PYTHON ?= python3

venv := .venv/bin
# The viewer's tests need a screen with OpenGL: on Linux a virtual one, so that no window disturbs.
ifeq ($(shell uname -s),Linux)
screen := env -u WAYLAND_DISPLAY QT_QPA_PLATFORM=xcb xvfb-run -a -s "-screen 0 1600x1000x24"
endif

.PHONY: demo test lint test-core test-viewer test-slow bench bench-live bench-accuracy bench-quality bench-guidance bench-suspicious screenshots clean system-packages

# Groups of .ci/system-packages that a target needs. The demo opens the viewer where it can.
needs := python qt xvfb
demo: needs := python $(if $(DISPLAY)$(WAYLAND_DISPLAY),qt)
test-core bench bench-accuracy bench-quality bench-guidance bench-suspicious: needs := python

demo: .venv/installed
	$(venv)/napari-pixclass demo

# Two processes share the work file by file: much of the time a test waits for another process or for Qt.
test: lint
	$(screen) $(venv)/pytest -m "not slow" -n 2 --dist loadfile

lint: .venv/installed
	$(venv)/ruff format --check .
	$(venv)/ruff check .
	$(venv)/mypy
	$(venv)/lint-imports
	$(venv)/npe2 validate napari.yaml
	$(venv)/npe2 validate --imports napari-pixclass

test-core: .venv/installed
	$(venv)/pytest -m "not slow" --ignore=tests/viewer

test-viewer: .venv/installed
	$(screen) $(venv)/pytest -m "not slow" tests/viewer

test-slow: .venv/installed
	$(screen) $(venv)/pytest -m slow

# Tables on the screen, figures in .benchmarks/*.json. About half an hour, most of it the peers'.
bench: .venv/installed
	@mkdir -p .benchmarks
	@for name in startup forest training engine volumes; do \
	    echo "$$name" && $(venv)/python benchmarks/bench_$$name.py --json .benchmarks/$$name.json || exit 1; \
	done

# Latency of live update: real strokes in a real window, on the virtual screen where there is one.
bench-live: .venv/installed
	@mkdir -p .benchmarks
	$(screen) $(venv)/python benchmarks/bench_live.py --json .benchmarks/live.json

# IoU on real images with ground truth, which do not come with the project: see the script.
bench-accuracy: .venv/installed
	$(venv)/python benchmarks/bench_accuracy.py

# Does cross-validation foretell that IoU? Figures on the screen, and as the plot of docs/quality.md.
bench-quality: .venv/installed
	@mkdir -p .benchmarks
	$(venv)/python benchmarks/bench_quality.py --json .benchmarks/quality.json
	$(venv)/python docs/make_quality_figure.py

# How many strokes does guidance save? Figures on the screen, and as the plot of docs/guidance.md.
bench-guidance: .venv/installed
	@mkdir -p .benchmarks
	$(venv)/python benchmarks/bench_guidance.py --json .benchmarks/guidance.json
	$(venv)/python docs/make_guidance_figure.py

# Are strokes found that were relabelled at random?
bench-suspicious: .venv/installed
	@mkdir -p .benchmarks
	$(venv)/python benchmarks/bench_suspicious.py --json .benchmarks/suspicious.json

screenshots: .venv/installed
	$(screen) $(venv)/python docs/make_screenshots.py

system-packages:
	@PYTHON="$(PYTHON)" .ci/system-packages $(needs)

# The stamp holds the place it was made for: a copied or moved tree must not run the old one's code.
ifneq ($(shell cat .venv/installed 2>/dev/null),$(CURDIR))
.PHONY: .venv/installed
endif
.venv/installed: pyproject.toml setup.cfg | system-packages
	@echo "Installing napari-pixclass, napari and the test tools into .venv (minutes, the first time)"
	@[ "$$(cat $@ 2>/dev/null)" = "$(CURDIR)" ] || "$(PYTHON)" -m venv --clear .venv
	@$(venv)/python -m pip install --quiet --upgrade "pip>=25.1"
	@$(venv)/python -m pip install --quiet --editable ".[all]" --group test --group gui --group lint
	@printf '%s\n' "$(CURDIR)" >$@

clean:
	rm -rf .venv build dist src/*.egg-info .hypothesis .*_cache pixclass-demo
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
