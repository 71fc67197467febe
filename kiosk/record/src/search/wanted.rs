//! What a row must have to be found.

use wire::name::{hex, is_hidden, unhex};
use wire::{Digest, Row};

use crate::canonical;

/// What stands before the name of a rule.
const RULE_KEY: &[u8] = b"\"rule\":\"";

/// What stands before a row's hash. No string in a row can hold it: a quotation mark in a
/// string has a backslash before it.
const HASH_KEY: &[u8] = b"\"sha256\":\"";

/// What stands before a name that is no text, spelled in hexadecimal digits.
const HEX_KEY: &[u8] = b"{\"hex\":\"";

/// What stands before the containers around a member.
const WITHIN_KEY: &[u8] = b"\"within\":[\"";
const WITHIN_HEX_KEY: &[u8] = b"\"within\":[{";

/// What people see between the names of a container and of what is in it.
const BETWEEN: &[u8] = b" > ";

/// What one row must have, all of it; nothing that is not said is asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    sha256: Option<Digest>,
    name: Option<Name>,
    rule: Option<Rule>,
}

/// A part of a name.
#[derive(Clone, Debug)]
struct Name {
    /// As it was given and as the medium may have spelled it, in lower-case ASCII.
    parts: Vec<Vec<u8>>,
    /// The same as the ledger spells them in text. What only a hexadecimal name can hold has none.
    spelled: Vec<Vec<u8>>,
}

/// A rule by its whole name.
#[derive(Clone, Debug)]
struct Rule {
    name: String,
    spelled: Vec<u8>,
}

impl Wanted {
    /// A row with a content of this hash.
    #[must_use]
    pub fn with_sha256(mut self, sha256: Digest) -> Self {
        self.sha256 = Some(sha256);
        self
    }

    /// A row in whose path, or in the path of a container around it, this text stands; with
    /// ` > ` between them, in several of them one after the other. Letters of ASCII count as equal
    /// in both cases. Hidden characters and bytes that are no text may be
    /// spelled as they are shown: `⟨U+202E⟩`, `⟨FF⟩`.
    #[must_use]
    pub fn with_name(mut self, text: &str) -> Self {
        let mut parts = vec![text.as_bytes().to_ascii_lowercase()];
        let meant = unescaped(text).to_ascii_lowercase();
        if !parts.contains(&meant) {
            parts.push(meant);
        }
        let spelled = parts.iter().filter_map(|part| {
            let text = std::str::from_utf8(part).ok()?;
            let line = canonical::line(&text).ok()?;
            let inner = line.strip_prefix('"')?.strip_suffix('"')?;
            Some(inner.to_ascii_lowercase().into_bytes())
        });
        let spelled = spelled.collect();
        self.name = Some(Name { parts, spelled });
        self
    }

    /// A row in which this rule found something.
    #[must_use]
    pub fn with_rule(mut self, rule: &str) -> Self {
        let mut spelled = RULE_KEY.to_vec();
        // A name that cannot be spelled is asked of every row that has a finding.
        let line = canonical::line(&rule).unwrap_or_default();
        spelled.extend_from_slice(line.strip_prefix('"').unwrap_or_default().as_bytes());
        let name = rule.to_owned();
        self.rule = Some(Rule { name, spelled });
        self
    }

    /// Whether nothing is asked for.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.sha256.is_none() && self.name.is_none() && self.rule.is_none()
    }

    /// The rule, when nothing else is asked for: it can also be found in a volume.
    #[must_use]
    pub fn only_rule(&self) -> Option<&str> {
        if self.sha256.is_some() || self.name.is_some() {
            return None;
        }
        self.rule.as_ref().map(|rule| rule.name.as_str())
    }

    /// Whether the row has it.
    #[must_use]
    pub fn is(&self, row: &Row) -> bool {
        let has_rule = |rule: &Rule| row.findings.iter().any(|one| one.rule == rule.name);
        self.sha256.is_none_or(|hash| row.sha256 == Some(hash))
            && self.name.as_ref().is_none_or(|name| name.is_in(row))
            && self.rule.as_ref().is_none_or(has_rule)
    }

    /// Whether the row in these bytes may have it: never no when it has. `room` is for a copy of
    /// the bytes and is used again.
    pub(super) fn may_be(&self, bytes: &[u8], room: &mut Vec<u8>) -> bool {
        let has = |part: &[u8]| position(bytes, part).is_some();
        self.sha256.is_none_or(|hash| sha256(bytes) == Some(hash))
            && self.rule.as_ref().is_none_or(|rule| has(&rule.spelled))
            && self
                .name
                .as_ref()
                .is_none_or(|name| name.may_be(bytes, room))
    }
}

