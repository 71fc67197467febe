//! Pax extended headers: `length key=value` lines.

use super::sparse::Said;

/// What an extended header says instead of the header itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Overrides<'a> {
    /// `path`.
    pub(super) path: Option<&'a [u8]>,
    /// `GNU.sparse.name`: the name of a sparse file, whose `path` is made up.
    pub(super) sparse_name: Option<&'a [u8]>,
    /// `linkpath`.
    pub(super) link: Option<&'a [u8]>,
    /// `size`.
    pub(super) size_bytes: Option<u64>,
    /// What the keys of a sparse file say, when there is one.
    pub(super) sparse: Option<Said<'a>>,
    any: bool,
}

impl<'a> Overrides<'a> {
    /// The records in `data`.
    pub(super) fn read(data: &'a [u8]) -> Result<Self, &'static str> {
        const MALFORMED: &str = "an extended header is malformed";
        let mut overrides = Self {
            any: true,
            ..Self::default()
        };
        let mut left = data;
        while !left.is_empty() && left.iter().any(|byte| *byte != 0) {
            let (key, value, tail) = record(left).ok_or(MALFORMED)?;
            left = tail;
            match key {
                b"path" => overrides.path = Some(value),
                b"linkpath" => overrides.link = Some(value),
                b"size" => overrides.size_bytes = Some(decimal(value).ok_or(MALFORMED)?),
                b"GNU.sparse.name" => {
                    overrides.sparse_name = Some(value);
                    overrides.sparse.get_or_insert_default();
                }
                _ if key.starts_with(b"GNU.sparse.") || key == b"SCHILY.realsize" => {
                    overrides.sparse.get_or_insert_default().take(key, value);
                }
                _ => {}
            }
        }
        Ok(overrides)
    }

    /// These, and where they say nothing, those.
    pub(super) fn or(self, others: &Self) -> Self {
        Self {
            path: self.path.or(others.path),
            sparse_name: self.sparse_name.or(others.sparse_name),
            link: self.link.or(others.link),
            size_bytes: self.size_bytes.or(others.size_bytes),
            sparse: self.sparse.or_else(|| others.sparse.clone()),
            any: self.any || others.any,
        }
    }

    /// Whether there was an extended header at all.
    pub(super) fn any(&self) -> bool {
        self.any
    }
}

/// The first record's key and value, and what follows it.
fn record(data: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = data.iter().position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(data.get(..space)?)?).ok()?;
    let line = data
        .get(space.checked_add(1)?..length)?
        .strip_suffix(b"\n")?;
    let equals = line.iter().position(|byte| *byte == b'=')?;
    let value = line.get(equals.checked_add(1)?..)?;
    Some((line.get(..equals)?, value, data.get(length..)?))
}

pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(text).ok()?;
    let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}
