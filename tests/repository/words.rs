//! Plain words: comments and documents have none of the phrases listed here, and documents have no
//! line of more than 100 columns.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Words and phrases that comments and documents avoid. The kernel "reports"; "no user", "another
/// process" and "users with access" name who is meant.
const PHRASES: [&str; 14] = [
    "as far as it is read",
    "everybody",
    "it is never short",
    "likewise",
    "nobody",
    "somebody",
    "taken apart",
    "tell",
    "tells",
    "to be had",
    "told",
    "what there are many of",
    "whoever",
    "without a word",
];

/// Sentences that say nothing by themselves.
const SENTENCES: [&str; 5] =
    ["as of the trait", "the books", "the same", "see there", "so is this"];

/// The folders that are checked, and the documents at the top.
const CHECKED: [&str; 10] = [
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "benches",
    "docs",
    "examples",
    "fuzz",
    "scripts",
    "src",
    "tests",
];

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below the checked folders, by their paths from the top.
fn files() -> Vec<String> {
    let mut found = Vec::new();
    for name in CHECKED {
        collect(&top().join(name), &mut found);
    }
    let mut names: Vec<String> = found
        .iter()
        .map(|path| path.strip_prefix(top()).unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort_unstable();
    assert!(names.len() > 200, "only {} files", names.len());
    names
}

fn collect(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() && !path.ends_with("target") && !path.ends_with("corpus") {
        for entry in std::fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), found);
        }
    } else if path.is_file() {
        found.push(path.to_owned());
    }
}

/// A part of a file that was written to be read: the number of its first line, and its lines.
type Prose = Vec<(usize, String)>;

/// The comments of a source file, or the paragraphs of a document.
fn prose(name: &str, text: &str) -> Vec<Prose> {
    let extension = Path::new(name).extension().and_then(|it| it.to_str());
    let mark = match extension {
        Some("rs" | "c" | "h") => "//",
        Some("md") => return paragraphs(text),
        Some("sh" | "toml" | "yml") => "#",
        None if text.starts_with("#!") => "#",
        _ => return Vec::new(),
    };
    let comments = text.lines().map(|line| comment(line, mark));
    blocks(comments)
}

/// What stands behind the mark of a comment, which stands alone or behind a space.
fn comment<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    let mut places = line.match_indices(mark);
    let (place, _) = places
        .find(|(place, _)| line[..*place].chars().next_back().is_none_or(char::is_whitespace))?;
    Some(line[place..].trim_start_matches(['/', '!', '#']).trim())
}

/// Lines without those of fenced and indented blocks.
fn paragraphs(text: &str) -> Vec<Prose> {
    let mut is_fenced = false;
    let lines = text.lines().map(|line| {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
            return None;
        }
        let is_item = line.trim_start().starts_with(['*', '-']);
        (!is_fenced && (is_item || !line.starts_with("    "))).then_some(line)
    });
    blocks(lines)
}

/// Neighbours that are some, without empty lines.
fn blocks<'a>(lines: impl Iterator<Item = Option<&'a str>>) -> Vec<Prose> {
    let mut found = vec![Prose::new()];
    for (number, line) in lines.enumerate() {
        match line.filter(|line| !line.is_empty()) {
            Some(line) => found.last_mut().unwrap().push((number + 1, line.to_owned())),
            None if found.last().is_some_and(Vec::is_empty) => {}
            None => found.push(Prose::new()),
        }
    }
    found.retain(|block| !block.is_empty());
    found
}

/// The text in small letters, without what stands in backticks or quotes.
fn plain(block: &Prose) -> String {
    let text: Vec<&str> = block.iter().map(|(_, line)| line.as_str()).collect();
    let text = text.join(" ");
    let outside = |text: &str, mark: char| -> String {
        text.split(mark).step_by(2).collect::<Vec<_>>().join("X")
    };
    outside(&outside(&text, '`'), '"').to_lowercase()
}

/// Small words with single spaces between them and around them.
fn words(text: &str) -> String {
    let words = text.split(|it: char| !it.is_alphanumeric() && it != '_');
    let words: Vec<&str> = words.filter(|it| !it.is_empty()).collect();
    format!(" {} ", words.join(" "))
}

/// Which phrases and sentences of the lists a text has.
fn bad(text: &str) -> Vec<&'static str> {
    let all = words(text);
    let phrases = PHRASES.into_iter().filter(|phrase| all.contains(&format!(" {phrase} ")));
    let mut found: Vec<&str> = phrases.collect();
    for sentence in text.split(['.', ':', ';']) {
        let sentence = words(sentence);
        found.extend(SENTENCES.into_iter().filter(|it| sentence.trim() == *it));
    }
    found
}

#[test]
fn comments_and_documents_are_in_plain_words() {
    let mut wrong = String::new();
    let mut seen = 0;
    for name in files() {
        let Ok(text) = std::fs::read_to_string(top().join(&name)) else { continue };
        for block in prose(&name, &text) {
            seen += block.len();
            for phrase in bad(&plain(&block)) {
                // The line that has its first word, or the first line of the comment.
                let first = format!(" {} ", phrase.split(' ').next().unwrap());
                let at =
                    block.iter().find(|(_, line)| words(&line.to_lowercase()).contains(&first));
                let (number, line) = at.unwrap_or(&block[0]);
                let _ = writeln!(wrong, "{name}:{number}: {phrase}: {line}");
            }
        }
    }
    assert!(seen > 3000, "only {seen} lines of comments and documents");
    assert!(wrong.is_empty(), "plain words, please:\n{wrong}");
}

#[test]
fn documents_have_no_long_lines() {
    let mut wrong = String::new();
    let documents: Vec<String> = files().into_iter().filter(|name| name.ends_with(".md")).collect();
    assert!(documents.len() >= 10, "{documents:?}");
    for name in documents {
        let text = std::fs::read_to_string(top().join(&name)).unwrap();
        for (number, line) in text.lines().enumerate().filter(|(_, it)| it.chars().count() > 100) {
            let _ = writeln!(wrong, "{name}:{}: {}", number + 1, line.chars().count());
        }
    }
    assert!(wrong.is_empty(), "lines of more than 100 columns:\n{wrong}");
}

#[test]
fn the_check_can_fail() {
    let of = |name: &str, text: &str| -> Vec<&'static str> {
        prose(name, text).iter().flat_map(|block| bad(&plain(block))).collect()
    };
    assert_eq!(
        of("x.rs", "/// What the kernel\n/// tells. The same.\nlet tells = 1;"),
        ["tells", "the same"]
    );
    assert_eq!(of("x.rs", "let x = 1; /\u{2f} nobody's, whoever"), ["nobody", "whoever"]);
    assert_eq!(of("x.rs", "let x = \"told://told\"; /\u{2f} the same value, `nobody`"), [""; 0]);
    assert_eq!(of("x.sh", "echo $# # likewise\n# Nobody\n"), ["likewise", "nobody"]);
    assert_eq!(of("x.md", "A line\nis never\n\n```\ntold\n```\n    told\n* told\n"), ["told"]);
}
