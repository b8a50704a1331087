# Compiles WebAssembly with make, the units of a module side by side. In a Makefile:
#
#   include wasmedge.mk
#   all: app.aot.wasm plugin.so
#
# makes app.aot.wasm, a universal wasm, from app.wasm, and plugin.so, a shared library, from plugin.wasm; if there is none, from
# app.wat and plugin.wat. So it does plugin.dylib and plugin.dll, for a target that has such libraries. `make -j8` works on eight
# units at a time, of one module or of several. Besides:
#
#   make app.lower       stops after a stage; so do app.parse, app.validate, app.verify, app.opt and app.emit
#   make clean-app       removes what was made from app.wasm, by these rules; for sub/app.wasm it is sub/clean-app
#
# Artifacts lie in .wasmedge/app: edit .wasmedge/app/lower/unit-0000.ll, and `make` goes on from there. After any change only the
# units are made again whose code it changes, after a failure only those that were not made yet. For the module, the options and the
# compiler their contents count, for artifacts of units their time stamps. A damaged artifact is an error, which names the stage that
# makes it again.
#
#   WASMEDGE_FLAGS       options of `wasmedge-stage parse`; for all stages of one module: app.%: WASMEDGE_FLAGS += --optimize 3
#   WASMEDGE_BUILD       where build directories lie; if it is empty, beside the modules: app.build
#   WASMEDGE_STAGE       the compiler
#
# GNU make 4.0 or later. Names with spaces are nothing that make can work with; a folder around may have some, as long as names are
# relative. A module that is itself made by a pattern rule is removed in the end, unless it is named somewhere: .SECONDARY: app.wasm

WASMEDGE_STAGE ?= wasmedge-stage
WASMEDGE_FLAGS ?=
WASMEDGE_BUILD ?= .wasmedge

# Modules from folders above get a place of their own as well.
wasmedge.dir = $(if $(WASMEDGE_BUILD),$(WASMEDGE_BUILD)/$(subst ../,__/,$*),$*.build)
# Units are another make's: only after `validate` it is known which there are. With `make -n` there may be none.
wasmedge.units = --no-print-directory -f $(wasmedge.dir)/units.mk WASMEDGE_STAGE='$(WASMEDGE_STAGE)'
wasmedge.planned = [ ! -e $(wasmedge.dir)/units.mk ] ||

.PHONY: .wasmedge.always
.wasmedge.always:

wasmedge.parse = $(WASMEDGE_STAGE) parse --needed --quiet $(WASMEDGE_FLAGS) --build-dir $(wasmedge.dir) $<

%.parse: %.wasm .wasmedge.always
	@$(wasmedge.parse)

%.parse: %.wat .wasmedge.always
	@$(wasmedge.parse)

%.validate: %.parse
	@$(WASMEDGE_STAGE) validate --needed --quiet --build-dir $(wasmedge.dir)

%.lower: %.validate
	+@$(wasmedge.planned) $(MAKE) $(wasmedge.units) lower

%.verify: %.validate
	+@$(wasmedge.planned) $(MAKE) $(wasmedge.units) verify

%.opt: %.validate
	+@$(wasmedge.planned) $(MAKE) $(wasmedge.units) opt

%.emit: %.validate
	+@$(wasmedge.planned) $(MAKE) $(wasmedge.units) emit

# A mark says that a file was made here: others may have the name of one that could be.
define wasmedge.output
# The objects first, for all kinds: whoever asks for several files has them made once.
%.$(1): %.emit
	+@$$(wasmedge.planned) $$(MAKE) $$(wasmedge.units) WASMEDGE_OUT='$$@' output
	@touch $$(wasmedge.dir)/made.$(1)
endef

wasmedge.kinds = aot.wasm so dylib dll
$(foreach kind,$(wasmedge.kinds),$(eval $(call wasmedge.output,$(kind))))

clean-%: .wasmedge.always
	@for kind in $(wasmedge.kinds); do mark=$(wasmedge.dir)/made.$$kind; \
		if [ -e $$mark ]; then rm -f $*.$$kind && rm $$mark || exit 1; fi; done
	@[ ! -e $(wasmedge.dir)/manifest.json ] || $(WASMEDGE_STAGE) clean --quiet --build-dir $(wasmedge.dir)
