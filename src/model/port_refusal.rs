//! Why a kernel gives no port to a process's task.

use std::fmt;

use super::Error;

/// A task port that was not given, and what is known of the process that explains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortRefusal {
    /// What the kernel answered.
    pub error: Error,
    /// The code signature, where the kernel reports it.
    pub signing: Option<Signing>,
}

/// Of a process's code signature what decides about its task port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signing {
    /// It is a part of the system.
    pub is_platform: bool,
    /// It has the hardened runtime.
    pub is_hardened: bool,
    /// It is restricted.
    pub is_restricted: bool,
    /// It allows debuggers, by the entitlement `get-task-allow`.
    pub allows_debuggers: bool,
}

/// On one line.
impl fmt::Display for PortRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; ", self.error)?;
        match &self.signing {
            Some(signing) => write!(f, "its program {signing}"),
            None => f.write_str("its code signature is not known"),
        }
    }
}

impl fmt::Display for Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts = [
            (self.is_platform, "is a part of macOS"),
            (self.is_hardened, "has the hardened runtime"),
            (self.is_restricted, "is restricted"),
            (!self.allows_debuggers, "lacks the entitlement get-task-allow"),
        ];
        let words: Vec<&str> = facts.iter().filter(|fact| fact.0).map(|fact| fact.1).collect();
        match words.split_last() {
            Some((last, [])) => f.write_str(last),
            Some((last, others)) => write!(f, "{} and {last}", others.join(", ")),
            None => f.write_str("allows debuggers: the reader's rights are too few"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_in_words() {
        let all = Signing { allows_debuggers: true, ..Signing::default() };
        assert_eq!(all.to_string(), "allows debuggers: the reader's rights are too few");
        let none = Signing::default();
        assert_eq!(none.to_string(), "lacks the entitlement get-task-allow");
        let hardened = Signing { is_hardened: true, ..none };
        assert_eq!(
            hardened.to_string(),
            "has the hardened runtime and lacks the entitlement get-task-allow"
        );
        let apples = Signing { is_platform: true, is_restricted: true, ..hardened };
        assert_eq!(
            apples.to_string(),
            "is a part of macOS, has the hardened runtime, is restricted and lacks the entitlement \
             get-task-allow"
        );
    }
}
