//! What native code and runtime agree on.
