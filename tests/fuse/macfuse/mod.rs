//! The adapter as macFUSE's kernel extension uses it: over a socket pair with a stand-in for the
//! extension, and a model of XNU behind the tree.

mod delays;
mod descriptors;
mod extension;
mod hand_overs;
mod images;
mod listings;
mod mappings;
mod numbers;
mod readers;
mod relay;
mod tools;
mod wire;
mod worlds;
