use super::super::LINE_BYTES_MAX;
use super::*;

const SHA256: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
const SHA1: &str = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d";
const MD5: &str = "5d41402abc4b2a76b9719d911017c592";

/// Each row as its digests and its name.
type Rows = Vec<(Vec<String>, Option<String>)>;

fn rows(text: impl AsRef<[u8]>) -> Result<Rows, String> {
    let mut rows = Vec::new();
    let read = read(Path::new("list.txt"), text.as_ref(), &mut |found| {
        let hashes = found
            .hashes
            .iter()
            .map(|hash| wire::name::hex(hash.bytes()));
        let name = found
            .name
            .map(|name| String::from_utf8_lossy(name).into_owned());
        rows.push((hashes.collect(), name));
        Ok(())
    });
    read.map(|()| rows).map_err(|error| error.to_string())
}

#[track_caller]
fn one(text: impl AsRef<[u8]>, hashes: &[&str], name: Option<&str>) {
    let hashes = hashes.iter().map(|hash| (*hash).to_owned()).collect();
    assert_eq!(rows(text), Ok(vec![(hashes, name.map(str::to_owned))]));
}

#[test]
fn a_digest_a_line_is_a_list_with_or_without_a_name() {
    one(SHA256, &[SHA256], None);
    one(format!("  {}\r\n", SHA256.to_uppercase()), &[SHA256], None);
    one(format!("\u{FEFF}{SHA1}\r\n\r\n"), &[SHA1], None);
    one(format!("{MD5} # a worm"), &[MD5], Some("a worm"));
    one(format!("{MD5}\tworm"), &[MD5], Some("worm"));
    one(format!("{MD5}, worm"), &[MD5], Some("worm"));
    one(format!("{MD5};worm"), &[MD5], Some("worm"));
    one(format!("{MD5}|worm"), &[MD5], Some("worm"));
    let text = format!("# of today\n; more\n// and more\n\n{SHA256}\n{SHA1} b\n{MD5}\n");
    let mixed = rows(text).unwrap();
    let lengths: Vec<_> = mixed.iter().map(|(hashes, _)| hashes[0].len()).collect();
    assert_eq!(lengths, [64, 40, 32]);
    assert_eq!(rows("# nothing today\n"), Ok(Vec::new()));
    assert_eq!(rows(""), Ok(Vec::new()));
}

#[test]
fn the_output_of_sha256sum_and_its_kin_is_a_list() {
    one(
        format!("{SHA256}  docs/a b.txt\n"),
        &[SHA256],
        Some("docs/a b.txt"),
    );
    one(format!("{MD5} *setup.exe\n"), &[MD5], Some("setup.exe"));
    one(format!("\\{SHA1}  a\\nb\n"), &[SHA1], Some("a\\nb"));
    one(
        format!("SHA256 (a (1).txt) = {SHA256}\n"),
        &[SHA256],
        Some("a (1).txt"),
    );
    one(format!("MD5 (x) = {MD5}\n"), &[MD5], Some("x"));
    one(format!("\\SHA1 (x) = {SHA1}\n"), &[SHA1], Some("x"));
}

#[test]
fn nsrls_rows_of_both_versions_are_read_by_the_names_of_their_columns() {
    let second = format!(
        "\"SHA-1\",\"MD5\",\"CRC32\",\"FileName\",\"FileSize\",\"ProductCode\",\"OpSystemCode\",\"SpecialCode\"\r\n\
         \"{}\",\"{}\",\"05E566DF\",\"a \"\"b\"\", c.dll\",10,3095,\"WIN\",\"\"\r\n",
        SHA1.to_uppercase(),
        MD5.to_uppercase()
    );
    one(second, &[SHA1, MD5], Some("a \"b\", c.dll"));
    let third = format!(
        "\u{FEFF}sha256,sha1,md5,crc32,file_name,file_size,package_id\n{SHA256},{SHA1},{MD5},0,x.sys,1,2\n"
    );
    one(third, &[SHA256, SHA1, MD5], Some("x.sys"));
    one(format!("SHA-256\n{SHA256}\n"), &[SHA256], None);
    // What one tool does not know is empty, and a row with any digest is a row.
    let partly =
        format!("# exported\nfirst_seen,sha256_hash,md5_hash,signature\n2026,,{MD5},Worm\n");
    one(partly, &[MD5], Some("Worm"));
}

#[test]
fn hashdeeps_output_is_read_by_its_line_of_columns() {
    let text = format!(
        "%%%% HASHDEEP-1.0\n%%%% size,md5,sha256,filename\n## Invoked from: /\n## $ hashdeep -r .\n##\n\
         5,{MD5},{SHA256},/mnt/a, b.txt\n"
    );
    one(text.clone(), &[SHA256, MD5], Some("/mnt/a, b.txt"));
    let other = format!("%%%% HASHDEEP-1.0\n%%%% size,sha1,filename\n5,{SHA1},b\n");
    assert_eq!(rows(format!("{text}{other}")).unwrap().len(), 2);
}

