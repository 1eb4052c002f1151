//! Ports of tasks: the rules, and the calls that each kind permits.

use std::sync::Arc;

use mach_procfs::kernel::xnu::{
    AuditToken, PORT_DEAD, PORT_NULL, PortLimit, PortStatus, SecurityToken, ShortBsdInfo,
    SpaceEntry, StateFlavor, TaskBasicInfo, TaskInfo, TaskPort, TaskVmInfo, ThreadBasicInfo,
    ThreadIdentifier, TimeValue, UniqueInfo,
};
use xnu_model::fixtures::DEMO;
use xnu_model::{Call, PortRule};

use super::*;

#[test]
fn row_09_proc_info_compares_effective_uids_and_task_for_pid_nearly_everything() {
    let mut world = world();
    world.caller.uid = 501;
    world.caller.groups = vec![501];
    let model = XnuModel::new(world);
    let may = |change: &dyn Fn(&mut ModelProcess)| {
        model.world(|world| {
            *world.process_mut(PID).unwrap() = {
                let mut process = world.process(PID).unwrap().clone();
                process.info = ModelProcess::new(500, "target").info;
                process.groups.clear();
                change(&mut process);
                process
            };
        });
        let port = model.port_for_pid(PortKind::Control, PID);
        let port = port.map(|port| model.release_port(port).unwrap());
        (model.pid::<TaskInfo>(PID, 0).map(|_| ()), port)
    };
    let (yes, refused) = ((Ok(()), Ok(())), Err(KernReturn::FAILURE.into()));
    assert_eq!(may(&|_| ()), yes);
    assert_eq!(may(&|process| process.info.ruid = 0), (Ok(()), refused));
    assert_eq!(may(&|process| process.info.svuid = 0), (Ok(()), refused));
    assert_eq!(may(&|process| process.groups.push(20)), (Ok(()), refused));
    assert_eq!(may(&|it| it.info.flags |= ShortBsdInfo::CHANGED_IDS), (Ok(()), refused));
    assert_eq!(may(&|process| process.info.uid = 0), (Err(Errno::PERM), refused));
    model.world(|world| world.caller.uid = 0);
    assert_eq!(may(&|process| process.info.ruid = 7), yes);
    assert_eq!(model.port_for_pid(PortKind::Control, 0), refused.map(|()| 0));
    assert_eq!(model.port_for_pid(PortKind::Control, 77), refused.map(|()| 0));
}

#[test]
fn row_10_success_with_a_null_or_dead_port_is_no_port() {
    let model = Arc::new(XnuModel::new(world()));
    for (rule, name) in [(PortRule::Null, PORT_NULL), (PortRule::Dead, PORT_DEAD)] {
        model.world(|world| world.process_mut(PID).unwrap().port = rule);
        assert_eq!(model.port_for_pid(PortKind::Control, PID), Ok(name));
        assert!(TaskPort::for_pid(&model, PortKind::Control, PID).unwrap().is_none());
    }
    assert_eq!((model.live_ports(), model.count(Call::ReleasePort)), (0, 0));
}

const KINDS: [PortKind; 4] = [PortKind::Control, PortKind::Read, PortKind::Inspect, PortKind::Name];

/// Whether each kind of port gets an answer, the strongest first.
fn by_kind<T>(ask: impl Fn(&XnuModel, PortName) -> Result<T, KernReturn>) -> [bool; 4] {
    let model = XnuModel::new(arm64());
    KINDS.map(|kind| {
        let port = model.port_of_kind(DEMO, kind).unwrap();
        match ask(&model, port) {
            Ok(_) => true,
            Err(code) => {
                assert_eq!(code, KernReturn::INVALID_ARGUMENT, "{kind:?}");
                false
            }
        }
    })
}

