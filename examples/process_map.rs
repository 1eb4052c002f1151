//! The map of another process, with the memory that each region takes, in KiB:
//!
//! ```sh
//! cargo run --example process_map 500
//! ```

use std::error::Error;

use mach_procfs::{Pid, System};

fn main() -> Result<(), Box<dyn Error>> {
    let number = std::env::args().nth(1).ok_or("usage: process_map PID")?;
    let pid = Pid::new(number.parse()?).ok_or("no system has such a pid")?;
    for region in System::open()?.regions_with_pages(pid)? {
        let region = region?;
        let resident = region.pages().map_or(0, |pages| pages.resident * pages.page_size);
        println!("{:>8} {region}", resident / 1024);
    }
    Ok(())
}
