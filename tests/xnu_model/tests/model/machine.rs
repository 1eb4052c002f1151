//! The machine.

use mach_procfs::kernel::xnu::{Mount, ProcessorInfo, ProcessorLoad, SYSCTLS, VmStatistics, boot};
use xnu_model::fixtures::intel;
use xnu_model::size_of_sysctl;

use super::*;

#[test]
fn sysctls_have_the_size_of_their_type() {
    for (world, missing) in [(arm64(), Some(c"hw.cpufrequency")), (intel(), None)] {
        let model = XnuModel::new(world);
        for name in SYSCTLS.into_iter().chain(boot::ALL) {
            let length = model.sysctl_by_name(name, None);
            if Some(name) == missing {
                assert_eq!(length, Err(Errno::NOENT));
                continue;
            }
            let length = length.unwrap();
            let mut value = vec![0xAA; length + 3];
            assert_eq!(model.sysctl_by_name(name, Some(&mut value)), Ok(length));
            let few = &mut vec![0; length - 1];
            assert_eq!(model.sysctl_by_name(name, Some(few)), Err(Errno::NOMEM));
            match size_of_sysctl(name) {
                Some(size) => assert_eq!(length, size, "{name:?}"),
                None => assert_eq!(value[length - 1], 0, "a text: {name:?}"),
            }
        }
        assert_eq!(model.sysctl_by_name(c"\xFF", None), Err(Errno::NOENT));
    }
}

#[test]
fn processors_and_mounts_are_counted() {
    let mut world = intel();
    world.caller.uid = 12345;
    let model = XnuModel::new(world);
    let processors = model.processors::<ProcessorInfo>().unwrap();
    assert_eq!(processors.len(), model.processors::<ProcessorLoad>().unwrap().len());
    assert_eq!(processors.iter().filter(|it| it.is_main != 0).count(), 1);
    assert!(model.host::<VmStatistics>().unwrap().active > 0);
    let count = model.mounts(None).unwrap();
    let mut mounts = vec![Mount::default(); count + 1];
    assert_eq!(model.mounts(Some(&mut mounts)), Ok(count));
    assert_eq!((mounts[0].mount_point.bytes(), mounts[0].kind.bytes()), (&b"/"[..], &b"apfs"[..]));
    assert_eq!(mounts[count], Mount::default());
    assert_eq!(model.mounts(Some(&mut mounts[..1])), Ok(1));
}
