//! A file of rules in pieces, so that one of them can be left out.
//!
//! It reads as much as it takes to know where a rule ends: comments, texts, expressions and
//! braces. What is in a rule is the engine's to judge.

use std::ops::Range;

/// What a piece is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `import "module"`.
    Import(String),
    /// `include "file"`.
    Include,
    /// A rule.
    Rule(Head),
    /// Anything else: what no reader of rules knows what to do with.
    Stray,
}

/// What can be said of a rule from its form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) name: String,
    pub(super) private: bool,
    pub(super) global: bool,
    /// Names in its condition, each once, that are no field and no pattern.
    pub(super) asks: Vec<String>,
}

/// One piece of a file. Between pieces there are blanks and comments only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) kind: Kind,
    /// Its bytes.
    pub(super) range: Range<usize>,
    /// The line where it begins, from 1.
    pub(super) line: u64,
}

impl Piece {
    /// Its name, when it is a rule.
    pub(super) fn rule(&self) -> Option<&str> {
        match &self.kind {
            Kind::Rule(head) => Some(&head.name),
            Kind::Import(_) | Kind::Include | Kind::Stray => None,
        }
    }
}

/// The pieces of `text`, in its order.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut lexer = Lexer { text, at: 0 };
    let mut pieces: Vec<Piece> = Vec::new();
    let (mut line, mut counted) = (1_u64, 0);
    while let Some((token, range)) = lexer.next() {
        let word = lexer.word(token, &range);
        let (kind, end) = match word {
            "import" | "include" => lexer.named(word, &range),
            "rule" | "private" | "global" => lexer.rule(word, &range),
            _ => (Kind::Stray, range.end),
        };
        lexer.at = end.max(range.end);
        line = line.saturating_add(newlines(text, counted..range.start));
        counted = range.start;
        match pieces.last_mut() {
            Some(last) if kind == Kind::Stray && last.kind == Kind::Stray => last.range.end = end,
            Some(_) | None => pieces.push(Piece {
                kind,
                range: range.start..end,
                line,
            }),
        }
    }
    pieces
}

/// Lines that end in this part of `text`.
pub(super) fn newlines(text: &str, range: Range<usize>) -> u64 {
    let bytes = text.as_bytes().get(range).unwrap_or_default();
    let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
    u64::try_from(ends).unwrap_or(u64::MAX)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Word,
    Text,
    Expression,
    Byte(u8),
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    /// The next token and its bytes. Blanks and comments are none.
    fn next(&mut self) -> Option<(Token, Range<usize>)> {
        loop {
            let rest = self.rest();
            let first = *rest.first()?;
            if first.is_ascii_whitespace() {
                self.skip(1);
            } else if rest.starts_with(b"//") {
                self.skip(until(rest, b"\n", 0));
            } else if rest.starts_with(b"/*") && until(rest, b"*/", 2) < rest.len() {
                self.skip(until(rest, b"*/", 2).saturating_add(2));
            } else {
                break;
            }
        }
        let begin = self.at;
        let rest = self.rest();
        let first = *rest.first()?;
        let token = if is_letter(first) {
            self.skip(rest.iter().take_while(|byte| is_letter(**byte)).count());
            Token::Word
        } else if rest.starts_with(b"\"\"\"") {
            self.skip(until(rest, b"\"\"\"", 3).saturating_add(3));
            Token::Text
        } else if first == b'"' {
            self.skip(quoted(rest, b'"'));
            Token::Text
        } else if first == b'/' {
            self.skip(quoted(rest, b'/'));
            Token::Expression
        } else {
            self.skip(1);
            Token::Byte(first)
        };
        Some((token, begin..self.at))
    }

    fn rest(&self) -> &'t [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.text.len());
    }

    fn word(&self, token: Token, range: &Range<usize>) -> &'t str {
        match token {
            Token::Word => self.text.get(range.clone()).unwrap_or_default(),
            Token::Text | Token::Expression | Token::Byte(_) => "",
        }
    }

    /// `import "x"` or `include "x"`, and where it ends.
    fn named(&mut self, word: &str, begin: &Range<usize>) -> (Kind, usize) {
        match self.next() {
            Some((Token::Text, text)) if word == "include" => (Kind::Include, text.end),
            Some((Token::Text, text)) => {
                let name = self.text.get(text.clone()).unwrap_or_default();
                (Kind::Import(name.trim_matches('"').to_owned()), text.end)
            }
            Some(_) | None => (Kind::Stray, begin.end),
        }
    }

    /// A rule whose first word was just read, and where it ends.
    fn rule(&mut self, first: &str, begin: &Range<usize>) -> (Kind, usize) {
        let mut head = Head::default();
        let mut word = first;
        while word != "rule" {
            head.private |= word == "private";
            head.global |= word == "global";
            word = match self.next() {
                Some((token, range)) => self.word(token, &range),
                None => "",
            };
            if !matches!(word, "rule" | "private" | "global") {
                return (Kind::Stray, begin.end);
            }
        }
        match self.next() {
            Some((Token::Word, name)) => {
                self.text
                    .get(name)
                    .unwrap_or_default()
                    .clone_into(&mut head.name);
            }
            Some(_) | None => return (Kind::Stray, begin.end),
        }
        let end = self.body(&mut head);
        // Braces that do not close: it ends where, by the look of the lines, the next one begins.
        let end = end.unwrap_or_else(|| self.next_head(begin.end));
        (Kind::Rule(head), end)
    }

    /// Reads a rule to its last brace; `None` when there is none.
    fn body(&mut self, head: &mut Head) -> Option<usize> {
        let mut depth = 0_usize;
        let mut in_condition = false;
        let mut before = Token::Byte(b' ');
        while let Some((token, range)) = self.next() {
            let word = self.word(token, &range);
            match token {
                Token::Byte(b'{') => depth = depth.saturating_add(1),
                Token::Byte(b'}') => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Some(range.end);
                    }
                }
                Token::Word if word == "condition" && depth == 1 => in_condition = true,
                Token::Word if in_condition => {
                    let is_part = matches!(before, Token::Byte(b'.' | b'$' | b'#' | b'@' | b'!'));
                    let is_number = word.starts_with(|first: char| first.is_ascii_digit());
                    if !is_part && !is_number && !head.asks.iter().any(|asked| asked == word) {
                        head.asks.push(word.to_owned());
                    }
                }
                Token::Word | Token::Text | Token::Expression | Token::Byte(_) => {}
            }
            before = token;
        }
        None
    }

    /// Where the first line after `from` begins that looks like an item's; else the end.
    fn next_head(&self, from: usize) -> usize {
        let mut at = from;
        for line in self
            .text
            .get(from..)
            .unwrap_or_default()
            .split_inclusive('\n')
        {
            let is_first = at == from;
            let mut words = line.split_ascii_whitespace();
            let word = words.find(|word| !matches!(*word, "private" | "global"));
            if !is_first && matches!(word, Some("rule" | "import" | "include")) {
                return at;
            }
            at = at.saturating_add(line.len());
        }
        self.text.len()
    }
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Where `end` is in `bytes`, from `from` on; their length when it is nowhere.
fn until(bytes: &[u8], end: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let found = rest.windows(end.len()).position(|window| window == end);
    found.map_or(bytes.len(), |found| found.saturating_add(from))
}

