//! The standard encryption of PDF (ISO 32000-2, 7.6) with an empty user password: such files
//! open without a question, so every reader sees what is in them.

use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes256, Block};
use md5::{Digest, Md5};
use sha2::{Sha256, Sha384, Sha512};

use super::value::Value;
use crate::bytes::{has, part, rest, span};

/// What a password is filled up with.
const PADDING: [u8; 32] = *b"\x28\xbf\x4e\x5e\x4e\x75\x8a\x41\x64\x00\x4e\x56\xff\xfa\x01\x08\x2e\x2e\x00\xb6\xd0\x68\x3e\x80\x2f\x0c\xa9\xfe\x64\x53\x69\x7a";

/// Length of an initial vector and of a block.
const BLOCK_BYTES: usize = 16;

/// How something is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Not at all.
    Plain,
    Rc4,
    /// AES-128 with a key of the object's own.
    Aes128,
    /// AES-256 with the key of the file.
    Aes256,
}

/// A file's encryption, opened.
pub(super) struct Cipher {
    key: Vec<u8>,
    pub(super) strings: Method,
    pub(super) streams: Method,
    /// Embedded files, where they differ from other streams.
    pub(super) files: Method,
    /// By name, for streams that choose one.
    named: Vec<(Vec<u8>, Method)>,
}

impl Cipher {
    /// Opens what an encryption dictionary describes, with an empty password. `id` is the first
    /// part of the file's identifier.
    pub(super) fn open(dictionary: Value<'_>, id: &[u8]) -> Option<Self> {
        let number = |key: &[u8]| dictionary.get(key).and_then(Value::number);
        let (version, revision) = (number(b"V").unwrap_or(0), number(b"R")?);
        if !dictionary.get(b"Filter")?.is_name(b"Standard") || !matches!(version, 0..=2 | 4 | 5) {
            return None;
        }
        let mut key = match revision {
            2..=4 => old_key(dictionary, revision, id)?,
            5 | 6 => new_key(dictionary, revision)?,
            _ => return None,
        };
        if version == 4 && key.len() < BLOCK_BYTES {
            // Shorter keys are found out as such and used with zeros behind them.
            key.resize(BLOCK_BYTES, 0);
        }
        let mut named: Vec<(Vec<u8>, Method)> = vec![(b"Identity".to_vec(), Method::Plain)];
        let filters = dictionary.get(b"CF");
        for (name, filter) in filters.iter().flat_map(|filters| filters.entries()) {
            let method = filter.get(b"CFM").and_then(Value::name);
            let method = match method.as_deref() {
                Some(b"V2") => Method::Rc4,
                Some(b"AESV2") if version < 5 => Method::Aes128,
                Some(b"AESV2" | b"AESV3") => Method::Aes256,
                Some(b"None") | None => Method::Plain,
                Some(_) => return None,
            };
            named.push((name.into_owned(), method));
        }
        let chosen = |key: &[u8], usual: Method| match dictionary.get(key).and_then(Value::name) {
            _ if version < 4 => Some(Method::Rc4),
            None => Some(usual),
            Some(name) => method_of(&named, &name),
        };
        let streams = chosen(b"StmF", Method::Plain)?;
        Some(Self {
            strings: chosen(b"StrF", Method::Plain)?,
            files: chosen(b"EFF", streams)?,
            key,
            streams,
            named,
        })
    }

    /// The method that a stream chooses by name.
    pub(super) fn named(&self, name: &[u8]) -> Option<Method> {
        method_of(&self.named, name)
    }

    /// What `data` of this object is without its encryption.
    pub(super) fn decrypted(
        &self,
        data: &[u8],
        method: Method,
        number: u32,
        generation: u32,
    ) -> Vec<u8> {
        let own_key = |salt: &[u8]| {
            let mut hash = Md5::new();
            hash.update(&self.key);
            hash.update(rest(&number.to_le_bytes(), 0, 3));
            hash.update(rest(&generation.to_le_bytes(), 0, 2));
            hash.update(salt);
            let length = self.key.len().saturating_add(5).min(BLOCK_BYTES);
            let mut key = hash.finalize().to_vec();
            key.truncate(length);
            key
        };
        match method {
            Method::Plain => data.to_vec(),
            Method::Rc4 => rc4(&own_key(b""), data),
            Method::Aes128 => {
                let cipher = Aes128::new_from_slice(&own_key(b"sAlT"));
                cipher.map_or_else(|_| Vec::new(), |cipher| unchained(&cipher, data, true))
            }
            Method::Aes256 => {
                let cipher = Aes256::new_from_slice(&self.key);
                cipher.map_or_else(|_| Vec::new(), |cipher| unchained(&cipher, data, true))
            }
        }
    }
}

