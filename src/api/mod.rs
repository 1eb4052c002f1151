//! The library: the types that other programs use. They hide the values and the kernels of this
//! crate, which may change at any time. `tests/golden/api.txt` lists all that is public.

mod error;
mod region;
mod regions;
mod system;

pub use self::error::{Error, ErrorKind};
pub use self::region::{PageCounts, Region};
pub use self::regions::{Regions, own_regions};
pub use self::system::System;
pub use crate::model::{Device, Pid};
