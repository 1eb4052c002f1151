//! All processes, with the number of their regions and the size of their address space in KiB:
//!
//! ```sh
//! cargo run --example all_processes
//! ```

use mach_procfs::{Error, Pid, System};

fn main() -> Result<(), Error> {
    let system = System::open()?;
    for pid in system.processes()? {
        match measure(&system, pid) {
            Ok((count, bytes)) => println!("{pid:>7} {count:>7} {:>12}", bytes / 1024),
            // Another user's, or one that has ended since it was listed.
            Err(error) => println!("{pid:>7} {error}"),
        }
    }
    Ok(())
}

/// How many regions a process has, and their bytes.
fn measure(system: &System, pid: Pid) -> Result<(usize, u64), Error> {
    let (mut count, mut bytes) = (0, 0_u64);
    for region in system.regions(pid)? {
        count += 1;
        bytes = bytes.saturating_add(region?.len());
    }
    Ok((count, bytes))
}
