//! Rust source as text: what is code, what is comment, what is test.

/// The same text with comments, strings and characters blanked out, line for line, so that
/// a word that is left is a word of the program.
pub(crate) fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => comment_length(rest),
            '"' => string_length(rest),
            '\'' => character_length(rest),
            'r' | 'b' | 'c' if !is_word(before) => raw_string_length(rest),
            _ => 0,
        };
        let (gone, kept) = rest.split_at(length);
        if length == 0 {
            out.push(first);
            before = first;
            rest = kept.get(first.len_utf8()..).unwrap();
        } else {
            out.extend(
                gone.chars()
                    .map(|lost| if lost == '\n' { '\n' } else { ' ' }),
            );
            before = ' ';
            rest = kept;
        }
    }
    out
}

/// Whether `word` stands in `code` as a word of its own.
pub(crate) fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(start, _)| {
        let end = start.saturating_add(word.len());
        let before = code.get(..start).unwrap().chars().next_back();
        let after = code.get(end..).unwrap().chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// Files that are only compiled for tests: what a `#[cfg(test)] mod name;` names.
pub(crate) fn test_modules(path: &str, text: &str) -> Vec<String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.trim_end_matches(".rs");
    let own = match stem {
        "lib" | "main" | "mod" => folder.to_owned(),
        _ => format!("{folder}/{stem}"),
    };
    let mut modules = Vec::new();
    let mut is_test = false;
    let mut given = None;
    for line in text.lines().map(str::trim) {
        if line == "#[cfg(test)]" {
            is_test = true;
        } else if let Some(rest) = line.strip_prefix("#[path = \"") {
            given = rest
                .split('"')
                .next()
                .map(|path| format!("{folder}/{path}"));
        } else if !line.starts_with("#[") {
            let module = line
                .strip_prefix("mod ")
                .and_then(|rest| rest.strip_suffix(';'));
            if let (true, Some(module)) = (is_test, module) {
                match given {
                    Some(path) => modules.push(path),
                    None => {
                        modules.push(format!("{own}/{module}.rs"));
                        modules.push(format!("{own}/{module}/mod.rs"));
                    }
                }
            }
            is_test = false;
            given = None;
        }
    }
    modules
}

/// The part of a file before its `#[cfg(test)] mod`, and the part from there.
pub(crate) fn split_tests(text: &str) -> (&str, &str) {
    let start = text
        .match_indices("#[cfg(test)]")
        .find(|(start, marker)| {
            let after = text.get(start.saturating_add(marker.len())..).unwrap();
            let mut lines = after.lines().map(str::trim).filter(|line| !line.is_empty());
            lines
                .find(|line| !line.starts_with("#["))
                .is_some_and(|line| line.starts_with("mod "))
        })
        .map_or(text.len(), |(start, _)| start);
    text.split_at(start)
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn comment_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0_usize;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let step = if rest.starts_with("/*") {
            depth = depth.saturating_add(1);
            2
        } else if rest.starts_with("*/") {
            depth = depth.saturating_sub(1);
            2
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
        at = at.saturating_add(step);
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at.saturating_add(1),
            _ => {}
        }
    }
    text.len()
}

/// `'x'` and `'\n'` are characters, `'x` is a lifetime.
fn character_length(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    match (characters.next(), characters.next()) {
        (Some((_, '\\')), _) => {
            // The character after the backslash may be the quote itself.
            text.get(3..)
                .and_then(|rest| rest.find('\''))
                .map_or(0, |end| end.saturating_add(4))
        }
        (Some(_), Some((end, '\''))) => end.saturating_add(1),
        (_, _) => 0,
    }
}

/// `r"x"`, `r#"x"#`, `br"x"`, `b"x"`, `c"x"`; 0 for everything else that begins so.
fn raw_string_length(text: &str) -> usize {
    let letters = text
        .chars()
        .take_while(|letter| matches!(letter, 'b' | 'c' | 'r'))
        .count();
    let (prefix, rest) = text.split_at(letters);
    let hashes = rest.chars().take_while(|&hash| hash == '#').count();
    let body = rest.get(hashes..).unwrap();
    if !body.starts_with('"') || 2 < letters {
        return 0;
    }
    let length = if prefix.contains('r') {
        let end = format!("\"{}", "#".repeat(hashes));
        let inner = body.get(1..).unwrap();
        inner.find(&end).map_or(body.len(), |at| {
            at.saturating_add(1).saturating_add(end.len())
        })
    } else if hashes == 0 {
        string_length(body)
    } else {
        return 0;
    };
    letters.saturating_add(hashes).saturating_add(length)
}

#[test]
fn comments_strings_and_characters_are_no_code() {
    for (text, left) in [
        ("a // unsafe\nb", "a          \nb"),
        ("a /* x /* y */ z */ b", "a                   b"),
        (r#"f("un\"safe", g)"#, r"f(          , g)"),
        ("f(r#\"a\"b\"#, g)", "f(        , g)"),
        ("f(b\"x\", br\"y\")", "f(    ,      )"),
        ("'a' '\\'' '\\u{41}' &'a str", "                  &'a str"),
        ("bar(r, b, 'x')", "bar(r, b,    )"),
    ] {
        assert_eq!(code(text), left, "{text}");
    }
}

#[test]
fn a_word_is_found_only_whole() {
    assert!(has_word("x = LIMIT_MAX;", "LIMIT_MAX"));
    assert!(!has_word("x = BIG_LIMIT_MAX + LIMIT_MAXIMUM;", "LIMIT_MAX"));
}

#[test]
fn tests_begin_at_their_module_and_not_at_a_helper() {
    let (code, tests) =
        split_tests("a\n#[cfg(test)]\nfn b() {}\n#[cfg(test)]\n#[path = \"x\"]\nmod t;\n");
    assert!(code.ends_with("fn b() {}\n"), "{code}");
    assert!(tests.starts_with("#[cfg(test)]\n#[path"), "{tests}");
    assert_eq!(split_tests("a").1, "");
}

#[test]
fn the_files_of_test_modules_are_found() {
    let text = "mod a;\n#[cfg(test)]\nmod b;\n#[cfg(test)]\n#[path = \"d_tests.rs\"]\nmod tests;\nmod e;\n";
    let found = |path: &str| test_modules(path, text);
    assert_eq!(
        found("k/src/lib.rs"),
        ["k/src/b.rs", "k/src/b/mod.rs", "k/src/d_tests.rs"]
    );
    assert_eq!(
        found("k/src/c.rs"),
        ["k/src/c/b.rs", "k/src/c/b/mod.rs", "k/src/d_tests.rs"]
    );
}
