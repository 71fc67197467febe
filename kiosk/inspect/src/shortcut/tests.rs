use super::items::{ITEMS_MAX, PANEL_FOLDER, TEXTS_BYTES_MAX};
use super::parse::BLOCKS_MAX;
use super::*;
use crate::inspect;
use crate::testing::{noise, rules};

const COMPUTER: &[u8] = b"\x1F\x50\xE0\x4F\xD0\x20\xEA\x3A\x69\x10\xA2\xD8\x08\x00\x2B\x30\x30\x9D";
const PANEL: &[u8] = b"\x2E\x1E\x20\x20\xEC\x21\xEA\x3A\x69\x10\xA2\xDD\x08\x00\x2B\x30\x30\x9D";

/// The parts of a shortcut that a test wants in it.
#[derive(Default)]
struct Made<'a> {
    items: Vec<Vec<u8>>,
    info: &'a str,
    texts: [Option<&'a str>; 5],
    narrow: bool,
    icon: i32,
    show: u32,
    blocks: Vec<(u32, Vec<u8>)>,
    behind: usize,
}

impl Made<'_> {
    fn bytes(&self) -> Vec<u8> {
        let mut flags = if self.narrow { 0_u32 } else { 0x80 };
        let mut body = Vec::new();
        if !self.items.is_empty() {
            flags |= 1;
            let mut list = Vec::new();
            for item in &self.items {
                list.extend(
                    u16::try_from(item.len().saturating_add(2))
                        .unwrap()
                        .to_le_bytes(),
                );
                list.extend(item);
            }
            list.extend([0, 0]);
            body.extend(u16::try_from(list.len()).unwrap().to_le_bytes());
            body.extend(list);
        }
        if !self.info.is_empty() {
            flags |= 2;
            let length = u32::try_from(self.info.len().saturating_add(29)).unwrap();
            body.extend(length.to_le_bytes());
            body.extend([0; 24]);
            body.extend(self.info.bytes());
            body.push(0);
        }
        for (text, flag) in self.texts.iter().zip([4, 8, 0x10, 0x20, 0x40]) {
            let Some(text) = text else { continue };
            flags |= flag;
            if self.narrow {
                body.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
                body.extend(text.bytes());
            } else {
                body.extend(
                    u16::try_from(text.encode_utf16().count())
                        .unwrap()
                        .to_le_bytes(),
                );
                body.extend(wide(text));
            }
        }
        for (mark, block) in &self.blocks {
            body.extend(
                u32::try_from(block.len().saturating_add(8))
                    .unwrap()
                    .to_le_bytes(),
            );
            body.extend(mark.to_le_bytes());
            body.extend(block);
        }
        body.extend([0; 4]);
        body.resize(body.len().saturating_add(self.behind), b'x');
        let mut bytes = b"\x4C\0\0\0\x01\x14\x02\0\0\0\0\0\xC0\0\0\0\0\0\0\x46".to_vec();
        bytes.extend(flags.to_le_bytes());
        bytes.extend([0; 32]);
        bytes.extend(self.icon.to_le_bytes());
        bytes.extend(self.show.to_le_bytes());
        bytes.extend([0; 12]);
        bytes.extend(body);
        bytes
    }

    fn said(&self) -> Vec<(String, bool)> {
        let found = inspect(b"a.lnk", &self.bytes());
        rules(&found)
            .into_iter()
            .map(|(rule, blocks)| (rule.to_owned(), blocks))
            .collect()
    }
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// An item of a file: its sort, size, time, attributes, and name.
fn file(name: &str) -> Vec<u8> {
    let mut item = b"\x32\0\0\0\0\0\0\0\0\0\x20\0".to_vec();
    item.extend(name.bytes());
    item.extend([0, 0]);
    item
}

/// A page of the control panel: the library's path and two texts.
fn page(path: &str) -> Vec<u8> {
    let mut item = vec![0; 22];
    item.extend(wide(path));
    item.extend([0; 6]);
    item
}

fn of(rule: &str, blocks: bool) -> (String, bool) {
    (rule.to_owned(), blocks)
}

#[test]
fn a_shortcut_to_a_program_says_nothing() {
    let made = Made {
        items: vec![COMPUTER.to_vec(), file("Vendor"), file("tool.exe")],
        info: r"C:\Vendor\tool.exe",
        texts: [
            Some("Tool"),
            Some(r".\tool.exe"),
            Some(r"C:\Vendor"),
            Some("/x"),
            Some("%SystemRoot%\\shell32.dll"),
        ],
        icon: 3,
        ..Made::default()
    };
    assert_eq!(made.said(), []);
    assert_eq!(Made::default().said(), []);
}

