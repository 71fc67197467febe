//! Archives: members with names, one beside the other.

mod ar;
mod arj;
pub(crate) mod binhex;
mod cab;
mod codec;
mod cpio;
mod lzh;
mod mac;
pub(crate) mod rar;
mod rpm;
pub(crate) mod sevenzip;
pub(crate) mod tar;
mod tnef;
pub(crate) mod zip;

use crate::format::{Format, Sort};
use crate::walk::{Halt, Walk};

/// The archives that are opened, in the order in which they are looked for.
pub(crate) const FORMATS: &[Format] = &[
    archive(zip::NAME, zip::begins, zip::open),
    archive("7z", sevenzip::begins, sevenzip::open),
    archive("rar", rar::begins, rar::open),
    archive("tar", tar::begins, tar::open),
    archive("ar", ar::begins, ar::open),
    archive("cpio", cpio::begins, cpio::open),
    archive("rpm", rpm::begins, rpm::open),
    archive("lzh", lzh::begins, lzh::open),
    archive("arj", arj::begins, arj::open),
    archive("cab", cab::begins, cab::open),
    archive("tnef", tnef::begins, tnef::open),
    archive("binhex", binhex::begins, binhex::open),
    archive("macbinary", mac::is_macbinary, mac::open_macbinary),
    archive("applesingle", mac::is_apple, mac::open_apple),
];

const fn archive(
    name: &'static str,
    begins: fn(&[u8]) -> bool,
    open: fn(&[u8], &mut Walk<'_>) -> Result<(), Halt>,
) -> Format {
    Format {
        name,
        sort: Sort::Archive,
        begins,
        open,
    }
}

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
