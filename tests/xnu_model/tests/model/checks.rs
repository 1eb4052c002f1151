//! Checks before a call does its work, in their order; and the list of processes.

use super::*;

#[test]
fn row_06_checks_in_the_kernels_order() {
    let model = XnuModel::new(world());
    model.world(|world| world.caller.uid = 502);
    let ask = |pid, flavor, arg, size| {
        model.pid_info(pid, flavor, arg, Some(&mut vec![0; size])).map(|_| ())
    };
    let checks = [
        // pid 0 comes first, even before an unknown size.
        ((0, 8, 0), Err(Errno::PERM)),
        ((0, 22, 0), Err(Errno::PERM)),
        // Unknown flavor before the size.
        ((PID, 99, 0), Err(Errno::INVAL)),
        // The size before the pid.
        ((77, 8, 1271), Err(Errno::NOMEM)),
        // The pid before the uid.
        ((77, 8, 1272), Err(Errno::SRCH)),
        ((-1, 13, 64), Err(Errno::SRCH)),
        ((PID, 8, 1272), Err(Errno::PERM)),
        // No uid rule for these.
        ((PID, 13, 64), Ok(())),
        ((PID, 17, 56), Ok(())),
        ((0, 13, 64), Ok(())),
    ];
    for ((pid, flavor, size), expected) in checks {
        assert_eq!(ask(pid, flavor, 0, size), expected, "{pid} {flavor} {size}");
    }
    model.world(|world| world.caller.uid = 0);
    assert_eq!(ask(0, 8, 0, 1272), Err(Errno::PERM), "even root");
    model.world(|world| world.become_zombie(PID));
    for (flavor, arg, expected) in [
        (13, 0, Err(Errno::SRCH)),
        (13, 1, Ok(())),
        (17, 1, Ok(())),
        (3, 1, Ok(())),
        (4, 1, Err(Errno::SRCH)),
        (8, 1, Err(Errno::SRCH)),
    ] {
        assert_eq!(ask(PID, flavor, arg, 4000), expected, "{flavor} {arg}");
    }
}

#[test]
fn row_16_list_has_the_kernel_last_of_the_living_then_zombies_and_is_cut_off_silently() {
    let mut world = world();
    world.spawn(ModelProcess::new(501, "b"));
    world.spawn(ModelProcess::new(502, "c"));
    world.become_zombie(501);
    let model = XnuModel::new(world);
    assert_eq!(model.list_pids(None), Ok(25));
    let mut pids = [-7; 30];
    assert_eq!(model.list_pids(Some(&mut pids)), Ok(5));
    assert_eq!(pids[..6], [502, 500, 1, 0, 501, -7]);
    let mut few = [-7; 2];
    assert_eq!(model.list_pids(Some(&mut few)), Ok(2));
    assert_eq!(few, [502, 500]);
    assert_eq!(model.list_pids(Some(&mut [])), Err(Errno::NOMEM));
}
