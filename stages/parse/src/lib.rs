//! Decodes a binary module into its typed description.
