//! Predictors (ISO 32000-1, 7.4.4.4): what pictures and tables are turned into before they are
//! compressed, undone in place.

use crate::bytes::{part, span};

/// How the data was predicted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Predictor {
    pub(super) kind: i64,
    pub(super) colors: i64,
    pub(super) bits: i64,
    pub(super) columns: i64,
}

impl Predictor {
    /// Undoes it; sizes that cannot be leave the data as it is.
    pub(super) fn undo(self, data: &mut Vec<u8>) {
        let pixel_bits = self.colors.saturating_mul(self.bits);
        let row_bits = pixel_bits.saturating_mul(self.columns);
        let bytes = |bits: i64| {
            let bytes = bits.saturating_add(7).checked_div(8);
            bytes
                .and_then(|bytes| u64::try_from(bytes).ok())
                .map_or(0, span)
        };
        let (pixel, row) = (bytes(pixel_bits), bytes(row_bits));
        if pixel == 0 || row == 0 {
            return;
        }
        match self.kind {
            2 if self.bits == 8 => undo_tiff(data, pixel, row),
            10..=15 => undo_png(data, pixel, row),
            _ => {}
        }
    }
}

/// Each byte is the difference to the same color of the pixel to the left.
fn undo_tiff(data: &mut [u8], pixel: usize, row: usize) {
    let mut before = Vec::new();
    for row in data.chunks_mut(row) {
        before.clear();
        before.extend_from_slice(row.get(..pixel).unwrap_or_default());
        for pixels in row.chunks_mut(pixel).skip(1) {
            for (byte, left) in pixels.iter_mut().zip(&mut before) {
                *byte = byte.wrapping_add(*left);
                *left = *byte;
            }
        }
    }
}

/// Each row begins with how it was predicted from the row above and the pixel to the left.
fn undo_png(data: &mut Vec<u8>, pixel: usize, row: usize) {
    let mut above: Vec<u8> = Vec::new();
    let mut current: Vec<u8> = Vec::new();
    let mut sides = (Vec::new(), Vec::new());
    let (mut read, mut written): (usize, usize) = (0, 0);
    let step = row.saturating_add(1);
    while let Some(kind) = data.get(read).copied() {
        let begin = read.saturating_add(1);
        let length = row.min(data.len().saturating_sub(begin));
        current.clear();
        current.extend_from_slice(part(data, begin, length).unwrap_or_default());
        above.resize(length, 0);
        undo_row(kind, pixel, &mut current, &above, &mut sides);
        // A row moves towards the beginning, over what was read already.
        let end = written.saturating_add(length);
        if let Some(place) = data.get_mut(written..end) {
            place.copy_from_slice(&current);
        }
        std::mem::swap(&mut above, &mut current);
        written = end;
        read = read.saturating_add(step);
    }
    data.truncate(written);
}

/// `sides` is memory that is used again: the pixel to the left, and the one above that.
fn undo_row(kind: u8, pixel: usize, row: &mut [u8], above: &[u8], sides: &mut (Vec<u8>, Vec<u8>)) {
    if kind == 2 {
        for (byte, up) in row.iter_mut().zip(above) {
            *byte = byte.wrapping_add(*up);
        }
        return;
    }
    if !matches!(kind, 1 | 3 | 4) {
        return;
    }
    let (left, corner) = sides;
    for side in [&mut *left, &mut *corner] {
        side.clear();
        side.resize(pixel.min(row.len()), 0);
    }
    for (pixels, ups) in row.chunks_mut(pixel).zip(above.chunks(pixel)) {
        let sides = left.iter_mut().zip(corner.iter_mut());
        for ((byte, up), (left, corner)) in pixels.iter_mut().zip(ups).zip(sides) {
            let predicted = match kind {
                1 => *left,
                3 => left.midpoint(*up),
                _ => paeth(*left, *up, *corner),
            };
            *byte = byte.wrapping_add(predicted);
            (*left, *corner) = (*byte, *up);
        }
    }
}

/// Whichever of the three is nearest to left + up - corner.
fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let wide = |byte: u8| i32::from(byte);
    let estimate = wide(left).wrapping_add(wide(up)).wrapping_sub(wide(corner));
    let distance = |byte: u8| estimate.abs_diff(wide(byte));
    if distance(left) <= distance(up) && distance(left) <= distance(corner) {
        left
    } else if distance(up) <= distance(corner) {
        up
    } else {
        corner
    }
}
