//! Partition tables against sfdisk, whose library Linux's own tools use: what it writes is read
//! as it meant it, and what the other tests build is to it what it is here.

use std::path::Path;
use std::process::Command;

use crate::layout::{assert_covered, entry, layout, medium, rules};
use crate::support::{Bench, arg, bytes, run};

/// A medium of this size that sfdisk divides as `script` says.
fn divided(script: &str, size_bytes: u64) -> (Vec<u8>, Vec<(u64, u64)>) {
    let bench = Bench::new();
    let image = bench.blank(size_bytes);
    let input = bench.path("script");
    std::fs::write(&input, script).unwrap();
    let command = format!("sfdisk -q {} < {}", arg(&image), arg(&input));
    run("sh", ["-c", &command]);
    (std::fs::read(&image).unwrap(), places_by_sfdisk(&image))
}

/// First sector and sectors of every partition that sfdisk finds, extended ones left out.
fn places_by_sfdisk(image: &Path) -> Vec<(u64, u64)> {
    let mut command = Command::new("/sbin/sfdisk");
    let output = command.args(["-d", &arg(image)]).output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let field = |line: &str, name: &str| -> Option<u64> {
        let (_, rest) = line.split_once(name)?;
        rest.split(',').next()?.trim().parse().ok()
    };
    let mut places: Vec<(u64, u64)> = text
        .lines()
        .filter(|line| {
            !["type=5,", "type=5", "type=f", "type=ee"]
                .iter()
                .any(|kind| line.ends_with(kind))
        })
        .filter_map(|line| Some((field(line, "start=")?, field(line, "size=")?)))
        .collect();
    places.sort_unstable();
    places
}

fn places(image: &[u8]) -> Vec<(u64, u64)> {
    let volumes = layout(image).volumes.into_iter();
    volumes
        .map(|place| (place.offset_bytes / 512, place.size_bytes / 512))
        .collect()
}

#[test]
fn what_sfdisk_divides_is_read_as_it_meant_it() {
    for seed in 0..10_u32 {
        let numbers = bytes(seed + 1, 64);
        let number = |at: usize| u64::from(numbers[at]);
        let gpt = seed % 2 == 0;
        let mut script = format!("label: {}\n", if gpt { "gpt" } else { "dos" });
        let count = if gpt { 1 + number(0) % 20 } else { 3 };
        for index in 0..count {
            let sectors = 100 + number(index as usize + 1) * 5;
            script.push_str(&format!("size={sectors}, type=L\n"));
        }
        if !gpt {
            // The rest is an extended partition with as many logical ones as fit.
            script.push_str("type=5\n");
            for index in 0..number(0) % 10 {
                script.push_str(&format!("size={}\n", 100 + number(index as usize + 20) * 9));
            }
        }
        let (image, expected) = divided(&script, 64 << 20);
        let found = layout(&image);
        assert_eq!(rules(&found), Vec::<&str>::new(), "{script}");
        assert_eq!(found.scheme, if gpt { "gpt" } else { "mbr" });
        assert_eq!(places(&image), expected, "{script}");
        assert!(count <= expected.len() as u64, "{script}");
        assert_covered(&image, &found);
    }
}

#[test]
fn sfdisk_finds_what_is_found_here_in_tables_of_our_own() {
    let bench = Bench::new();
    let path = bench.path("image");
    let mut image = medium(&[1, 3]);
    crate::gpt::gpt(&mut image, &[(2048, 2048), (6144, 2048)]);
    std::fs::write(&path, &image).unwrap();
    assert_eq!(places_by_sfdisk(&path), places(&image));
    let mut image = medium(&[3, 5]);
    entry(&mut image, 0, 0, 0x05, 4096, 12_288);
    entry(&mut image, 4096, 0, 0x01, 2048, 2048);
    entry(&mut image, 4096, 1, 0x05, 4096, 4096);
    entry(&mut image, 8192, 0, 0x01, 2048, 2048);
    std::fs::write(&path, &image).unwrap();
    assert_eq!(places_by_sfdisk(&path), places(&image));
}
