# Two commands on a fresh Debian machine with Rust 1.95: `make run` and `make test`.

PROGRAMS := target/release
TRIAL := target/trial

.PHONY: run test units lint fuzz campaign formats containers bench screenshots build install

# Opens the kiosk on this terminal with a virtual bay; plays it once without a terminal.
run:
	tests/packages/install run
	cargo build --release
	python3 tests/media/samples.py target/samples
	mkdir -p $(TRIAL)/etc/media-kiosk $(TRIAL)/usr/share/media-kiosk
	cp allowlist.toml systemd/kiosk.toml $(TRIAL)/etc/media-kiosk/
	rm -rf $(TRIAL)/usr/share/media-kiosk/signatures
	cp -r signatures $(TRIAL)/usr/share/media-kiosk/
	$(PROGRAMS)/kioskctl --root $(TRIAL) trial --samples target/samples

# Everything: format, lints, and all tests of all crates and of the built programs. One
# profile for programs and tests, because the engine takes minutes to build.
test:
	tests/packages/install test
	tests/vm/build target/vm
	tests/count cargo test --release --workspace --no-fail-fast
	$(MAKE) units lint

# Whether systemd understands the units, and how much each leaves open.
units:
	tests/units/check target/units

lint:
	cargo fmt --all --check
	cargo clippy --release --workspace --all-targets -- -D warnings

# libFuzzer on each reader for TIME seconds: executions, coverage and findings.
TIME := 60
fuzz:
	tests/packages/install test
	tests/fuzz/run $(TIME)

# CASES damaged media of each format: panics, hangs, memory, and files lost in silence.
CASES := 20000
campaign:
	tests/packages/install test
	cargo run --release -p fuzz --bin campaign -- --cases $(CASES) --jobs $$(nproc)

# Every format, files right of files present: images that tools made, then those that Linux's
# own drivers wrote in the guest. Takes some minutes, most of them in the guest.
formats:
	tests/packages/install formats
	tests/vm/build target/vm
	cargo build --release
	right=0; \
	tests/formats/table $(PROGRAMS)/kioskctl target/formats || right=1; \
	tests/formats/kernel $(PROGRAMS)/kioskctl target/formats target/vm || right=1; \
	exit $$right

# A canary in every container, and every rule's canaries wherever they may lie.
containers:
	tests/packages/install test
	cargo build --release
	right=0; \
	tests/containers/table $(PROGRAMS)/kioskctl target/containers || right=1; \
	tests/containers/agreement $(PROGRAMS)/kioskctl target/agreement || right=1; \
	tests/signatures/places $(PROGRAMS)/kioskctl target/places || right=1; \
	exit $$right

# What a scan costs, beside reading and hashing the same bytes and beside clamscan; and what
# reading each format completely costs, beside reading it raw; and what lists of hashes cost.
bench:
	tests/packages/install bench
	cargo build --release
	tests/bench/run $(PROGRAMS) target/bench
	tests/bench/reading target/bench
	tests/bench/lists $(PROGRAMS) target/bench
	cargo build --release -p record --examples
	tests/bench/ledger $(PROGRAMS)/examples target/bench/ledger

# The screens of the README, from the real screen: needs Debian 13, and no panel.
screenshots:
	tests/packages/install screen
	cargo build --release
	python3 tests/media/samples.py target/samples
	tests/screen/shot $(PROGRAMS) target/samples target/screens

build:
	tests/packages/install build
	cargo build --release

# Into the machine itself, as root, or below DESTDIR. Build first: root may have no compiler.
install:
	DESTDIR=$(DESTDIR) systemd/install $(PROGRAMS)
