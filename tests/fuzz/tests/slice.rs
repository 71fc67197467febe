//! A short part of what the fuzzer and the campaigns do, the same in every run.

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod slice {
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use fuzz::campaign::{Base, CPU_MAX, Cases, FORMATS, MEMORY_BYTES_MAX, Summary, supervise};
    use fuzz::target;

    /// Cases of each format.
    const CASES: u64 = 300;

    /// Cases of each container.
    const CONTENT_CASES: u64 = 200;

    /// Rooms of formats whose members have checksums or a list of them: nothing of them may be lost
    /// in silence. Texts and documents have none; what readers show of a damaged one is opened.
    const CHECKED: [&str; 4] = ["stream", "zip", "packed", "cabinet"];

    /// Of these, files that look whole when they are cut between two pieces; see ARCHITECTURE.
    const SHORTENED: [&str; 4] = ["compress", "ar", "ar-three", "deb"];

    fn here() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder);
        let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    #[test]
    fn every_input_that_is_kept_is_read_as_every_target() {
        let mut ran = 0;
        for folder in files(&here().join("corpus")) {
            let own = folder.file_name().unwrap().to_str().unwrap();
            let is_content = target::contents().any(|name| name == own);
            assert!(is_content || target::NAMES.contains(&own), "{own}");
            for file in files(&folder) {
                let input = std::fs::read(&file).unwrap();
                if is_content {
                    assert!(target::run(own, &input) && target::run("content", &input));
                    ran += 2;
                    continue;
                }
                for name in target::NAMES {
                    if name == own || name == "medium" || name == "layout" {
                        assert!(target::run(name, &input));
                        ran += 1;
                    }
                }
            }
        }
        assert!(10 < ran, "{ran} inputs");
    }

    #[test]
    fn every_target_has_a_program_for_the_fuzzer() {
        for name in target::NAMES.into_iter().chain(target::contents()) {
            let program = here().join(format!("targets/fuzz_targets/{name}.rs"));
            let text = std::fs::read_to_string(program).unwrap();
            assert!(text.contains(&format!("run(\"{name}\", input)")), "{name}");
            assert!(target::run(name, &[]), "{name}");
        }
        assert!(!target::run("other", &[]));
    }

    fn image(format: &str, folder: &Path) -> PathBuf {
        let maker = Command::new(here().join("images"))
            .arg(folder)
            .arg(format)
            .status();
        assert!(maker.unwrap().success());
        folder.join(format!("{format}.img"))
    }

    /// Runs the cases of one format; at most `silent` of them may lose something in silence.
    fn campaign(format: &str, silent: u64) {
        let folder = tempfile::tempdir().unwrap();
        let cases = Cases {
            format: format.to_owned(),
            image: image(format, folder.path()),
            first: 0,
            count: CASES,
        };
        let program = Path::new(env!("CARGO_BIN_EXE_campaign"));
        let summary = supervise(program, &cases, 1).unwrap();
        assert_eq!(summary.cases, CASES);
        let bad = (summary.panics, summary.hangs, summary.large);
        assert_eq!(bad, (0, 0, 0), "{:?}", summary.lines);
        assert!(summary.silent <= silent, "{:?}", summary.lines);
    }

    #[test]
    fn damaged_fat_is_never_lost_in_silence() {
        campaign("fat12", 1);
        campaign("fat16", 1);
        campaign("fat32", 1);
    }

    #[test]
    fn damaged_exfat_is_never_lost_in_silence() {
        campaign("exfat", 1);
    }

    #[test]
    fn damaged_ntfs_is_hardly_ever_lost_in_silence() {
        campaign("ntfs", 4);
    }

    #[test]
    fn damaged_ext_is_hardly_ever_lost_in_silence() {
        for format in ["ext2", "ext3", "ext4", "ext4-nocsum"] {
            campaign(format, 4);
        }
    }

    #[test]
    fn damaged_discs_are_hardly_ever_lost_in_silence() {
        campaign("iso", 4);
        campaign("udf", 4);
    }

    #[test]
    fn damaged_partition_tables_are_never_lost_in_silence() {
        campaign("gpt", 1);
        campaign("mbr", 2);
    }

    /// Runs a few cases of every container.
    #[test]
    fn damaged_containers_with_checksums_are_never_lost_in_silence() {
        let folder = tempfile::tempdir().unwrap();
        let made = Command::new(here().join("contents"))
            .arg(folder.path())
            .status();
        assert!(made.unwrap().success());
        let (mut ran, mut silent) = (0, Vec::new());
        for room in files(folder.path()) {
            let name = room.file_name().unwrap().to_str().unwrap().to_owned();
            assert!(target::contents().any(|own| own == name), "{name}");
            for file in files(&room) {
                assert!(target::run(&name, &std::fs::read(&file).unwrap()));
                if name == "inspect" {
                    continue;
                }
                let cases = Cases {
                    format: "content".to_owned(),
                    image: file.clone(),
                    first: 0,
                    count: CONTENT_CASES,
                };
                let program = Path::new(env!("CARGO_BIN_EXE_campaign"));
                let summary = supervise(program, &cases, 1).unwrap();
                let bad = (summary.panics, summary.hangs, summary.large);
                assert_eq!(bad, (0, 0, 0), "{}: {:?}", file.display(), summary.lines);
                ran += summary.cases;
                let own = file.file_name().unwrap().to_str().unwrap();
                if CHECKED.contains(&name.as_str()) && !SHORTENED.contains(&own) {
                    let lines = summary.lines.iter();
                    let lost = lines.filter(|(_, line)| line.starts_with("silent"));
                    silent.extend(lost.map(|line| format!("{}: {line:?}", file.display())));
                }
            }
        }
        assert!(70 * CONTENT_CASES < ran, "{ran} cases");
        assert!(silent.is_empty(), "{silent:#?}");
    }

    #[test]
    fn every_format_is_known_once_and_has_an_image() {
        let folder = tempfile::tempdir().unwrap();
        for (format, kind) in FORMATS {
            let same = FORMATS.iter().filter(|(name, _)| *name == format);
            assert_eq!(same.count(), 1, "{format}");
            let image = std::fs::read(image(format, folder.path())).unwrap();
            let other = if kind == "exfat" { "ntfs" } else { "exfat" };
            let error = Base::read(image, other).err().unwrap();
            assert!(error.contains("recognised as"), "{format}: {error}");
        }
    }

    #[test]
    fn what_a_worker_does_to_itself_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("worker");
        let run = |script: &str| -> Summary {
            std::fs::write(
                &program,
                format!("#!/bin/sh\nfirst=$4\nlast=$((first + $5))\n{script}\n"),
            )
            .unwrap();
            assert!(
                Command::new("chmod")
                    .arg("+x")
                    .arg(&program)
                    .status()
                    .unwrap()
                    .success()
            );
            let cases = Cases {
                format: "fat12".to_owned(),
                image: PathBuf::from("image"),
                first: 10,
                count: 6,
            };
            supervise(&program, &cases, 2).unwrap()
        };
        let each = |words: &str| {
            format!("while [ $first -lt $last ]; do {words}; first=$((first + 1)); done")
        };
        let line = |fields: &str| each(&format!("printf '%s\\t{fields}\\n' $first"));
        assert_eq!(run(&line("1\\t1\\tfine\\t")).cases, 6);
        let summary = run(&line("1\\t1\\tpanic\\tat once"));
        assert_eq!((summary.cases, summary.panics), (6, 6));
        assert_eq!(summary.lines[3], (13, "panic | at once".to_owned()));
        let summary = run(&line("1\\t1\\tsilent\\t"));
        assert_eq!((summary.silent, summary.passing), (6, 6));
        let summary = run(&line("1\\t1\\tpassing\\t"));
        assert_eq!((summary.silent, summary.passing), (0, 6));
        let slow = CPU_MAX.as_millis() + 1;
        assert_eq!(run(&line(&format!("{slow}\\t1\\tfine\\t"))).hangs, 6);
        let large = MEMORY_BYTES_MAX + 1;
        assert_eq!(run(&line(&format!("1\\t{large}\\tfine\\t"))).large, 6);
        // A process that ends, or never does, costs the case it was at.
        let ends = "[ $first -ne 12 ] || exit 3; printf '%s\\t1\\t1\\tfine\\t\\n' $first";
        let summary = run(&each(ends));
        assert_eq!((summary.cases, summary.panics, summary.hangs), (6, 1, 0));
        let hangs = "while [ $first -eq 12 ]; do :; done; printf '%s\\t1\\t1\\tfine\\t\\n' $first";
        let summary = run(&each(hangs));
        assert_eq!((summary.cases, summary.panics, summary.hangs), (6, 0, 1));
    }
}
