//! Archives: members with names, one beside the other.

mod ar;
mod arj;
mod cab;
mod codec;
mod cpio;
mod lzh;
mod rpm;
pub(crate) mod tar;
pub(crate) mod zip;

use crate::format::{Format, Sort};

/// The archives that are opened, in the order in which they are looked for.
pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: zip::NAME,
        sort: Sort::Archive,
        begins: zip::begins,
        open: zip::open,
    },
    Format {
        name: "tar",
        sort: Sort::Archive,
        begins: tar::begins,
        open: tar::open,
    },
    Format {
        name: "ar",
        sort: Sort::Archive,
        begins: ar::begins,
        open: ar::open,
    },
    Format {
        name: "cpio",
        sort: Sort::Archive,
        begins: cpio::begins,
        open: cpio::open,
    },
    Format {
        name: "rpm",
        sort: Sort::Archive,
        begins: rpm::begins,
        open: rpm::open,
    },
    Format {
        name: "lzh",
        sort: Sort::Archive,
        begins: lzh::begins,
        open: lzh::open,
    },
    Format {
        name: "arj",
        sort: Sort::Archive,
        begins: arj::begins,
        open: arj::open,
    },
    Format {
        name: "cab",
        sort: Sort::Archive,
        begins: cab::begins,
        open: cab::open,
    },
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
