//! The tables, as text and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::clock::Pair;

/// One figure.
struct Row {
    name: String,
    value: f64,
    unit: &'static str,
    /// The most that the figure may be.
    goal: Option<f64>,
    /// What it was made from, in microseconds.
    times: Option<(f64, f64)>,
}

#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
}

impl Report {
    /// A ratio of two times that has a goal.
    pub fn ratio(&mut self, name: impl Into<String>, pair: Pair, goal: Option<f64>) {
        let times = Some((pair.ours / 1000.0, pair.theirs / 1000.0));
        self.push(Row { name: name.into(), value: pair.ratio, unit: "x", goal, times });
    }

    /// Any other figure.
    pub fn figure(
        &mut self,
        name: impl Into<String>,
        value: f64,
        unit: &'static str,
        goal: Option<f64>,
    ) {
        self.push(Row { name: name.into(), value, unit, goal, times: None });
    }

    fn push(&mut self, row: Row) {
        eprintln!("{}", row.line());
        self.rows.push(row);
    }

    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut table = |heading: &str, with_goal: bool| {
            let _ = writeln!(text, "\n{heading}");
            for row in self.rows.iter().filter(|row| row.goal.is_some() == with_goal) {
                let _ = writeln!(text, "{}", row.line());
            }
        };
        table("Goals (pinned to one CPU; a ratio is ours over the other's, in pairs):", true);
        table("Beside them:", false);
        let goals = self.rows.iter().filter(|row| row.goal.is_some()).count();
        let missed = self.rows.iter().filter(|row| row.is_missed()).count();
        let _ = writeln!(text, "\n{} of {goals} goals met", goals - missed);
        text
    }

    pub fn json(&self) -> String {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "name": row.name,
                    "value": row.value,
                    "unit": row.unit,
                    "goal": row.goal,
                    "missed": row.is_missed(),
                    "ours_us": row.times.map(|times| times.0),
                    "theirs_us": row.times.map(|times| times.1),
                })
            })
            .collect();
        let mut text = json!({ "rows": rows }).to_string();
        text.push('\n');
        text
    }
}

impl Row {
    fn is_missed(&self) -> bool {
        self.goal.is_some_and(|goal| self.value > goal)
    }

    fn line(&self) -> String {
        let number = |value: f64| match value {
            _ if value.fract() == 0.0 => format!("{value:.0}"),
            _ if value < 10.0 => format!("{value:.2}"),
            _ => format!("{value:.1}"),
        };
        let times = match self.times {
            Some((ours, theirs)) => format!("{} us / {} us", number(ours), number(theirs)),
            None => String::new(),
        };
        let goal = self.goal.map_or(String::new(), |goal| format!("<= {}", number(goal)));
        let mark = if self.is_missed() { "MISSED" } else { "" };
        let value = format!("{} {}", number(self.value), self.unit);
        format!("  {:<54} {value:>12} {goal:>9} {mark:<6} {times}", self.name).trim_end().to_owned()
    }
}
