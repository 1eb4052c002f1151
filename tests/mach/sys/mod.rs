//! `src/kernel/xnu/sys`, the calls of a running Mac, where there is no Mac: compiled into this test
//! over stand-ins for libSystem's functions, which ask the model of XNU. What only the C side can get
//! wrong shows here: each answer is the one that the model gives without C in between.

mod calls;
mod files;
mod inside;
mod layout;
mod stand_ins;
mod xnu;
