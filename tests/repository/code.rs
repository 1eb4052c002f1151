//! Rust without comments and without what stands in strings, so that a search finds code only.

/// The lines with code, and their numbers.
pub(super) fn code_of(text: &str) -> Vec<(usize, String)> {
    let plain = without_comments_and_literals(text);
    let lines = plain.lines().enumerate().map(|(number, line)| (number + 1, line.to_owned()));
    lines.filter(|(_, line)| !line.trim().is_empty()).collect()
}

/// Lines keep their numbers.
fn without_comments_and_literals(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else {
            literal(rest, plain.chars().next_back())
        };
        let (skipped, behind) = rest.split_at(length.max(next.len_utf8()));
        if length == 0 {
            plain.push(next);
        } else {
            plain.extend(skipped.matches('\n'));
        }
        rest = behind;
    }
    plain
}

/// How long the comment is that begins here; there may be others in it.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    loop {
        let found = text[at..].find(['/', '*']).expect("the end of a comment") + at;
        at = found + 1;
        match text.get(found..found + 2) {
            Some("/*") => depth += 1,
            Some("*/") => depth -= 1,
            _ => continue,
        }
        at += 1;
        if depth == 0 {
            return at;
        }
    }
}

/// How long the string or character is that begins here, behind this letter: 0 where none does.
fn literal(text: &str, before: Option<char>) -> usize {
    let letters = text.len() - text.trim_start_matches(['b', 'c', 'r']).len();
    let marks = text[letters..].len() - text[letters..].trim_start_matches('#').len();
    let (prefix, quoted) = text.split_at(letters + marks);
    let is_in_word = before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    if quoted.starts_with('"') && prefix.contains('r') && !is_in_word {
        let end = format!("\"{}", "#".repeat(marks));
        let inside = quoted[1..].find(&end).expect("the end of a string");
        return prefix.len() + 1 + inside + end.len();
    }
    let mut letters = text.chars();
    let is_literal = match (letters.next(), letters.next(), letters.next()) {
        (Some('"'), ..) | (Some('\''), Some('\\'), _) | (Some('\''), _, Some('\'')) => true,
        // Else a quote begins the name of a lifetime.
        _ => false,
    };
    if !is_literal {
        return 0;
    }
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if text.starts_with(letter) => return at + 1,
            _ => {}
        }
    }
    panic!("the end of a literal: {text}")
}

#[test]
fn code_is_told_from_comments_and_literals() {
    for (text, code) in [
        ("x = \"https://x\"; unsafe {}", "x = ; unsafe {}"),
        (r#"x = "\"//"; y // z"#, "x = ; y "),
        (r#"x(r"\", b'"', '\'', "'") // y"#, "x(, b, , ) "),
        ("x(br##\"\"# // \"##) /* y /* z */ */ z", "x()  z"),
        (
            "for\"x\" <'a>(y: &'a u8, r#mod: char) -> 'a // '",
            "for <'a>(y: &'a u8, r#mod: char) -> 'a ",
        ),
        ("x /* y\nz */ \"a\nb\"", "x \n \n"),
    ] {
        assert_eq!(without_comments_and_literals(text), code);
    }
}
