//! The order of the stages, parallelism, resume.
