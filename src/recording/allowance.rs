//! The limits of a recording, counted down while it is read.

use std::cell::Cell;

use serde::de::Error;

use super::read::Limits;

/// How many rows and processes may still follow.
#[derive(Debug)]
pub(super) struct Allowance {
    limits: Limits,
    rows: Cell<usize>,
    processes: Cell<usize>,
}

impl Allowance {
    pub(super) fn new(limits: Limits) -> Self {
        let (rows, processes) = (Cell::new(limits.rows), Cell::new(limits.processes));
        Allowance { limits, rows, processes }
    }

    /// Counts one row of a list.
    ///
    /// # Errors
    /// Where there are more than the limit.
    pub(super) fn row<E: Error>(&self) -> Result<(), E> {
        let most = self.limits.rows;
        spend(&self.rows, || E::custom(format_args!("more than {most} rows in all lists")))
    }

    /// Counts one process.
    ///
    /// # Errors
    /// Where there are more than the limit.
    pub(super) fn process<E: Error>(&self) -> Result<(), E> {
        let most = self.limits.processes;
        spend(&self.processes, || E::custom(format_args!("more than {most} processes")))
    }
}

fn spend<E>(left: &Cell<usize>, error: impl FnOnce() -> E) -> Result<(), E> {
    left.set(left.get().checked_sub(1).ok_or_else(error)?);
    Ok(())
}
