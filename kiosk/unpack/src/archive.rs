//! Archives: members with names, one beside the other.

mod ar;
mod arj;
pub(crate) mod binhex;
pub(crate) mod cab;
mod chm;
mod codec;
mod cpio;
mod dmg;
mod installshield;
mod lzh;
mod mac;
mod markup;
pub(crate) mod rar;
mod rpm;
pub(crate) mod sevenzip;
pub(crate) mod tar;
mod tnef;
mod wim;
mod xar;
pub(crate) mod zip;

use crate::format::{Format, Sort};

/// The archives that are opened, in the order in which they are looked for.
pub(crate) const FORMATS: &[Format] = &[
    Format::new(zip::NAME, Sort::Archive, zip::begins, zip::open),
    Format::new("7z", Sort::Archive, sevenzip::begins, sevenzip::open).listed(),
    Format::new("rar", Sort::Archive, rar::begins, rar::open).listed(),
    Format::new("tar", Sort::Archive, tar::begins, tar::open),
    Format::new("ar", Sort::Archive, ar::begins, ar::open),
    Format::new("cpio", Sort::Archive, cpio::begins, cpio::open),
    Format::new("rpm", Sort::Archive, rpm::begins, rpm::open).listed(),
    Format::new("lzh", Sort::Archive, lzh::begins, lzh::open),
    Format::new("arj", Sort::Archive, arj::begins, arj::open).listed(),
    Format::new("cab", Sort::Archive, cab::begins, cab::open).listed(),
    Format::new(
        "installshield cab",
        Sort::Archive,
        installshield::begins,
        installshield::open,
    )
    .loose(),
    Format::new("chm", Sort::Archive, chm::begins, chm::open).loose(),
    Format::new("wim", Sort::Archive, wim::begins, wim::open).loose(),
    // Its first piece may be a stream that is opened by itself.
    Format::new("dmg", Sort::Document, dmg::begins, dmg::open),
    Format::new("xar", Sort::Archive, xar::begins, xar::open).loose(),
    Format::new("tnef", Sort::Archive, tnef::begins, tnef::open),
    Format::new("binhex", Sort::Archive, binhex::begins, binhex::open),
    Format::new(
        "macbinary",
        Sort::Archive,
        mac::is_macbinary,
        mac::open_macbinary,
    ),
    Format::new("applesingle", Sort::Archive, mac::is_apple, mac::open_apple),
];

/// Archives with these contents, for the tests that change archives byte by byte.
#[cfg(test)]
pub(crate) fn samples(contents: [&[u8]; 3]) -> Vec<Vec<u8>> {
    let files = contents
        .iter()
        .zip(["a", "b", "c"])
        .map(|(content, name)| format!("printf '{}' > {name}", String::from_utf8_lossy(content)))
        .collect::<Vec<_>>()
        .join("; ");
    let mut samples: Vec<_> = [
        "arj a -m1 x.arj a b c >/dev/null; mv x.arj out",
        "arj a -m4 x.arj a b c >/dev/null; mv x.arj out",
        "gcab -c -z out a b c",
        "ar qS out a b c",
        "ls a b c | cpio -o --quiet -H newc > out",
        "ls a b c | cpio -o --quiet -H bin > out",
    ]
    .iter()
    .map(|line| crate::testing::made_by_shell(&format!("{files}; {line}")))
    .collect();
    samples.extend(cab::samples(contents));
    samples.extend(lzh::samples(contents));
    samples
}
