# make demo   compiles a real program (SQLite's shell) both ways and runs it
# make test   all tests, and the checks that come before them
# make check  the quick part of it: format, lints, architecture, unit and snapshot tests
# make heavy  runs the tested programs with all their cases, large modules optimized: some ten minutes
# make fuzz   compares generated modules across engines without end, from a random seed on
# make bench  measures how fast modules are compiled and programs start and run (BENCHMARKS.md), the interpreter beside wasmi, what
#             counting costs native code, and what text costs a compile; half an hour
# make aot    compiles most of the tested programs by the rules that Makefiles of users include
# make share  writes completions, manual pages and wasmedge.mk to target/share, laid out as they are installed
# make bless  renews the snapshots, hashes and transcripts; look at the difference before you commit it
# Each installs what it needs first (Debian; as root or with sudo).

PACKAGES := llvm-22-dev libpolly-22-dev mlir-22-tools clang-22 lld-22 libclang-rt-22-dev libclang-rt-22-dev-wasm32 \
            wasi-libc libc6-dev libzstd-dev zlib1g-dev libxml2-dev
# What is compiled for aarch64 is run by an emulator, in a host written in C.
PACKAGES += qemu-user-static gcc-aarch64-linux-gnu libc6-dev-arm64-cross
# Some of the tested programs come from the registries of npm and PyPI. Their clients need not be Debian's.
PACKAGES += $(if $(shell command -v npm),,npm) $(if $(shell python3 -m pip --version 2>/dev/null),,python3-pip)
SUDO     := $(if $(filter 0,$(shell id -u)),,sudo)
TOOLS    := -p wasmedge -p wasmedge-stage
BIN      := target/release
PROGRAMS := target/programs
BENCH    := target/bench
DEMO     := target/demo
SHARE    := target/share

.PHONY: all setup build programs aot demo check test heavy bench bench-programs share bless fuzz clean

all: build

setup:
	@command -v cargo >/dev/null || { echo "Rust is missing: install it with rustup (https://rustup.rs)"; exit 1; }
	@dpkg -s $(PACKAGES) >/dev/null 2>&1 || { \
	    $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq $(PACKAGES); }

build: setup
	cargo build --release $(TOOLS)

programs: setup
	+$(MAKE) --no-print-directory -C tests/programs OUT=$(abspath $(PROGRAMS))

aot: build
	+$(MAKE) --no-print-directory -C tests/programs OUT=$(abspath $(PROGRAMS)) aot

demo: build
	+$(MAKE) --no-print-directory -C tests/programs OUT=$(abspath $(PROGRAMS)) wasm/sqlite
	@mkdir -p $(DEMO) && cp tests/programs/sqlite/script.sql $(DEMO) && rm -f $(DEMO)/*.db
	$(BIN)/wasmedge compile $(PROGRAMS)/wasm/sqlite.wasm $(DEMO)/sqlite_aot.wasm
	$(BIN)/wasmedge compile $(PROGRAMS)/wasm/sqlite.wasm $(DEMO)/sqlite.so
	$(BIN)/wasmedge --dir .:$(DEMO) $(DEMO)/sqlite_aot.wasm first.db script.sql | tail -n 5
	$(BIN)/wasmedge --dir .:$(DEMO) $(DEMO)/sqlite.so second.db script.sql | tail -n 5
	cmp $(DEMO)/first.db $(DEMO)/second.db

check: setup
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo test --workspace --exclude tests --exclude bench
	cargo test -p tests -- dependencies:: snapshots::

test: check programs
	cargo build $(TOOLS)
	cargo test -p tests

heavy: programs
	cargo build $(TOOLS)
	HEAVY=1 cargo test -p tests -- programs::

# Built alone: with the tests, wasmi would get the slower dispatch that they ask for.
bench: bench-programs
	$(BIN)/bench compile
	$(BIN)/bench startup
	$(BIN)/bench running --ways native,simd,scalar,relaxed,wasmtime-simd
	$(BIN)/bench running --ways native,march,scalar,relaxed --programs gemm,jacobi,fdtd,filter,scan
	$(BIN)/bench interpreter
	$(BIN)/bench metering
	$(BIN)/bench text

# The tested programs at another level of optimization. Native builds for this very processor are those of loops over arrays.
bench-programs: build programs
	cargo build --release -p bench
	+@set -e; \
	    names=$$($(BIN)/bench running --list); \
	    wasm=$$(printf 'wasm/%s ' $$names); native=$$(printf 'native/%s ' $$names); \
	    make_in() { folder=$$1; shift; $(MAKE) --no-print-directory -C tests/programs PACKAGES=$(abspath $(PROGRAMS)/packages) OPT=-O3 \
	        OUT=$(abspath $(BENCH))/$$folder "$$@"; }; \
	    make_in scalar $$wasm; \
	    make_in simd WASM_EXTRA=-msimd128 $$wasm; \
	    make_in native $$native; \
	    make_in march NATIVE_EXTRA=-march=native native/gemm native/jacobi native/fdtd native/filter native/scan

# Each tool describes itself: its commands are those that its help lists, from `Commands:` to the next empty line.
share: build
	@rm -rf $(SHARE)
	@mkdir -p $(SHARE)/man/man1 $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions $(SHARE)/fish/vendor_completions.d
	@set -e; for tool in wasmedge wasmedge-stage; do \
	    run=$(BIN)/$$tool; \
	    $$run completions bash > $(SHARE)/bash-completion/completions/$$tool; \
	    $$run completions zsh > $(SHARE)/zsh/site-functions/_$$tool; \
	    $$run completions fish > $(SHARE)/fish/vendor_completions.d/$$tool.fish; \
	    $$run man > $(SHARE)/man/man1/$$tool.1; \
	    for command in $$($$run --help | awk '/^Commands:/ { on = 1; next } !NF { on = 0 } on && $$1 != "help" { print $$1 }'); do \
	        $$run man $$command > $(SHARE)/man/man1/$$tool-$$command.1; \
	    done; \
	done
	@mkdir -p $(SHARE)/wasmedge && $(BIN)/wasmedge-stage makefile > $(SHARE)/wasmedge/wasmedge.mk
	@echo "completions, manual pages and wasmedge.mk are in $(SHARE)"

bless: setup
	INSTA_UPDATE=always cargo test -p tests -- snapshots::
	HASHES=overwrite cargo test -p tests -- reproducible::the_bytes_are_those_of_the_list
	cargo build $(TOOLS)
	SNAPSHOTS=overwrite cargo test -p tests -- cli::transcripts

fuzz: setup
	from=$$(shuf -i 1000-1000000000 -n 1); while DIFFERENTIAL_SEEDS=$$from..$$((from + 1000)) cargo test -q -p tests -- differential::; do \
	    from=$$((from + 1000)); echo "agreed up to seed $$from"; done

clean:
	rm -rf target
