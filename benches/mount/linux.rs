//! Arguments, and the order of things.

use std::path::PathBuf;
use std::process::ExitCode;

use nix::sched::CpuSet;

use crate::common::target;
use crate::report::Report;
use crate::through::Scene;
use crate::{beside, clock, pure, readers, through};

struct Arguments {
    cpu: usize,
    json: Option<PathBuf>,
    /// The one part that is wanted, where not all are.
    only: Option<String>,
}

fn arguments() -> Option<Arguments> {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let mut arguments = Arguments { cpu: 0, json: None, only: None };
    while let Some(word) = words.next() {
        match word.as_str() {
            "--cpu" => arguments.cpu = words.next()?.parse().ok()?,
            "--only" => arguments.only = Some(words.next()?),
            "--json" => arguments.json = Some(words.next()?.into()),
            _ => return None,
        }
    }
    Some(arguments)
}

pub fn main() -> ExitCode {
    // Before anything else: this process may have been started to be looked at.
    if target::play() {
        return ExitCode::SUCCESS;
    }
    if !std::env::args().any(|word| word == "--bench") {
        eprintln!("not measured: run scripts/dev/bench");
        return ExitCode::SUCCESS;
    }
    if readers::is_inside() {
        return readers::inside();
    }
    let Some(arguments) = arguments() else {
        eprintln!("usage: mount [--cpu N] [--json FILE] [--only PART]");
        return ExitCode::FAILURE;
    };
    let mut report = Report::new();
    let everywhere = clock::affinity();
    clock::pin(arguments.cpu);
    let only = arguments.only.as_deref();
    if only != Some("readers") {
        let Some(scene) = through::Scene::new() else {
            return ExitCode::FAILURE;
        };
        with_scene(&scene, &arguments, &everywhere, &mut report);
    }
    // Without the processes of the others.
    if only.is_none_or(|only| only == "readers") && !readers::measure(&mut report) && only.is_some()
    {
        return ExitCode::FAILURE;
    }
    print!("{}", report.text());
    if let Some(file) = arguments.json
        && let Err(error) = std::fs::write(&file, report.json())
    {
        eprintln!("{}: {error}", file.display());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// All parts but the readers.
fn with_scene(scene: &Scene, arguments: &Arguments, everywhere: &CpuSet, report: &mut Report) {
    let wanted = |part: &str| arguments.only.as_deref().is_none_or(|only| only == part);
    let mut pure = wanted("pure").then(|| (pure::Lines::new(scene), pure::MachWalks::new()));
    let mut measure_pure = || {
        if let Some((lines, walks)) = &mut pure {
            lines.measure();
            walks.measure();
        }
    };
    measure_pure();
    if wanted("kernel") {
        through::against_the_kernel(scene, report);
    }
    measure_pure();
    if wanted("requests") {
        through::requests(scene, report);
    }
    measure_pure();
    if wanted("memory") {
        through::memory(scene, report);
    }
    if wanted("small") {
        beside::small_reads(scene, report);
    }
    measure_pure();
    if wanted("unpinned") {
        clock::set_affinity(everywhere);
        beside::unpinned(scene, report);
        clock::pin(arguments.cpu);
    }
    measure_pure();
    if let Some((lines, walks)) = pure {
        lines.tell(report);
        walks.tell(report);
    }
    if wanted("own") {
        // Last: from here on this process has a large map itself.
        pure::own_map(scene, report);
    }
}
