//! What the library shows of living processes, against the kernel's own files.

use std::error::Error as _;

use mach_procfs::{ErrorKind, Pid, Region, System, own_regions};

use super::common::target::Target;

/// The regions as the kernel writes them. A name that is not UTF-8 is in none of these.
fn lines(regions: &[Region]) -> String {
    regions.iter().map(|region| format!("{region}\n")).collect()
}

#[test]
fn own_regions_name_the_program() {
    let own: Vec<Region> = own_regions().unwrap().collect::<Result<_, _>>().unwrap();
    let program = std::env::current_exe().unwrap();
    assert!(own.iter().any(|region| region.path() == Some(&program)));
    assert!(own.windows(2).all(|pair| pair[0].end() <= pair[1].start()));
    let code = own_regions_name_the_program as fn() as usize as u64;
    let found: Vec<&Region> = own.iter().filter(|region| region.contains(code)).collect();
    let [found] = found.as_slice() else { panic!("{found:?}") };
    assert!(found.is_readable() && found.is_executable() && !found.is_writable());
    assert!(found.is_file() && !found.is_shared() && !found.is_deleted());
    assert_eq!(found.pages(), None);
    let system = System::open().unwrap();
    let again = system.regions(Pid::this()).unwrap().map(Result::unwrap);
    assert_eq!(again.filter(|region| region.contains(code)).count(), 1);
}

#[test]
fn regions_of_another_process_are_those_of_the_kernel() {
    let system = System::open().unwrap();
    let target = Target::stopped("regions 1000;stop");
    let pid = Pid::new(target.pid()).unwrap();
    assert!(system.processes().unwrap().contains(&pid));
    let regions: Vec<Region> = system.regions(pid).unwrap().map(Result::unwrap).collect();
    let kernels = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    assert!(lines(&regions) == kernels);

    let counted: Vec<Region> =
        system.regions_with_pages(pid).unwrap().map(Result::unwrap).collect();
    assert!(lines(&counted) == kernels);
    let bytes = |region: &Region| {
        let pages = region.pages().unwrap();
        pages.resident * pages.page_size
    };
    let smaps = std::fs::read_to_string(format!("/proc/{pid}/smaps")).unwrap();
    let resident = smaps
        .lines()
        .filter_map(|line| line.strip_prefix("Rss:"))
        .map(|value| value.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024);
    assert!(counted.iter().map(bytes).eq(resident));
    target.reap();
}

#[test]
fn a_process_that_ends_is_an_error_and_the_last_item() {
    let system = System::open().unwrap();
    let target = Target::stopped("regions 1000;stop");
    let pid = Pid::new(target.pid()).unwrap();
    let mut cut = system.clone().regions(pid).unwrap();
    assert!(cut.next().unwrap().is_ok());
    target.reap();
    let last = cut.by_ref().last().unwrap().unwrap_err();
    assert_eq!((last.kind(), last.pid()), (ErrorKind::Vanished, Some(pid)));
    assert!(cut.next().is_none(), "an error is the last item");
    let gone = system.regions(pid).unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NoSuchProcess);
    let errno = gone.raw_os_error().unwrap();
    assert_eq!(
        gone.source().unwrap().to_string(),
        std::io::Error::from_raw_os_error(errno).to_string()
    );
    assert_eq!(std::io::Error::from(gone).kind(), std::io::ErrorKind::NotFound);
}
