//! An example plug-in.
