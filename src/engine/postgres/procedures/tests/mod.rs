//! Plans for scenes that were written by hand, each with the look-alike that must be left alone.
