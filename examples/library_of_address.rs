//! The file that is mapped at an address of a process, and which byte of it is there:
//!
//! ```sh
//! cargo run --example library_of_address 500 7f31c0a4b000
//! ```

use std::error::Error;

use mach_procfs::{Pid, System};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [pid, address] = arguments.as_slice() else {
        return Err("usage: library_of_address PID ADDRESS".into());
    };
    let pid = Pid::new(pid.parse()?).ok_or("no system has such a pid")?;
    let address = u64::from_str_radix(address.trim_start_matches("0x"), 16)?;
    for region in System::open()?.regions(pid)? {
        let region = region?;
        if region.contains(address) {
            let path = region.path().ok_or("no file is mapped there")?;
            let offset = region.offset() + (address - region.start());
            println!("{} + {offset:#x}", path.display());
            return Ok(());
        }
    }
    Err("nothing is mapped there".into())
}
