//! Layers made by hand, and what is found in them.
