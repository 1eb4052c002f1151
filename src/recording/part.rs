//! Parts of a recording: lists whose items have answers of their own, and the machine.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::{
    Answer, FileAnswers, HostAnswers, Kept, PortAnswers, ProcessorAnswers, Reply, ThreadAnswers,
    ThreadPortAnswers,
};
use crate::kernel::xnu::json::{self, is_default};
use crate::kernel::xnu::{Mount, OpenFile, SpaceEntry, StateFlavor, Timebase, boot, sockets};

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// Seconds since the epoch.
    pub seconds: u64,
    /// And microseconds.
    pub microseconds: u32,
}

impl From<SystemTime> for Moment {
    /// The time of this machine's clock; the epoch for a time before it.
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Moment { seconds: since.as_secs(), microseconds: since.subsec_micros() }
    }
}

impl Moment {
    /// The time as a `SystemTime`; the epoch for a time that this machine cannot represent.
    #[must_use]
    pub fn time(self) -> SystemTime {
        let since = Duration::from_secs(self.seconds)
            .saturating_add(Duration::from_micros(self.microseconds.into()));
        UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
    }
}

/// Bytes of any value, written as text if they are UTF-8.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bytes(#[serde(with = "json::bytes")] pub Vec<u8>);

/// Bytes of any value, written as text if they look like text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Value(#[serde(with = "json::value")] pub Vec<u8>);

/// Words of 32 bits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Words(#[serde(with = "json::words")] pub Vec<u32>);

/// A thread of `PROC_PIDLISTTHREADIDS`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedThread {
    /// Its id.
    pub id: u64,
    /// Answers about it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read_some")]
    pub answers: Option<Box<ThreadAnswers>>,
}

/// An open file of `PROC_PIDLISTFDS`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedFile {
    /// Descriptor and kind.
    pub file: OpenFile,
    /// Answer of `proc_pidfdinfo` about it, if it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read_some")]
    pub answers: Option<Box<FileAnswers>>,
}

/// A right of `mach_port_space_info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedRight {
    /// The name and the types of the right.
    pub entry: SpaceEntry,
    /// Answers about a port that the task receives from.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read_some")]
    pub answers: Option<Box<PortAnswers>>,
}

/// A thread of `task_threads`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedThreadPort {
    /// Answers by its port.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read_some")]
    pub answers: Option<Box<ThreadPortAnswers>>,
    /// Answers of `thread_get_state`, for each set of the machine's registers.
    #[serde(deserialize_with = "read_states")]
    pub states: Vec<RecordedState>,
}

/// A set of registers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedState {
    /// The flavor of `thread_get_state`.
    pub flavor: StateFlavor,
    /// Its words.
    pub words: Reply<Words>,
}

/// The answers, if there are any: rows without them take no room.
pub(super) fn some<T: Default + PartialEq>(answers: T) -> Option<Box<T>> {
    (answers != T::default()).then(|| Box::new(answers))
}

/// Reads answers; none if all of them are missing.
fn read_some<'de, T, D>(deserializer: D) -> Result<Option<Box<T>>, D::Error>
where
    T: Default + PartialEq + Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(some)
}

/// More sets of registers than any processor has.
const MOST_STATES: usize = 16;

/// A list without spare room, since there may be one for each of millions of threads.
fn read_states<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<RecordedState>, D::Error> {
    struct States;

    impl<'de> Visitor<'de> for States {
        type Value = Vec<RecordedState>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of sets of registers")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut states = Vec::new();
            while let Some(state) = list.next_element()? {
                if states.len() == MOST_STATES {
                    return Err(A::Error::custom("more than 16 sets of registers"));
                }
                states.reserve_exact(1);
                states.push(state);
            }
            Ok(states)
        }
    }

    deserializer.deserialize_seq(States)
}

/// The machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordedMachine {
    /// Answers of `sysctlbyname`, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sysctls: BTreeMap<String, Answer<Value>>,
    /// sysctls by number.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub numbered: Vec<NumberedSysctl>,
    /// Answer of `mach_timebase_info`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timebase: Option<Reply<Timebase>>,
    /// Answers of `host_statistics64`.
    #[serde(skip_serializing_if = "is_default")]
    pub host: HostAnswers,
    /// Answers of `host_processor_info`.
    #[serde(skip_serializing_if = "is_default")]
    pub processors: ProcessorAnswers,
    /// Answer of `getfsstat`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mounts: Option<Answer<Vec<Kept<Mount>>>>,
}

/// A sysctl that has a number and no name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberedSysctl {
    /// Its number.
    pub name: Vec<i32>,
    /// Its value.
    pub value: Answer<Value>,
}

impl RecordedMachine {
    /// Removes what is private: the network with its addresses, and what identifies this start of
    /// the machine.
    pub(super) fn keep_nothing_private(&mut self) {
        let private = boot::ALL.iter().chain(&sockets::ALL);
        self.sysctls.retain(|name, _| !private.clone().any(|it| it.to_str() == Ok(name)));
        self.numbered.clear();
    }

    /// The sysctl `hw.cputype`, 0 if it is not known.
    pub(super) fn cpu_type(&self) -> i32 {
        match self.sysctls.get("hw.cputype") {
            Some(Answer::Ok(Value(value))) => {
                value.as_slice().try_into().map_or(0, i32::from_ne_bytes)
            }
            _ => 0,
        }
    }
}