#[test]
fn an_interpreter_is_found_wherever_the_target_stands() {
    let target = r"C:\Windows\System32\cmd.exe";
    let mut long = vec![0; 5];
    long.extend(wide(target));
    for made in [
        Made {
            items: vec![COMPUTER.to_vec(), file("CMD.EXE")],
            ..Made::default()
        },
        Made {
            info: target,
            ..Made::default()
        },
        Made {
            texts: [None, Some(r"..\Windows\cmd.exe"), None, None, None],
            ..Made::default()
        },
        Made {
            texts: [None, Some("cmd.exe"), None, None, None],
            narrow: true,
            ..Made::default()
        },
        Made {
            blocks: vec![(0xA000_0001, long.clone())],
            ..Made::default()
        },
        Made {
            items: vec![long],
            ..Made::default()
        },
    ] {
        assert_eq!(made.said(), [of("shortcut_runs_interpreter", false)]);
    }
}

#[test]
fn the_beginning_of_each_part_is_searched() {
    for (distance, expected) in [(TEXTS_BYTES_MAX - 8, 1), (TEXTS_BYTES_MAX, 0)] {
        let mut body = vec![0; distance];
        body.extend(b"cmd.exe\0");
        let made = Made {
            blocks: vec![(0xA000_0001, body)],
            ..Made::default()
        };
        assert_eq!(made.said().len(), expected, "{distance}");
    }
}

#[test]
fn a_hostile_command_blocks() {
    let arguments = "/c start x.vbs&start explorer docs&exit";
    let mut made = Made {
        info: r"C:\Windows\cmd.exe",
        texts: [None, None, None, Some(arguments), None],
        show: 7,
        ..Made::default()
    };
    let both = [
        of("shortcut_runs_command", true),
        of("shortcut_runs_interpreter", false),
    ];
    assert_eq!(made.said(), both);
    made.narrow = true;
    assert_eq!(made.said(), both);
    let found = inspect(b"anything", &made.bytes());
    assert!(
        found[1]
            .detail
            .ends_with("cmd, with a script or program beside it, in a minimised window")
    );
    // The same words are harmless to a program that is no interpreter.
    made.info = r"C:\Vendor\tool.exe";
    assert_eq!(made.said(), []);
}

#[test]
fn a_library_of_the_medium_as_a_page_of_the_control_panel_blocks() {
    for (path, blocks) in [
        (r"E:\~wtr4141.tmp", true),
        (r"\\.\STORAGE#Volume#x\~wtr4141.tmp", true),
        (r"\\server\share\a.cpl", true),
        (r"%TEMP%\a.dll", true),
        (r"C:\Windows\..\a.dll", true),
        (r"C:\WINDOWS\system32\main.cpl", false),
        (r"%SystemRoot%\system32\main.cpl", false),
        (r"C:\Program Files\Vendor\a.cpl", false),
    ] {
        let expected: Vec<_> = blocks
            .then(|| of("shortcut_panel_library", true))
            .into_iter()
            .collect();
        let direct = vec![COMPUTER.to_vec(), PANEL.to_vec(), page(path)];
        let says = |made: Made<'_>| {
            let mut said = made.said();
            said.retain(|(rule, _)| rule != "shortcut_remote");
            said
        };
        assert_eq!(
            says(Made {
                items: direct,
                ..Made::default()
            }),
            expected,
            "{path}"
        );
        for block in [
            (0xA000_000B, [&PANEL_FOLDER[..], &[0; 4]].concat()),
            (0xA000_0005, vec![3, 0, 0, 0, 0, 0, 0, 0]),
        ] {
            let items = vec![COMPUTER.to_vec(), page(path)];
            let made = Made {
                items,
                blocks: vec![block],
                ..Made::default()
            };
            assert_eq!(says(made), expected, "{path}");
        }
        let elsewhere = vec![COMPUTER.to_vec(), page(path)];
        assert_eq!(
            says(Made {
                items: elsewhere,
                ..Made::default()
            }),
            [],
            "{path}"
        );
    }
}

#[test]
fn blanks_before_arguments_block() {
    for (blank, count, blocks) in [
        (" ", PADDING_MIN, true),
        ("\n", PADDING_MIN, true),
        ("\u{A0}", PADDING_MIN, true),
        (" ", PADDING_MIN - 1, false),
    ] {
        let arguments = format!("a{}b", blank.repeat(count));
        let made = Made {
            texts: [None, None, None, Some(&arguments), None],
            ..Made::default()
        };
        let expected: Vec<_> = blocks
            .then(|| of("shortcut_argument_padded", true))
            .into_iter()
            .collect();
        assert_eq!(made.said(), expected, "{blank:?} {count}");
    }
    // Behind the arguments they hide nothing.
    let arguments = format!("a{}", " ".repeat(PADDING_MIN));
    assert_eq!(
        Made {
            texts: [None, None, None, Some(&arguments), None],
            ..Made::default()
        }
        .said(),
        []
    );
}

