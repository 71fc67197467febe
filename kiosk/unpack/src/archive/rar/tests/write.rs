//! Writers of the containers, for what no archiver writes.

/// A number of 5.0: seven bits a byte.
pub(super) fn vint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).unwrap();
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// One header of 5.0 with its data; `size` is what it says of the data's length.
pub(super) fn header5(
    kind: u64,
    flags: u64,
    fields: &[u8],
    extra: &[u8],
    data: &[u8],
    size: u64,
) -> Vec<u8> {
    let mut body = vint(kind);
    let has_extra = u64::from(!extra.is_empty());
    let has_data = u64::from(size != 0) << 1;
    body.extend(vint(flags | has_extra | has_data));
    if has_extra != 0 {
        body.extend(vint(u64::try_from(extra.len()).unwrap()));
    }
    if has_data != 0 {
        body.extend(vint(size));
    }
    body.extend_from_slice(fields);
    body.extend_from_slice(extra);
    let checked = [vint(u64::try_from(body.len()).unwrap()), body].concat();
    let crc = crc32fast::hash(&checked).to_le_bytes();
    [&crc, checked.as_slice(), data].concat()
}

/// One record of a header's extra area.
pub(super) fn record(kind: u64, data: &[u8]) -> Vec<u8> {
    let body = [&vint(kind), data].concat();
    [vint(u64::try_from(body.len()).unwrap()), body].concat()
}

/// The fields of a file of 5.0: `flags` of the file, how it is packed and its size.
pub(super) fn file5(flags: u64, packing: u64, size: u64, crc: Option<u32>, name: &[u8]) -> Vec<u8> {
    let mut fields = vint(flags | u64::from(crc.is_some()) << 2);
    fields.extend(vint(size));
    fields.push(0);
    fields.extend(crc.map(u32::to_le_bytes).unwrap_or_default().iter().take(
        // Without a flag it has no place.
        if crc.is_some() { 4 } else { 0 },
    ));
    fields.extend(vint(packing));
    fields.push(1);
    fields.extend(vint(u64::try_from(name.len()).unwrap()));
    fields.extend_from_slice(name);
    fields
}

/// A stored file of 5.0.
pub(super) fn stored5(name: &[u8], content: &[u8]) -> Vec<u8> {
    let size = u64::try_from(content.len()).unwrap();
    let fields = file5(0, 0, size, Some(crc32fast::hash(content)), name);
    header5(2, 0, &fields, &[], content, size)
}

/// An archive of 5.0 around these headers.
pub(super) fn archive5(headers: &[Vec<u8>]) -> Vec<u8> {
    [
        b"Rar!\x1a\x07\x01\0".to_vec(),
        header5(1, 0, &[0], &[], &[], 0),
        headers.concat(),
        header5(5, 0, &[0], &[], &[], 0),
    ]
    .concat()
}

/// One block of 1.5 to 4.x.
pub(super) fn block(kind: u8, flags: u16, fields: &[u8], data: &[u8]) -> Vec<u8> {
    let size = u16::try_from(7 + fields.len()).unwrap();
    let mut head = vec![kind];
    head.extend_from_slice(&flags.to_le_bytes());
    head.extend_from_slice(&size.to_le_bytes());
    head.extend_from_slice(fields);
    let crc = crc32fast::hash(&head).to_le_bytes();
    [&crc[..2], &head, data].concat()
}

/// How something of 1.5 to 4.x is packed.
#[derive(Clone, Copy)]
pub(super) struct How {
    pub(super) flags: u16,
    pub(super) version: u8,
    pub(super) method: u8,
    /// The system that wrote it, and the attributes there.
    pub(super) system: u8,
    pub(super) attributes: u32,
}

/// As it is, by version 2.0 on Windows.
pub(super) const STORED: How = How {
    flags: 0,
    version: 20,
    method: 0x30,
    system: 2,
    attributes: 0x20,
};

/// The fields of a file of 1.5 to 4.x.
pub(super) fn file4(how: How, name: &[u8], packed: &[u8], content: &[u8]) -> Vec<u8> {
    [
        &u32::try_from(packed.len()).unwrap().to_le_bytes()[..],
        &u32::try_from(content.len()).unwrap().to_le_bytes(),
        &[how.system],
        &crc32fast::hash(content).to_le_bytes(),
        &[0, 0, 0, 0, how.version, how.method],
        &u16::try_from(name.len()).unwrap().to_le_bytes(),
        &how.attributes.to_le_bytes(),
        name,
    ]
    .concat()
}

/// A file of 1.5 to 4.x.
pub(super) fn member4(how: How, name: &[u8], packed: &[u8], content: &[u8]) -> Vec<u8> {
    let fields = file4(how, name, packed, content);
    block(0x74, 0x8000 | how.flags, &fields, packed)
}

/// An archive of 1.5 to 4.x around these blocks.
pub(super) fn archive4(flags: u16, blocks: &[Vec<u8>]) -> Vec<u8> {
    [
        b"Rar!\x1a\x07\0".to_vec(),
        block(0x73, flags, &[0; 6], &[]),
        blocks.concat(),
        block(0x7b, 0x4000, &[], &[]),
    ]
    .concat()
}
