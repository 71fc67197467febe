//! Tables as text whose cells have a spreadsheet start a program.

use wire::Finding;

use crate::bytes::{find_ascii, holds};
use crate::names::Name;
use crate::notice;
use crate::text::decoded;

/// Programs that formulas of attacks name before the `|` of a DDE link.
const SERVERS: [&[u8]; 7] = [
    b"cmd|",
    b"msexcel|",
    b"powershell|",
    b"mshta|",
    b"rundll32|",
    b"regsvr32|",
    b"wscript|",
];

/// What a table as text gives away.
pub(crate) fn judge(name: &Name, content: &[u8]) -> Option<Finding> {
    if !matches!(name.ending(), "slk" | "iqy" | "csv" | "tsv" | "dif" | "prn") {
        return None;
    }
    let text = decoded(content);
    let text = text.as_bytes();
    let asks = SERVERS.iter().any(|server| is_formula(text, server)) || is_formula(text, b"dde(");
    // Old macros in a symbolic link file, which run without a sheet that is marked as one.
    let macros = name.ending() == "slk"
        && (holds(text, b"eexec(") || holds(text, b"ecall(") || holds(text, b"eregister("));
    if asks || macros {
        let detail = "a cell has the spreadsheet start another program";
        return Some(notice("dde_formula", detail));
    }
    let query = name.ending() == "iqy" && holds(text, b"http");
    query.then(|| {
        notice(
            "runs_from_network",
            "the spreadsheet fetches cells from the network",
        )
    })
}

/// Whether `word` stands where a formula has it: behind its sign, a quote or blanks.
fn is_formula(text: &[u8], word: &[u8]) -> bool {
    let mut rest = text;
    let mut last = None;
    while let Some(at) = find_ascii(rest, word) {
        let before = at
            .checked_sub(1)
            .and_then(|before| rest.get(before))
            .copied()
            .or(last);
        if before.is_some_and(|letter| b"=+-@(' \tE,".contains(&letter)) {
            return true;
        }
        let end = at.saturating_add(word.len());
        last = end.checked_sub(1).and_then(|end| rest.get(end)).copied();
        rest = rest.get(end..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use crate::inspect;
    use crate::testing::rules;

    #[test]
    fn cells_that_start_a_program_are_noticed() {
        for (name, text, expected) in [
            ("a.csv", "x,=cmd|' /C calc'!A0", "dde_formula"),
            ("a.CSV", "x\r\n+MSEXCEL|'\\..\\x'!A", "dde_formula"),
            ("a.csv", "@SUM(1)*cmd|' /C'!A,-cmd|'x'!A", "dde_formula"),
            ("a.csv", "=DDE(\"cmd\",\"/C calc\",\"x\")", "dde_formula"),
            ("a.slk", "ID;P\r\nC;X1;Y1;K0;ECMD|'/c x'!A", "dde_formula"),
            ("a.slk", "C;X1;Y1;K0;EEXEC(\"x\")", "dde_formula"),
            (
                "a.iqy",
                "WEB\r\n1\r\nhttp://a.example/b",
                "runs_from_network",
            ),
        ] {
            assert_eq!(
                rules(&inspect(name.as_bytes(), text.as_bytes())),
                [(expected, false)],
                "{text}"
            );
        }
        for (name, text) in [
            ("a.csv", "name|cmd|x\r\n1,2"),
            ("a.csv", "cmd|x"),
            ("a.txt", "=cmd|' /C calc'!A0"),
            ("a.csv", "Buddel(1)"),
            ("a.slk", "ID;P\r\nC;X1;Y1;K5"),
        ] {
            assert_eq!(inspect(name.as_bytes(), text.as_bytes()), [], "{text}");
        }
    }
}