#[test]
fn icons_that_mislead_or_come_from_servers_are_noticed() {
    for (icon, number, rule) in [
        (
            r"%SystemRoot%\System32\SHELL32.dll",
            3,
            "shortcut_icon_misleads",
        ),
        (
            r"C:\Windows\System32\imageres.dll",
            -3,
            "shortcut_icon_misleads",
        ),
        (r".\report.pdf", 0, "shortcut_icon_misleads"),
        (r"C:\Office\WINWORD.EXE", 1, "shortcut_icon_misleads"),
        (r"\\192.0.2.1\a\b.ico", 0, "shortcut_remote_icon"),
    ] {
        let made = Made {
            info: r"C:\cmd.exe",
            texts: [None, None, None, None, Some(icon)],
            icon: number,
            ..Made::default()
        };
        assert_eq!(
            made.said(),
            [of("shortcut_runs_interpreter", false), of(rule, false)],
            "{icon}"
        );
    }
    let made = Made {
        blocks: vec![(0xA000_0007, b"\\\\server\\a.ico\0".to_vec())],
        ..Made::default()
    };
    assert_eq!(made.said(), [of("shortcut_remote_icon", false)]);
    let made = Made {
        info: r"\\server\share\tool.exe",
        ..Made::default()
    };
    assert_eq!(made.said(), [of("shortcut_remote", false)]);
}

#[test]
fn bytes_behind_the_end_are_noticed() {
    let behind = |behind| {
        Made {
            behind,
            ..Made::default()
        }
        .said()
    };
    assert_eq!(behind(BEHIND_BYTES_MIN), [of("shortcut_appended", false)]);
    assert_eq!(behind(BEHIND_BYTES_MIN - 1), []);
}

#[test]
fn what_contradicts_the_format_is_malformed() {
    let malformed = [of("shortcut_malformed", false)];
    let whole = Made {
        items: vec![file("a.exe")],
        info: r"C:\a.exe",
        texts: [Some("n"), Some("r"), Some("w"), Some("a"), Some("i")],
        blocks: vec![(0xA000_0001, vec![0; 8])],
        ..Made::default()
    }
    .bytes();
    // The end of the blocks, and the blocks, may be left out.
    let optional = [whole.len(), whole.len() - 4, whole.len() - 20];
    for length in 1..=whole.len() {
        let found = inspect(b"a.lnk", &whole[..length]);
        let found = rules(&found);
        assert_eq!(found.is_empty(), optional.contains(&length), "{length}");
        if !found.is_empty() {
            assert_eq!(found, [("shortcut_malformed", false)], "{length}");
        }
    }
    let many = vec![vec![0x1F]; ITEMS_MAX];
    assert_eq!(
        Made {
            items: many,
            ..Made::default()
        }
        .said(),
        malformed
    );
    let fewer = vec![vec![0x1F]; ITEMS_MAX - 1];
    assert_eq!(
        Made {
            items: fewer,
            ..Made::default()
        }
        .said(),
        []
    );
    let blocks = |count| {
        Made {
            blocks: vec![(1, vec![]); count],
            ..Made::default()
        }
        .said()
    };
    assert_eq!(blocks(BLOCKS_MAX), malformed);
    assert_eq!(blocks(BLOCKS_MAX - 1), []);
    assert_eq!(
        rules(&inspect(b"a.lnk", b"hello")),
        [("shortcut_malformed", false)]
    );
    assert_eq!(inspect(b"a.lnk", b""), []);
}

#[test]
fn damage_anywhere_is_survived_and_named_by_known_words() {
    let whole = Made {
        items: vec![COMPUTER.to_vec(), PANEL.to_vec(), page(r"E:\a.dll")],
        info: r"C:\Windows\cmd.exe",
        texts: [
            None,
            Some("x"),
            None,
            Some("/c start a.vbs & explorer b"),
            Some(r"\\s\i.ico"),
        ],
        blocks: vec![(0xA000_000C, vec![2, 0, 3])],
        ..Made::default()
    }
    .bytes();
    let mut seed = 7;
    for place in 20..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= noise(&mut seed, 1)[0] | 1;
        for finding in inspect(b"a.lnk", &damaged) {
            assert!(finding.rule.starts_with("shortcut"), "{finding:?}");
        }
    }
}
