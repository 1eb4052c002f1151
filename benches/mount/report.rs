//! The tables, as text and as JSON.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::clock::Pair;

/// One figure.
#[derive(Serialize, Deserialize)]
struct Row {
    name: String,
    value: f64,
    unit: String,
    /// The most that the figure may be.
    goal: Option<f64>,
    missed: bool,
    /// What a ratio was made from, in microseconds.
    ours_us: Option<f64>,
    theirs_us: Option<f64>,
    #[serde(flatten)]
    counts: Option<Counts>,
}

/// What a daemon did for a reader.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Counts {
    /// What both are for, such as `process`.
    pub each: String,
    /// FUSE requests for each.
    pub requests: f64,
    /// The daemon's system calls for each.
    pub calls: f64,
}

#[derive(Default, Serialize, Deserialize)]
pub struct Report {
    machine: String,
    rows: Vec<Row>,
}

impl Report {
    /// A report about this machine.
    pub fn new() -> Self {
        Report { machine: machine(), rows: Vec::new() }
    }

    /// A ratio of two times.
    pub fn ratio(&mut self, name: impl Into<String>, pair: Pair, goal: Option<f64>) {
        self.push(Row::new(name.into(), pair.ratio, "x", goal).of(pair));
    }

    /// A ratio of two times of a reader, with what the daemon did for it.
    pub fn reader(&mut self, name: String, pair: Pair, goal: Option<f64>, counts: Counts) {
        let row = Row::new(name, pair.ratio, "x", goal).of(pair);
        self.push(Row { counts: Some(counts), ..row });
    }

    /// Any other figure.
    pub fn figure(&mut self, name: impl Into<String>, value: f64, unit: &str, goal: Option<f64>) {
        self.push(Row::new(name.into(), value, unit, goal));
    }

    fn push(&mut self, row: Row) {
        eprintln!("{}", row.line());
        self.rows.push(row);
    }

    /// The rows of a report that another process has made.
    pub fn append(&mut self, json: &str) {
        let other: Report = serde_json::from_str(json).expect("a report");
        self.rows.extend(other.rows);
    }

    pub fn text(&self) -> String {
        let mut text = format!("\nMachine: {}\n", self.machine);
        let mut table = |heading: &str, with_goal: bool| {
            let _ = writeln!(text, "\n{heading}");
            for row in self.rows.iter().filter(|row| row.goal.is_some() == with_goal) {
                let _ = writeln!(text, "{}", row.line());
            }
        };
        table("Goals (pinned to one CPU; a ratio is ours over the other's, in pairs):", true);
        table("Beside them:", false);
        let goals = self.rows.iter().filter(|row| row.goal.is_some()).count();
        let missed = self.rows.iter().filter(|row| row.missed).count();
        let _ = writeln!(text, "\n{} of {goals} goals met", goals - missed);
        text
    }

    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("JSON") + "\n"
    }
}

impl Row {
    fn new(name: String, value: f64, unit: &str, goal: Option<f64>) -> Self {
        let missed = goal.is_some_and(|goal| value > goal);
        let unit = unit.to_owned();
        Row { name, value, unit, goal, missed, ours_us: None, theirs_us: None, counts: None }
    }

    fn of(self, pair: Pair) -> Self {
        let microseconds = |time| Some(time / 1000.0);
        Row { ours_us: microseconds(pair.ours), theirs_us: microseconds(pair.theirs), ..self }
    }

    fn line(&self) -> String {
        let number = |value: f64| match value {
            _ if value.fract() == 0.0 => format!("{value:.0}"),
            _ if value < 10.0 => format!("{value:.2}"),
            _ => format!("{value:.1}"),
        };
        let time = |time: f64| match time {
            _ if time < 1.0 => format!("{} ns", number(time * 1000.0)),
            _ if time < 10_000.0 => format!("{} us", number(time)),
            _ => format!("{} ms", number(time / 1000.0)),
        };
        let mut beside = match (self.ours_us, self.theirs_us) {
            (Some(ours), Some(theirs)) => format!("{} / {}", time(ours), time(theirs)),
            _ => String::new(),
        };
        if let Some(Counts { each, requests, calls }) = &self.counts {
            let _ = write!(beside, "; a {each}: {requests:.1} requests, {calls:.1} calls");
        }
        let goal = self.goal.map_or(String::new(), |goal| format!("<= {}", number(goal)));
        let mark = if self.missed { "MISSED" } else { "" };
        let value = format!("{} {}", number(self.value), self.unit);
        let name = &self.name;
        format!("  {name:<54} {value:>12} {goal:>9} {mark:<6} {beside}").trim_end().to_owned()
    }
}

/// The CPUs and the kernel of this machine.
fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let values = |key: &str| {
        let lines = text.lines().filter_map(|line| line.split_once(':'));
        lines.filter(|(name, _)| name.trim() == key).map(|(_, value)| value.trim()).collect()
    };
    let (processors, models): (Vec<&str>, Vec<&str>) = (values("processor"), values("model name"));
    // Not on every architecture.
    let model = models.first().copied().unwrap_or(std::env::consts::ARCH);
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{} CPUs, {model}; Linux {}", processors.len(), release.trim())
}
