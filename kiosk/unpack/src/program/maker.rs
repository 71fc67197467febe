//! A small linker for the tests: programs for Windows with sections, resources and an overlay.

#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

/// A program that is put together.
#[derive(Default)]
pub(crate) struct Maker {
    sections: Vec<(String, bool, Vec<u8>)>,
    resources: Vec<(Name, Name, Vec<u8>)>,
    is_wide: bool,
    certificate: Vec<u8>,
}

/// The name of a resource or of its kind.
#[derive(Clone)]
pub(crate) enum Name {
    Number(u32),
    Letters(&'static str),
}

const HEAD: usize = 1024;
const RESOURCES: u32 = 0x0400_0000;

pub(crate) fn number(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap().to_le_bytes()
}

fn short(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap().to_le_bytes()
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

impl Maker {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn wide(mut self) -> Self {
        self.is_wide = true;
        self
    }

    pub(crate) fn section(mut self, name: &str, runs: bool, data: &[u8]) -> Self {
        self.sections.push((name.to_owned(), runs, data.to_vec()));
        self
    }

    pub(crate) fn resource(mut self, kind: Name, name: Name, data: &[u8]) -> Self {
        self.resources.push((kind, name, data.to_vec()));
        self
    }

    pub(crate) fn signed(mut self, certificate: &[u8]) -> Self {
        self.certificate = certificate.to_vec();
        self
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        let mut sections = self.sections;
        let has_resources = !self.resources.is_empty();
        if has_resources {
            sections.push((".rsrc".to_owned(), false, tree(&self.resources)));
        }
        let mut out = vec![0; HEAD];
        put(&mut out, 0, b"MZ\x90\0");
        put(&mut out, 0x3c, &number(0x80));
        put(&mut out, 0x80, b"PE\0\0");
        let optional = if self.is_wide { 0xf0 } else { 0xe0 };
        put(
            &mut out,
            0x84,
            &short(if self.is_wide { 0x8664 } else { 0x14c }),
        );
        put(&mut out, 0x86, &short(sections.len()));
        put(&mut out, 0x94, &short(optional));
        let at = 0x98;
        put(
            &mut out,
            at,
            &short(if self.is_wide { 0x20b } else { 0x10b }),
        );
        put(&mut out, at + 32, &number(4096));
        put(&mut out, at + 60, &number(HEAD));
        let counted = at + if self.is_wide { 108 } else { 92 };
        put(&mut out, counted, &number(16));
        let table = at + optional;
        for (index, (name, runs, data)) in sections.iter().enumerate() {
            let header = table + index * 40;
            if out.len() < header + 40 {
                break;
            }
            let is_tree = has_resources && index + 1 == sections.len();
            let address = if is_tree {
                usize::try_from(RESOURCES).unwrap()
            } else {
                0x1000 + index * 0x1000
            };
            put(&mut out, header, name.as_bytes());
            put(&mut out, header + 8, &number(data.len()));
            put(&mut out, header + 12, &number(address));
            let raw = data.len().next_multiple_of(512);
            put(&mut out, header + 16, &number(raw));
            let place = out.len();
            put(&mut out, header + 20, &number(place));
            put(
                &mut out,
                header + 36,
                &number(if *runs { 0x6000_0020 } else { 0x4000_0040 }),
            );
            if is_tree {
                put(&mut out, counted + 4 + 16, &RESOURCES.to_le_bytes());
                put(&mut out, counted + 4 + 20, &number(data.len()));
            }
            out.extend_from_slice(data);
            out.resize(place + raw, 0);
        }
        if !self.certificate.is_empty() {
            let place = out.len();
            put(&mut out, counted + 4 + 32, &number(place));
            put(&mut out, counted + 4 + 36, &number(self.certificate.len()));
            out.extend_from_slice(&self.certificate);
        }
        out
    }
}

/// A tree with one kind, name and language for each resource, without order.
fn tree(resources: &[(Name, Name, Vec<u8>)]) -> Vec<u8> {
    const HIGH: u32 = 0x8000_0000;
    let count = resources.len();
    let directories = 16 + 8 * count;
    // Behind the root: two directories of one entry and a leaf for each.
    let each = 24 + 24 + 16;
    let mut out = vec![0; directories + each * count];
    put(&mut out, 14, &short(count));
    for (index, (kind, name, data)) in resources.iter().enumerate() {
        let names = directories + each * index;
        let kind = spelled(&mut out, kind);
        put(&mut out, 16 + 8 * index, &kind.to_le_bytes());
        let to = u32::try_from(names).unwrap() | HIGH;
        put(&mut out, 20 + 8 * index, &to.to_le_bytes());
        put(&mut out, names + 14, &short(1));
        let name = spelled(&mut out, name);
        put(&mut out, names + 16, &name.to_le_bytes());
        let to = u32::try_from(names + 24).unwrap() | HIGH;
        put(&mut out, names + 20, &to.to_le_bytes());
        put(&mut out, names + 24 + 14, &short(1));
        put(&mut out, names + 24 + 16, &number(1041));
        put(&mut out, names + 24 + 20, &number(names + 48));
        out.resize(out.len().next_multiple_of(8), 0);
        let address = RESOURCES + u32::try_from(out.len()).unwrap();
        put(&mut out, names + 48, &address.to_le_bytes());
        put(&mut out, names + 52, &number(data.len()));
        out.extend_from_slice(data);
    }
    out
}

/// The number that stands for a name; its letters are put behind everything.
fn spelled(out: &mut Vec<u8>, name: &Name) -> u32 {
    match name {
        Name::Number(number) => *number,
        Name::Letters(letters) => {
            let at = u32::try_from(out.len()).unwrap();
            let units: Vec<u16> = letters.encode_utf16().collect();
            out.extend_from_slice(&short(units.len()));
            out.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
            at | 0x8000_0000
        }
    }
}