#[test]
fn what_is_no_row_is_refused_with_its_line_and_the_next_step() {
    let digits = |count: usize| "0a".repeat(count / 2);
    let csv = "sha1,name\n";
    let deep = "%%%% HASHDEEP-1.0\n%%%% size,md5,filename\n";
    for (text, line, what) in [
        (digits(62), 1, "64 digits"),
        (format!("{SHA256}\n{}\n", &SHA256[1..]), 2, "64 digits"),
        (format!("{SHA256}0"), 1, "64 digits"),
        (digits(128), 1, "only SHA-256, SHA-1 and MD5"),
        (format!("{}g", &MD5[1..]), 1, "64 digits"),
        (format!("{MD5}g"), 1, "a digest ends with"),
        (format!("{MD5}:10:worm"), 1, "a digest ends with"),
        ("setup.exe".to_owned(), 1, "no digest"),
        ("\"x\",\"y\"".to_owned(), 1, "no digest"),
        (format!("SHA256 (x) = {SHA1}"), 1, "a tag is not followed"),
        (
            format!("SHA256 (x) = g{}", &SHA256[1..]),
            1,
            "64 hexadecimal digits",
        ),
        (format!("{csv}{SHA1}\n"), 2, "more or fewer columns"),
        (format!("{csv}{SHA1},a,b\n"), 2, "more or fewer columns"),
        (format!("{csv}{MD5},a\n"), 2, "40 hexadecimal digits"),
        (
            format!("{csv}g{},a\n", &SHA1[1..]),
            2,
            "40 hexadecimal digits",
        ),
        (format!("{csv},a\n"), 2, "none of its digests"),
        (format!("{csv}\"{SHA1},a\n"), 2, "a quote is not closed"),
        (format!("{csv}\"{SHA1}\"x,a\n"), 2, "a closing quote"),
        (deep.replace("1.0", "2.0"), 1, "only 1.0"),
        (deep.replace("md5", "tiger"), 2, "no column"),
        (
            format!("%%%% HASHDEEP-1.0\n%%%% filename,md5\nx,{MD5}\n"),
            2,
            "not the last",
        ),
        (format!("{deep}5,{MD5}\n"), 3, "fewer columns"),
        (format!("{deep}5,{SHA1},a\n"), 3, "32 hexadecimal digits"),
        (format!("%%%% HASHDEEP-1.0\n5,{MD5},a\n"), 2, "never came"),
        ("%%%% HASHDEEP-1.0\n".to_owned(), 2, "never came"),
    ] {
        let error = rows(&text).unwrap_err();
        let start = format!("list.txt:{line}: ");
        assert!(
            error.starts_with(&start) && error.contains(what),
            "{text}: {error}"
        );
    }
    let error = rows(b"\xFF\xFE5\0d\0").unwrap_err();
    assert!(
        error.starts_with("list.txt:1: ") && error.contains("save it as UTF-8"),
        "{error}"
    );
}

#[test]
fn a_first_row_with_the_name_of_an_algorithm_beside_it_is_no_line_of_names() {
    one(format!("{MD5},md5"), &[MD5], Some("md5"));
}

#[test]
fn a_line_as_long_as_its_limit_is_read_and_one_byte_more_is_not() {
    let line = |length: usize| format!("{MD5} {}\r\n{SHA1}\n", "n".repeat(length - 33));
    assert_eq!(rows(line(LINE_BYTES_MAX)).unwrap().len(), 2);
    let error = rows(line(LINE_BYTES_MAX + 1)).unwrap_err();
    assert!(error.contains("longer than 16384 bytes"), "{error}");
    assert!(rows("0".repeat(10 * LINE_BYTES_MAX)).is_err());
}

#[test]
fn what_an_error_repeats_of_a_line_moves_no_terminal() {
    let error = rows("\u{1B}[2Jsetup\u{202E}exe").unwrap_err();
    assert!(
        !error.contains('\u{1B}') && !error.contains('\u{202E}'),
        "{error}"
    );
}

#[test]
fn rows_without_a_digest_of_one_kind_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mixed");
    let (long, short) = ("a".repeat(64), "b".repeat(32));
    std::fs::write(&path, format!("{long}\n{short} name\n# comment\n{short}\n")).unwrap();
    assert_eq!(rows_without(&path, Algorithm::Sha256).unwrap(), 2);
    assert_eq!(rows_without(&path, Algorithm::Md5).unwrap(), 1);
    let table = format!("sha256,md5\n{long},{short}\n,{short}\n");
    std::fs::write(&path, table).unwrap();
    assert_eq!(rows_without(&path, Algorithm::Sha256).unwrap(), 1);
    std::fs::write(&path, "nothing").unwrap();
    assert!(rows_without(&path, Algorithm::Sha256).is_err());
}
