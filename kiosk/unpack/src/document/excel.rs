//! What a workbook of older Excel carries (MS-XLS): records with a number, a size and data.

use crate::bytes::{rest, span, u16_at, u32_at};
use crate::walk::Walk;

/// Begins a sheet; all versions of the record end with the same byte.
const BEGIN: u16 = 0x0809;
/// Lists a sheet.
const SHEET: u16 = 0x0085;
/// Everything behind it is encrypted.
const PASSWORD: u16 = 0x002f;
/// Lists another workbook or program that cells refer to.
const SUPPORTING: u16 = 0x01ae;

/// The kind of a sheet of Excel 4 macros, where it is listed and where it begins.
const MACROS_LISTED: u8 = 1;
const MACROS_BEGIN: u16 = 0x0040;

/// Stands in a link of cells between the program and the topic.
const LINK_SEPARATOR: u8 = 3;

/// Tells macros, links to programs and encryption.
pub(crate) fn examine(data: &[u8], walk: &mut Walk<'_>) {
    let mut at: usize = 0;
    let mut is_encrypted = false;
    while let Some((id, size)) = u16_at(data, at).zip(u16_at(data, at.saturating_add(2))) {
        let record = rest(data, at.saturating_add(4), usize::from(size));
        match id {
            PASSWORD => is_encrypted = true,
            SHEET if record.get(5) == Some(&MACROS_LISTED) || leads_to_macros(data, record) => {
                walk.notice("xlm_macro", "carries a sheet of Excel 4 macros");
            }
            BEGIN if u16_at(record, 2) == Some(MACROS_BEGIN) => {
                walk.notice("xlm_macro", "carries a sheet of Excel 4 macros");
            }
            SUPPORTING if !is_encrypted && is_program(record) => {
                walk.notice("dde_field", "cells ask another program for data");
            }
            _ => {}
        }
        at = at.saturating_add(4).saturating_add(usize::from(size));
    }
    if is_encrypted {
        walk.encrypted("workbook is encrypted");
    }
}

/// Whether a sheet of macros begins where this one is said to begin.
fn leads_to_macros(data: &[u8], record: &[u8]) -> bool {
    let at = u32_at(record, 0).map_or(usize::MAX, |at| span(u64::from(at)));
    u16_at(data, at) == Some(BEGIN) && u16_at(data, at.saturating_add(6)) == Some(MACROS_BEGIN)
}

/// No sheets, and a path that names a program and a topic.
fn is_program(record: &[u8]) -> bool {
    let is_path = u16_at(record, 2).is_some_and(|length| (1..=0xff).contains(&length));
    u16_at(record, 0) == Some(0) && is_path && rest(record, 4, 512).contains(&LINK_SEPARATOR)
}