#[test]
fn name_port_wants_two_uids_and_the_others_nearly_everything() {
    let model = by(501);
    let may = |change: &dyn Fn(&mut ModelProcess)| {
        let before = model.world(|world| world.process(DEMO).unwrap().clone());
        model.world(|world| change(world.process_mut(DEMO).unwrap()));
        let release = |port: PortName| model.release_port(port).unwrap();
        let answers = (
            model.port_for_pid(PortKind::Name, DEMO).map(release),
            model.port_for_pid(PortKind::Inspect, DEMO).map(release),
            model.port_for_pid(PortKind::Read, DEMO).map(release),
        );
        model.world(|world| *world.process_mut(DEMO).unwrap() = before);
        answers
    };
    let (no_name, no) = (Err(KernReturn::FAILURE.into()), Err(Errno::PERM.into()));
    assert_eq!(may(&|_| ()), (Ok(()), Ok(()), Ok(())));
    assert_eq!(may(&|it| it.info.uid = 0), (no_name, no, no));
    assert_eq!(may(&|it| it.info.ruid = 0), (no_name, no, no));
    assert_eq!(may(&|it| it.info.svuid = 0), (Ok(()), no, no));
    assert_eq!(may(&|it| it.groups.push(9)), (Ok(()), no, no));
    assert_eq!(may(&|it| it.info.flags |= ShortBsdInfo::CHANGED_IDS), (Ok(()), no, no));
    // System Integrity Protection leaves the name.
    assert_eq!(may(&|it| *it = it.clone().protected()), (Ok(()), no, no));
    model.world(|world| world.caller.uid = 0);
    assert_eq!(may(&|it| it.info.uid = 7), (Ok(()), Ok(()), Ok(())));
    assert_eq!(may(&|it| *it = it.clone().protected()), (Ok(()), no, no));
}

#[test]
fn pid_0_has_a_name_for_root_and_no_other_port() {
    let model = by(0);
    let name = model.port_for_pid(PortKind::Name, 0).unwrap();
    assert!(model.task::<TaskBasicInfo>(name).is_ok());
    assert_eq!(model.port_for_pid(PortKind::Read, 0), Err(Errno::PERM.into()));
    assert_eq!(model.port_for_pid(PortKind::Inspect, 0), Err(Errno::PERM.into()));
    let refused = Err(KernReturn::FAILURE.into());
    assert_eq!(by(501).port_for_pid(PortKind::Name, 0), refused);
    for pid in [77, 501] {
        assert_eq!(model.port_for_pid(PortKind::Read, pid), Err(Errno::SRCH.into()));
        assert_eq!(model.port_for_pid(PortKind::Name, pid), refused);
    }
}

#[test]
fn refusals_have_their_errno_and_success_may_give_nothing() {
    let model = Arc::new(by(0));
    for (rule, errno) in [
        (KernReturn::FAILURE, Errno::PERM),
        (KernReturn::PROTECTION_FAILURE, Errno::ACCES),
        (KernReturn::ABORTED, Errno::INTR),
    ] {
        model.world(|world| {
            world.process_mut(DEMO).unwrap().read_port = PortRule::Refuses(rule);
        });
        assert_eq!(model.port_for_pid(PortKind::Read, DEMO), Err(errno.into()));
        assert!(model.port_for_pid(PortKind::Inspect, DEMO).is_ok(), "each has a rule of its own");
    }
    for (rule, name) in [(PortRule::Null, PORT_NULL), (PortRule::Dead, PORT_DEAD)] {
        model.world(|world| {
            let process = world.process_mut(DEMO).unwrap();
            (process.read_port, process.name_port) = (rule, rule);
        });
        assert_eq!(model.port_for_pid(PortKind::Read, DEMO), Ok(name));
        assert!(TaskPort::for_pid(&model, PortKind::Read, DEMO).unwrap().is_none());
        assert!(TaskPort::for_pid(&model, PortKind::Name, DEMO).unwrap().is_none());
    }
}

