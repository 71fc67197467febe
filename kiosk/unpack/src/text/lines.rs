//! Lines of a text that may end in any of the usual ways.

/// One line: where it begins, where its break begins, and where the next line begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) begin: usize,
    pub(crate) end: usize,
    pub(crate) next: usize,
}

impl Line {
    /// The line that begins at `begin`, which ends with LF, CR LF, CR or the content. None past
    /// the end.
    pub(crate) fn at(content: &[u8], begin: usize) -> Option<Self> {
        let rest = content.get(begin..).filter(|rest| !rest.is_empty())?;
        let length = rest
            .iter()
            .position(|byte| matches!(byte, b'\n' | b'\r'))
            .unwrap_or(rest.len());
        let end = begin.checked_add(length)?;
        let breaks = match (content.get(end), content.get(end.saturating_add(1))) {
            (Some(b'\r'), Some(b'\n')) => 2,
            (Some(_), _) => 1,
            (None, _) => 0,
        };
        Some(Self {
            begin,
            end,
            next: end.checked_add(breaks)?,
        })
    }

    /// Its text without the break.
    pub(crate) fn text(self, content: &[u8]) -> &[u8] {
        content.get(self.begin..self.end).unwrap_or_default()
    }
}

/// The lines of `content` from `begin` on.
pub(crate) fn lines(content: &[u8], begin: usize) -> impl Iterator<Item = Line> {
    std::iter::successors(Line::at(content, begin), |line| {
        Line::at(content, line.next)
    })
}

/// Where the text begins behind a byte order mark and blank lines.
pub(crate) fn text_begin(content: &[u8]) -> usize {
    let mark = if content.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let rest = content.get(mark..).unwrap_or_default();
    let blank = rest
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace())
        .count();
    mark.saturating_add(blank)
}

/// Whether `text` begins with `wanted`, letters of either case taken for the same.
pub(crate) fn starts(text: &[u8], wanted: &[u8]) -> bool {
    text.get(..wanted.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(wanted))
}

/// The first place of `wanted` in `text`, letters of either case taken for the same.
pub(crate) fn place(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len().max(1))
        .position(|window| window.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_break_ends_a_line() {
        let content = b"a\nb\r\nc\rd\n\ne";
        let texts: Vec<_> = lines(content, 0).map(|line| line.text(content)).collect();
        let wanted: [&[u8]; 6] = [b"a", b"b", b"c", b"d", b"", b"e"];
        assert_eq!(texts, wanted);
        assert_eq!(Line::at(content, content.len()), None);
        assert_eq!(text_begin(b"\xef\xbb\xbf\r\n x"), 6);
        assert_eq!(place(b"xAbC", b"aBc"), Some(1));
    }
}
