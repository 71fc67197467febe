//! The parts of a shortcut, by the published format MS-SHLLINK. No size in it is believed.

use encoding_rs::SHIFT_JIS;

use crate::bytes::{part, span_at, u16_at, u32_at};

use super::items::{self, PANEL_FOLDER};

/// Length of the header, in bytes.
const HEADER_BYTES: usize = 76;

/// Most extra blocks that are looked at. The format has eleven sorts.
pub(crate) const BLOCKS_MAX: usize = 64;

/// What a shortcut says.
#[derive(Default)]
pub(crate) struct Link {
    /// Everything that may name the target; Windows tries several of them.
    pub(crate) targets: Vec<String>,
    /// The target from the shortcut's own folder on.
    pub(crate) relative: String,
    /// The folder that the target starts in.
    pub(crate) folder: String,
    /// What is handed to the target.
    pub(crate) arguments: String,
    /// Where the icon is.
    pub(crate) icons: Vec<String>,
    /// Which of the icons there.
    pub(crate) icon_number: i32,
    /// Whether the target's window is shown as an entry of the task bar only.
    pub(crate) is_minimised: bool,
    /// Libraries of pages of the control panel.
    pub(crate) panel: Vec<String>,
    /// Paths in items, which are such libraries when a block says so.
    paths_of_items: Vec<String>,
    /// What contradicts the format.
    pub(crate) fault: Option<&'static str>,
    /// Bytes behind the end.
    pub(crate) behind: usize,
}

impl Link {
    /// Reads what begins as a shortcut; `None` when it does not.
    pub(crate) fn read(content: &[u8]) -> Option<Self> {
        let id = b"\x4C\0\0\0\x01\x14\x02\0\0\0\0\0\xC0\0\0\0\0\0\0\x46";
        if !content.starts_with(id) {
            return None;
        }
        let mut link = Self::default();
        if let Err(fault) = link.fill(content) {
            link.fault = Some(fault);
        }
        Some(link)
    }

    fn fill(&mut self, content: &[u8]) -> Result<(), &'static str> {
        let flags = u32_at(content, 20).ok_or("its header is cut off")?;
        let has = |flag: u32| flags & flag != 0;
        let number = u32_at(content, 56).ok_or("its header is cut off")?;
        self.icon_number = i32::from_le_bytes(number.to_le_bytes());
        self.is_minimised = u32_at(content, 60).ok_or("its header is cut off")? == 7;
        let mut at = HEADER_BYTES;
        let mut has_panel = false;
        if has(0x1) {
            let length = u16_at(content, at)
                .map(usize::from)
                .ok_or("its list of items is cut off")?;
            at = at.saturating_add(2);
            let list = part(content, at, length).ok_or("its list of items is cut off")?;
            has_panel = self.take_items(list);
            at = at.saturating_add(length);
        }
        if has(0x2) {
            let length = span_at(content, at).ok_or("its link information is cut off")?;
            let info = part(content, at, length).ok_or("its link information is cut off")?;
            if info.len() < 28 {
                return Err("its link information is too short");
            }
            self.targets.extend(items::texts(info));
            at = at.saturating_add(length);
        }
        at = self.take_texts(content, at, flags)?;
        self.take_blocks(content, at, has_panel)
    }

    fn take_items(&mut self, list: &[u8]) -> bool {
        let items = items::read(list);
        if items.broken {
            self.fault = Some("its list of items contradicts itself");
        }
        self.targets.extend(items.texts);
        self.panel.extend(items.panel);
        // Where the panel comes by a block behind, any item may be the page.
        self.paths_of_items = items.paths;
        items.has_panel
    }

    fn take_texts(
        &mut self,
        content: &[u8],
        from: usize,
        flags: u32,
    ) -> Result<usize, &'static str> {
        let is_wide = flags & 0x80 != 0;
        let mut at = from;
        for flag in [0x4, 0x8, 0x10, 0x20, 0x40] {
            if flags & flag == 0 {
                continue;
            }
            let cut = "one of its texts is cut off";
            let letters = u16_at(content, at).map(usize::from).ok_or(cut)?;
            at = at.saturating_add(2);
            let length = if is_wide {
                letters.saturating_mul(2)
            } else {
                letters
            };
            let bytes = part(content, at, length).ok_or(cut)?;
            at = at.saturating_add(length);
            let text = text_of(bytes, is_wide);
            match flag {
                0x8 => {
                    self.targets.push(text.clone());
                    self.relative = text;
                }
                0x10 => self.folder = text,
                0x20 => self.arguments = text,
                0x40 => self.icons.push(text),
                _ => {}
            }
        }
        Ok(at)
    }

    fn take_blocks(
        &mut self,
        content: &[u8],
        from: usize,
        had_panel: bool,
    ) -> Result<(), &'static str> {
        let mut at = from;
        let mut has_panel = false;
        let mut ended = false;
        for _ in 0..BLOCKS_MAX {
            let Some(length) = span_at(content, at) else {
                // Some writers leave the mark of the end out.
                ended = at == content.len();
                break;
            };
            if length < 4 {
                at = at.saturating_add(4);
                ended = true;
                break;
            }
            let block = part(content, at, length).ok_or("one of its blocks is cut off")?;
            has_panel |= self.take_block(block);
            at = at.saturating_add(length);
        }
        if has_panel && !had_panel {
            let paths = std::mem::take(&mut self.paths_of_items);
            self.panel.extend(paths);
        }
        self.behind = content.len().saturating_sub(at);
        if ended {
            Ok(())
        } else {
            Err("its blocks have no end")
        }
    }

    /// Takes one block; whether it says that the target is in the control panel.
    fn take_block(&mut self, block: &[u8]) -> bool {
        let body = block.get(8..).unwrap_or_default();
        match u32_at(block, 4) {
            // The target, and the identifier of an installed component, with variables in them.
            Some(0xA000_0001 | 0xA000_0006) => self.targets.extend(items::texts(body)),
            Some(0xA000_0007) => self.icons.extend(items::texts(body)),
            Some(0xA000_000C) => {
                let items = items::read(body);
                self.targets.extend(items.texts);
                self.panel.extend(items.panel);
            }
            Some(0xA000_0005) => return u32_at(block, 8) == Some(3),
            Some(0xA000_000B) => return body.starts_with(&PANEL_FOLDER),
            Some(_) | None => {}
        }
        false
    }
}

fn text_of(bytes: &[u8], is_wide: bool) -> String {
    if !is_wide {
        return SHIFT_JIS.decode_without_bom_handling(bytes).0.into_owned();
    }
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .map(|pair| u16_at(pair, 0).unwrap_or_default())
        .collect();
    String::from_utf16_lossy(&units)
}