fn method_of(named: &[(Vec<u8>, Method)], name: &[u8]) -> Option<Method> {
    let found = named.iter().find(|(own, _)| own == name);
    found.map(|(_, method)| *method)
}

/// The key up to revision 4 (algorithms 2 and 6).
fn old_key(dictionary: Value<'_>, revision: i64, id: &[u8]) -> Option<Vec<u8>> {
    let owner = dictionary.get(b"O")?.string()?;
    let user = dictionary.get(b"U")?.string()?;
    let permissions = dictionary.get(b"P")?.number()?;
    let has_plain_metadata = dictionary
        .get(b"EncryptMetadata")
        .is_some_and(|value| value.raw() == b"false");
    let bits = dictionary.get(b"Length").and_then(Value::number);
    let length = match (revision, bits) {
        (2, _) => 5,
        (4, None) => BLOCK_BYTES,
        (_, Some(bits @ 40..=128)) => span(u64::try_from(bits).ok()?.checked_div(8)?),
        // Some give bytes.
        (_, Some(bytes @ 5..=16)) => span(u64::try_from(bytes).ok()?),
        _ => 5,
    };
    // Some say what they do not do.
    let others: &[usize] = if 2 < revision { &[BLOCK_BYTES, 5] } else { &[] };
    let mut lengths = std::iter::once(&length).chain(others).copied();
    lengths.find_map(|length| {
        // An owner's password that is empty opens the document, too; it seals the user's.
        let unsealed = unsealed_password(&owner, revision, length);
        [PADDING.to_vec(), unsealed].iter().find_map(|password| {
            let mut hash = Md5::new();
            hash.update(password);
            hash.update(rest(&owner, 0, 32));
            hash.update(rest(&permissions.to_le_bytes(), 0, 4));
            hash.update(id);
            if 4 <= revision && has_plain_metadata {
                hash.update([0xff; 4]);
            }
            let key = strengthened(hash.finalize().to_vec(), revision, length);
            is_user_key(&key, &user, revision, id).then_some(key)
        })
    })
}

/// The user's password, filled up, as the owner's empty password gives it (algorithm 7).
fn unsealed_password(owner: &[u8], revision: i64, length: usize) -> Vec<u8> {
    let key = strengthened(Md5::digest(PADDING).to_vec(), revision, length);
    let mut password = rest(owner, 0, 32).to_vec();
    let rounds: u8 = if 2 < revision { 20 } else { 1 };
    for round in (0..rounds).rev() {
        let key: Vec<u8> = key.iter().map(|byte| byte ^ round).collect();
        password = rc4(&key, &password);
    }
    password
}

/// A key of `length` bytes, hashed often from revision 3 on.
fn strengthened(mut key: Vec<u8>, revision: i64, length: usize) -> Vec<u8> {
    if 2 < revision {
        for _ in 0..50 {
            key = Md5::digest(rest(&key, 0, length)).to_vec();
        }
    }
    key.truncate(length);
    key
}

/// Whether the file's mark for the user's password comes out with this key.
fn is_user_key(key: &[u8], user: &[u8], revision: i64, id: &[u8]) -> bool {
    if revision == 2 {
        return has(user, 0, &rc4(key, &PADDING));
    }
    let mut hash = Md5::new();
    hash.update(PADDING);
    hash.update(id);
    let mut mark = hash.finalize().to_vec();
    for round in 0..20_u8 {
        let key: Vec<u8> = key.iter().map(|byte| byte ^ round).collect();
        mark = rc4(&key, &mark);
    }
    has(user, 0, &mark)
}

/// The key from revision 5 on (algorithms 2.A, 11 and 12), by the user's or the owner's
/// password, whichever is empty.
fn new_key(dictionary: Value<'_>, revision: i64) -> Option<Vec<u8>> {
    let string = |key: &[u8]| dictionary.get(key).and_then(Value::string);
    let user = string(b"U")?;
    let sealed = string(b"UE")?;
    sealed_key(&user, &sealed, b"", revision).or_else(|| {
        sealed_key(
            &string(b"O")?,
            &string(b"OE")?,
            part(&user, 0, 48)?,
            revision,
        )
    })
}