/// Length of what begins with `mark` and ends with the next one in its line; 1 when none does.
fn quoted(bytes: &[u8], mark: u8) -> usize {
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\n' => break,
            b'\\' => at = at.saturating_add(2),
            byte if *byte == mark => return at.saturating_add(1),
            _ => at = at.saturating_add(1),
        }
    }
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&'static str> {
        let pieces = pieces(text);
        let name = |piece: &Piece| match &piece.kind {
            Kind::Import(name) => format!("import {name}"),
            Kind::Include => "include".to_owned(),
            Kind::Rule(head) => head.name.clone(),
            Kind::Stray => format!("stray {}", &text[piece.range.clone()]),
        };
        pieces.iter().map(|piece| &*name(piece).leak()).collect()
    }

    #[test]
    fn braces_in_texts_expressions_and_comments_end_no_rule() {
        let text = r#"
            import "pe" include "x.yar" // rule no { }
            /* rule no { } */
            private rule a : t { strings: $a = "}\"}" $b = /[}]\/}/i $c = { 4D /* } */ [2] 5A }
              condition: $a or $b }
            global rule b { condition: 4 \ 2 == 2 } rule c { condition: b }"#;
        assert_eq!(names(text), ["import pe", "include", "a", "b", "c"]);
        let pieces = pieces(text);
        let heads: Vec<_> = pieces.iter().map(|piece| &piece.kind).collect();
        assert!(matches!(heads[2], Kind::Rule(head) if head.private && !head.global));
        assert!(matches!(heads[3], Kind::Rule(head) if head.global && !head.private));
        let lines: Vec<_> = pieces.iter().map(|piece| piece.line).collect();
        assert_eq!(lines, [2, 2, 4, 6, 6]);
    }

    #[test]
    fn a_rule_that_does_not_close_ends_where_the_next_begins() {
        let text = "rule a {\n condition: true\n\nprivate rule b { condition: true }\nrule c {\n \
                    strings: $a = \"open\n condition: $a }\nrule d { condition: { }\n";
        assert_eq!(names(text), ["a", "b", "c", "d"]);
    }

    #[test]
    fn what_is_no_rule_is_kept_apart() {
        assert_eq!(
            names("rulez x { }\nrule a { condition: true }\n}\nrule 7"),
            ["stray rulez x { }", "a", "stray }", "7"]
        );
        assert_eq!(
            names("private import \"pe\""),
            ["stray private", "import pe"]
        );
        assert_eq!(
            names("/* never closed rule a { }"),
            ["stray /* never closed", "a"]
        );
    }

    #[test]
    fn a_condition_asks_for_names_and_not_for_fields_or_patterns() {
        let text = "rule a { meta: owner = \"x\" strings: $filename = \"x\" \
                    condition: b and pe.owner == 1 and $filename and filetype == \"owner\" and b }";
        let Kind::Rule(head) = pieces(text).remove(0).kind else {
            panic!("no rule")
        };
        assert_eq!(head.asks, ["b", "and", "pe", "filetype"]);
    }

    #[test]
    fn every_byte_is_in_a_piece_or_between_two() {
        let noise = [
            "rule a {", "}", "\"", "/", "/*", "*/", "//", "\n", "import", "\\", "é", " x ",
        ];
        for seed in 0..4000_usize {
            let parts = (0..seed % 9).map(|at| noise[(seed / 7 + at * at * 5 + seed * at) % 12]);
            let text: String = parts.collect();
            let mut at = 0;
            for piece in pieces(&text) {
                assert!(at <= piece.range.start && piece.range.start < piece.range.end);
                assert!(text.get(piece.range.clone()).is_some(), "{text:?}");
                at = piece.range.end;
            }
            assert!(at <= text.len());
        }
    }
}
