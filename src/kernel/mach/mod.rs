//! macOS: what XNU answers about processes, through a thin trait that a model can stand in for.

pub mod calls;
