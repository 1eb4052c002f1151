//! What this very program has mapped, and the file that holds its `main`:
//!
//! ```sh
//! cargo run --example own_map
//! ```

use mach_procfs::model::{Error, Pid};

fn main() -> Result<(), Error> {
    let here = (main as fn() -> Result<(), Error>) as usize as u64;
    for region in mach_procfs::regions(Pid::this())? {
        let region = region?;
        let name = String::from_utf8_lossy(&region.backing.name);
        let letters = String::from_utf8_lossy(&region.protection.letters()).into_owned();
        let mark = if (region.start..region.end).contains(&here) { "  <- main" } else { "" };
        println!("{:012x}-{:012x} {letters} {name}{mark}", region.start, region.end);
    }
    Ok(())
}
