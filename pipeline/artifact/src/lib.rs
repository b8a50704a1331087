//! Typed artifacts, their text forms, the build directory and its manifest.
