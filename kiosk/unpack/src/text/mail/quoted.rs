//! Quoted-printable (RFC 2045, section 6.7).

use super::super::lines::lines;
use super::field::hex_byte;
use crate::budget::Budget;
use crate::stream::sink::push;

/// Decodes `text` to the end of `output`, and tells whether an escape was none: it then stays
/// as it is, as in every reader.
///
/// # Errors
/// Which limit was reached.
pub(crate) fn decode(
    text: &[u8],
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Result<bool, &'static str> {
    budget.take_input(text.len())?;
    let mut is_malformed = false;
    let mut step = Vec::new();
    for line in lines(text, 0) {
        // White space at the end was added on the way.
        let full = line.text(text).trim_ascii_end();
        let (own, is_soft) = match full.strip_suffix(b"=") {
            Some(own) => (own, true),
            None => (full, false),
        };
        let mut at: usize = 0;
        while let Some(byte) = own.get(at) {
            let digits = own.get(at.saturating_add(1)..at.saturating_add(3));
            let value = digits.filter(|_| *byte == b'=').and_then(hex_byte);
            is_malformed |= *byte == b'=' && value.is_none();
            step.push(value.unwrap_or(*byte));
            at = at.saturating_add(if value.is_some() { 3 } else { 1 });
        }
        if !is_soft {
            step.extend_from_slice(text.get(line.end..line.next).unwrap_or_default());
        }
        if STEP_BYTES <= step.len() {
            push(output, &step, budget)?;
            step.clear();
        }
    }
    push(output, &step, budget)?;
    Ok(is_malformed)
}

/// How much is decoded between two looks at the budget, in bytes.
const STEP_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use wire::scan::Limits;

    fn decoded(text: &[u8]) -> (Vec<u8>, bool) {
        let mut output = Vec::new();
        let mut budget = Budget::new(&Limits::default(), 1 << 20);
        let malformed = decode(text, &mut output, &mut budget).unwrap();
        (output, malformed)
    }

    #[test]
    fn escapes_and_soft_breaks_are_undone() {
        let rows: [(&[u8], &[u8], bool); 5] = [
            (b"a=3Db=\r\nc  \r\nd", b"a=bc\r\nd", false),
            (b"=4d=5A", b"MZ", false),
            (b"x=  \n=41", b"xA", false),
            (b"a=zz", b"a=zz", true),
            (b"a=4", b"a=4", true),
        ];
        for (text, wanted, malformed) in rows {
            assert_eq!(decoded(text), (wanted.to_vec(), malformed));
        }
    }
}
