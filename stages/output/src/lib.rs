//! Lays out and relocates one image and writes its container.