impl Name {
    fn may_be(&self, bytes: &[u8], room: &mut Vec<u8>) -> bool {
        room.clear();
        room.extend_from_slice(bytes);
        room.make_ascii_lowercase();
        let has = |part: &[u8]| position(bytes, part).is_some();
        let mut spelled = self.spelled.iter();
        spelled.any(|part| position(room, part).is_some())
            || has(HEX_KEY)
            || (self.is_trail() && (has(WITHIN_KEY) || has(WITHIN_HEX_KEY)))
    }

    /// Whether it may go over several names.
    fn is_trail(&self) -> bool {
        let mut parts = self.parts.iter();
        parts.any(|part| position(part, BETWEEN).is_some())
    }

    fn is_in(&self, row: &Row) -> bool {
        let has = |name: &[u8]| {
            let is_text = |bytes: &[u8]| std::str::from_utf8(bytes).is_ok();
            // A byte that is no text is not looked for in the middle of a letter.
            let fits = |part: &&Vec<u8>| is_text(part) || !is_text(name);
            let mut parts = self.parts.iter().filter(fits);
            parts.any(|part| position(name, part).is_some())
        };
        let names = row.within.iter().chain([&row.path]);
        let names: Vec<Vec<u8>> = names
            .map(|name| name.as_bytes().to_ascii_lowercase())
            .collect();
        names.iter().any(|name| has(name)) || (self.is_trail() && has(&names.join(BETWEEN)))
    }
}

/// The bytes that a text means in which hidden characters are spelled out as
/// [`wire::MediumName::escaped`] does.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('⟨') {
        bytes.extend_from_slice(before.as_bytes());
        let escape = after
            .split_once('⟩')
            .and_then(|(inside, left)| Some((meant(inside)?, left)));
        if let Some((meant, left)) = escape {
            bytes.extend_from_slice(&meant);
            rest = left;
        } else {
            bytes.extend_from_slice("⟨".as_bytes());
            rest = after;
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// What one escape stands for; `None` for what is none.
fn meant(inside: &str) -> Option<Vec<u8>> {
    if let Some(digits) = inside.strip_prefix("U+") {
        let number = u32::from_str_radix(digits, 16).ok()?;
        let letter = char::from_u32(number).filter(|letter| is_hidden(*letter))?;
        return Some(letter.to_string().into_bytes());
    }
    unhex(inside).filter(|bytes| bytes.len() == 1 && inside == hex(bytes).to_ascii_uppercase())
}

/// The hash that a row in canonical form has, from its place.
pub(super) fn sha256(bytes: &[u8]) -> Option<Digest> {
    let at = position(bytes, HASH_KEY)?;
    let digits = bytes.get(at.checked_add(HASH_KEY.len())?..)?;
    let mut digest = [0; 32];
    let (pairs, _) = digits.get(..64)?.as_chunks::<2>();
    for (byte, [high, low]) in digest.iter_mut().zip(pairs) {
        *byte = nibble(*high)?.checked_shl(4)? | nibble(*low)?;
    }
    Some(Digest(digest))
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => digit.checked_sub(b'0'),
        b'a'..=b'f' => digit.checked_sub(b'a')?.checked_add(10),
        _ => None,
    }
}

/// Where `part` begins in `bytes`.
fn position(bytes: &[u8], part: &[u8]) -> Option<usize> {
    let Some((first, rest)) = part.split_first() else {
        return Some(0);
    };
    let mut from = 0_usize;
    while let Some(left) = bytes.get(from..) {
        let at = left.iter().position(|byte| byte == first)?;
        from = from.saturating_add(at).saturating_add(1);
        if bytes
            .get(from..)
            .is_some_and(|after| after.starts_with(rest))
        {
            return from.checked_sub(1);
        }
    }
    None
}
