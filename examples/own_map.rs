//! The map of this very program, with a mark at the region that holds its `main`:
//!
//! ```sh
//! cargo run --example own_map
//! ```

fn main() -> Result<(), mach_procfs::Error> {
    let here = (main as fn() -> Result<(), mach_procfs::Error>) as usize as u64;
    for region in mach_procfs::own_regions()? {
        let region = region?;
        let mark = if region.contains(here) { "  <- main" } else { "" };
        println!("{region}{mark}");
    }
    Ok(())
}