#[test]
fn each_call_wants_its_kind_of_port() {
    let (all, inspect, read) = ([true; 4], [true, true, true, false], [true, true, false, false]);
    assert_eq!(by_kind(|model, port| model.task::<TaskBasicInfo>(port)), all);
    assert_eq!(by_kind(|model, port| model.task::<TaskVmInfo>(port)), all);
    assert_eq!(by_kind(|model, port| model.task::<SecurityToken>(port)), all);
    assert_eq!(by_kind(|model, port| model.task::<AuditToken>(port)), all);
    assert_eq!(by_kind(|model, port| model.role(port)), inspect);
    assert_eq!(by_kind(|model, port| model.threads(port)), inspect);
    assert_eq!(by_kind(|model, port| model.space_info(port)), read);
    assert_eq!(by_kind(|model, port| model.attributes::<PortLimit>(port, 0x403)), read);
    assert_eq!(by_kind(|model, port| model.attributes::<PortStatus>(port, 0x403)), read);
    // A thread's port is of the kind of its task's.
    let of_first = |model: &XnuModel, port, ask: &dyn Fn(PortName) -> Result<(), KernReturn>| {
        ask(*model.threads(port)?.first().unwrap())
    };
    let identifier = by_kind(|model, port| {
        of_first(model, port, &|thread| model.thread::<ThreadIdentifier>(thread).map(drop))
    });
    let basic = by_kind(|model, port| {
        of_first(model, port, &|thread| model.thread::<ThreadBasicInfo>(thread).map(drop))
    });
    let state = by_kind(|model, port| {
        let words = &mut [0; 68];
        let thread = *model.threads(port)?.first().unwrap();
        model.thread_state(thread, StateFlavor::ARM_THREAD, words)
    });
    assert_eq!((identifier, basic, state), (inspect, inspect, read));
}

#[test]
fn facts_of_a_task_fit_together() {
    let model = by(0);
    let port = model.port_for_pid(PortKind::Name, DEMO).unwrap();
    // 3,000,000 units of 125 / 3 nanoseconds, without the 2,400,000 of living threads.
    let basic = model.task::<TaskBasicInfo>(port).unwrap();
    assert_eq!(basic.user_time, TimeValue { seconds: 0, microseconds: 25_000 });
    assert_eq!((basic.resident_size, basic.resident_max), (5_324_800, 6_291_456));
    assert_eq!(model.task::<SecurityToken>(port), Ok(SecurityToken { ids: [501, 501] }));
    let version = model.pid::<UniqueInfo>(DEMO, 0).unwrap().id_version.cast_unsigned();
    let token = model.task::<AuditToken>(port).unwrap();
    assert_eq!(token.words, [501, 501, 501, 501, 501, 500, 100_004, version]);
}

#[test]
fn ports_are_asked_by_name_and_only_receivers_know_the_queue() {
    let model = by(0);
    let port = model.port_for_pid(PortKind::Read, DEMO).unwrap();
    let entries = model.space_info(port).unwrap();
    assert_eq!((entries[0].types, entries[0].references), (0, 0), "the first is never used");
    let named = |types| entries.iter().find(|entry| entry.types == types).unwrap().name;
    let receiver = named(SpaceEntry::RECEIVE);
    assert_eq!(model.attributes::<PortLimit>(port, receiver), Ok(Some(PortLimit { messages: 5 })));
    let status = model.attributes::<PortStatus>(port, receiver).unwrap();
    assert_eq!(status.map(|status| status.limit), Some(5));
    for types in [SpaceEntry::SEND, SpaceEntry::PORT_SET, SpaceEntry::DEAD_NAME] {
        assert_eq!(
            model.attributes::<PortLimit>(port, named(types)),
            Err(KernReturn::INVALID_RIGHT)
        );
        assert_eq!(
            model.attributes::<PortStatus>(port, named(types)),
            Err(KernReturn::INVALID_RIGHT)
        );
    }
    for name in [0x603, 0x9999] {
        assert_eq!(model.attributes::<PortLimit>(port, name), Err(KernReturn::INVALID_NAME));
        assert_eq!(model.attributes::<PortStatus>(port, name), Err(KernReturn::INVALID_NAME));
    }
    for name in [PORT_NULL, PORT_DEAD] {
        assert_eq!(model.attributes::<PortLimit>(port, name), Ok(None));
        assert_eq!(model.attributes::<PortStatus>(port, name), Err(KernReturn::INVALID_RIGHT));
    }
}
