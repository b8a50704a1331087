//! `units.mk`: the units for make.

use crate::Plan;
use std::fmt::Write;

const HEAD: &str = "\
# The units of this build directory, for make:
#   make -f units.mk -j8                           all objects
#   make -f units.mk -j8 lower | verify | opt      stops after a stage
#   make -f units.mk -j8 output WASMEDGE_OUT=FILE  the file from the objects
# `wasmedge-stage validate` writes this file. It also removes lowered IR that belongs to another module or other options, so what
# is there is right, and time stamps decide over the rest. Nothing here depends on where the directory lies.

WASMEDGE_STAGE ?= wasmedge-stage

wasmedge.dir := $(filter-out ./,$(dir $(lastword $(MAKEFILE_LIST))))
";

const RULES: &str = "
wasmedge.lower := $(wasmedge.units:%=$(wasmedge.dir)lower/%.ll)
wasmedge.verify := $(wasmedge.units:%=$(wasmedge.dir)verify/%.json)
wasmedge.opt := $(wasmedge.units:%=$(wasmedge.dir)optimize/%.ll)
wasmedge.emit := $(wasmedge.units:%=$(wasmedge.dir)codegen/%.o)

# What a touched file leads to is looked at, and gets a new time stamp if it is current; make -B makes it again.
wasmedge.how = --quiet --jobs 1 $(if $(findstring B,$(firstword -$(MAKEFLAGS))),,--needed)
wasmedge.of = --build-dir $(dir $(@D)) --unit $(*:unit-%=%)

.PHONY: emit opt verify lower output
emit: $(wasmedge.emit) ; @:
opt: $(wasmedge.opt) ; @:
verify: $(wasmedge.verify) ; @:
lower: $(wasmedge.lower) ; @:

$(wasmedge.lower): $(wasmedge.dir)lower/%.ll:
\t$(WASMEDGE_STAGE) lower $(wasmedge.how) $(wasmedge.of)

$(wasmedge.verify): $(wasmedge.dir)verify/%.json: $(wasmedge.dir)lower/%.ll
\t$(WASMEDGE_STAGE) verify $(wasmedge.how) $(wasmedge.of)

$(wasmedge.opt): $(wasmedge.dir)optimize/%.ll: $(wasmedge.dir)lower/%.ll | $(wasmedge.dir)verify/%.json
\t$(WASMEDGE_STAGE) opt $(wasmedge.how) $(wasmedge.of)

$(wasmedge.emit): $(wasmedge.dir)codegen/%.o: $(wasmedge.dir)optimize/%.ll
\t$(WASMEDGE_STAGE) emit $(wasmedge.how) $(wasmedge.of)

ifdef WASMEDGE_OUT
output: $(WASMEDGE_OUT) ; @:
$(WASMEDGE_OUT): $(wasmedge.dir)input.wasm $(wasmedge.dir)validate/plan.json $(wasmedge.emit)
\t$(WASMEDGE_STAGE) output --quiet --build-dir $(dir $<) $@
endif
";

/// How many names stand on a line.
const A_LINE: usize = 8;

impl Plan {
    /// The text of `units.mk`. It depends on nothing but how many units there are.
    pub fn units_mk(&self) -> String {
        let mut text = format!("{HEAD}wasmedge.units :=");
        for (at, unit) in self.unit_ids().enumerate() {
            let space = if at % A_LINE == 0 { " \\\n  " } else { " " };
            write!(text, "{space}{unit}").expect("a string takes it");
        }
        text + "\n" + RULES
    }
}