/// The key that `sealed` holds for an empty password, when `mark` says that it is empty.
fn sealed_key(mark: &[u8], sealed: &[u8], user: &[u8], revision: i64) -> Option<Vec<u8>> {
    let hash = |salt: &[u8]| match revision {
        5 => Some(Sha256::digest([salt, user].concat()).to_vec()),
        _ => hardened(salt, user),
    };
    if hash(part(mark, 32, 8)?)? != part(mark, 0, 32)? {
        return None;
    }
    let cipher = Aes256::new_from_slice(&hash(part(mark, 40, 8)?)?).ok()?;
    let mut data = vec![0; BLOCK_BYTES];
    data.extend_from_slice(part(sealed, 0, 32)?);
    Some(unchained(&cipher, &data, false))
}

/// The slow hash of revision 6 (algorithm 2.B) of an empty password.
fn hardened(salt: &[u8], user: &[u8]) -> Option<Vec<u8>> {
    let mut key = Sha256::digest([salt, user].concat()).to_vec();
    // The last byte is at most 255, so that it ends.
    for round in 1..=300_u32 {
        let cipher = Aes128::new_from_slice(part(&key, 0, BLOCK_BYTES)?).ok()?;
        let vector = part(&key, BLOCK_BYTES, BLOCK_BYTES)?.to_vec();
        let data = chained(&cipher, &[&key, user].concat().repeat(64), &vector);
        let first = part(&data, 0, BLOCK_BYTES)?.iter();
        let sum = first.fold(0_u32, |sum, byte| sum.wrapping_add(u32::from(*byte)));
        key = match sum.wrapping_rem(3) {
            0 => Sha256::digest(&data).to_vec(),
            1 => Sha384::digest(&data).to_vec(),
            _ => Sha512::digest(&data).to_vec(),
        };
        let last = u32::from(*data.last()?);
        if 64 <= round && last.saturating_add(32) <= round {
            key.truncate(32);
            return Some(key);
        }
    }
    None
}

fn chained(
    cipher: &impl BlockCipherEncrypt<BlockSize = aes::cipher::consts::U16>,
    data: &[u8],
    vector: &[u8],
) -> Vec<u8> {
    let mut before = vector.to_vec();
    let mut output = Vec::new();
    for piece in data.as_chunks::<BLOCK_BYTES>().0 {
        let mut block = Block::from(*piece);
        for (byte, other) in block.iter_mut().zip(&before) {
            *byte ^= other;
        }
        cipher.encrypt_block(&mut block);
        before = block.to_vec();
        output.extend_from_slice(&before);
    }
    output
}

/// CBC undone; the vector is the first block of `data`.
fn unchained(
    cipher: &impl BlockCipherDecrypt<BlockSize = aes::cipher::consts::U16>,
    data: &[u8],
    is_padded: bool,
) -> Vec<u8> {
    let mut pieces = data.as_chunks::<BLOCK_BYTES>().0.iter();
    let Some(mut before) = pieces.next() else {
        return Vec::new();
    };
    let mut output = Vec::with_capacity(data.len());
    for piece in pieces {
        let mut block = Block::from(*piece);
        cipher.decrypt_block(&mut block);
        for (byte, other) in block.iter_mut().zip(before) {
            *byte ^= other;
        }
        output.extend_from_slice(&block);
        before = piece;
    }
    let padding = output.last().copied().map_or(0, usize::from);
    if is_padded && (1..=BLOCK_BYTES).contains(&padding) {
        output.truncate(output.len().saturating_sub(padding));
    }
    output
}

/// RC4: twelve lines are less to trust than one more crate.
fn rc4(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut state: Vec<u8> = (0..=255).collect();
    let get = |state: &[u8], at: u8| state.get(usize::from(at)).copied().unwrap_or_default();
    let mut other: u8 = 0;
    for (at, byte) in (0..=255_u8).zip(key.iter().cycle()) {
        other = other.wrapping_add(get(&state, at)).wrapping_add(*byte);
        state.swap(usize::from(at), usize::from(other));
    }
    let (mut at, mut other): (u8, u8) = (0, 0);
    let next = |byte: &u8| {
        at = at.wrapping_add(1);
        other = other.wrapping_add(get(&state, at));
        state.swap(usize::from(at), usize::from(other));
        let sum = get(&state, at).wrapping_add(get(&state, other));
        byte ^ get(&state, sum)
    };
    data.iter().map(next).collect()
}
