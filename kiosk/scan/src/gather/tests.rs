use super::*;
use crate::compile;

fn one(text: &str) -> Gathered {
    gather(&[SourceFile {
        origin: "a.yar".to_owned(),
        text: text.to_owned(),
    }])
}

/// What stays, and what does not: line, rule, reason.
fn sorted(gathered: &Gathered) -> (Vec<&str>, Vec<(u64, &str, LeftOutReason)>) {
    let kept = gathered.files.iter().flat_map(|file| &file.rules);
    let out = gathered.left_out.iter();
    (
        kept.map(|rule| rule.name.as_str()).collect(),
        out.map(|one| (one.line, one.rule.as_deref().unwrap_or(""), one.reason))
            .collect(),
    )
}

fn compiles(gathered: &Gathered) {
    for file in &gathered.files {
        let mut compiler = compile::compiler(gathered.relaxed_expressions);
        compiler.add_source(file.text.as_str()).unwrap();
        let built = compiler.build();
        let built: Vec<_> = built
            .iter()
            .map(|rule| rule.identifier().to_owned())
            .collect();
        let names: Vec<_> = file.rules.iter().map(|rule| rule.name.clone()).collect();
        assert_eq!(built, names);
    }
}

#[test]
fn only_what_is_wrong_and_what_goes_by_it_is_left_out() {
    let gathered = one(r#"import "pe"
import "cuckoo"
include "other.yar"
rule good { condition: pe.is_pe }
rule of_module { condition: cuckoo.sync.mutex(/x/) }
rule asks { condition: nobody == 1 }
rule goes_by { condition: good and asks }
rule goes_by_that { condition: goes_by or good }
rule good { condition: false }
rule expression { strings: $a = /needle(/ condition: $a }
rule slow { strings: $a = /.*x.*/s condition: $a }
rule unused { strings: $a = "unused" condition: true }
rule last { strings: $a = "last" condition: $a and good }
"#);
    use LeftOutReason::{
        Depends, Duplicate, Expression, Include, Module, Refused, Slow, Undefined,
    };
    let (kept, mut out) = sorted(&gathered);
    out.sort_by_key(|one| one.0);
    assert_eq!(kept, ["good", "last"]);
    assert_eq!(
        out,
        [
            (2, "", Module),
            (3, "", Include),
            (5, "of_module", Module),
            (6, "asks", Undefined),
            (7, "goes_by", Depends),
            (8, "goes_by_that", Depends),
            (9, "good", Duplicate),
            (10, "expression", Expression),
            (11, "slow", Slow),
            (12, "unused", Refused),
        ]
    );
    let undefined = gathered.left_out.iter().find(|one| one.reason == Undefined);
    assert_eq!(
        undefined.unwrap().message,
        "line 6: unknown identifier `nobody`: this identifier has not been declared"
    );
    let text = &gathered.files[0].text;
    assert!(text.contains("/* left out: asks (Undefined) */"), "{text}");
    let line = text.lines().position(|line| line.starts_with("rule last"));
    assert_eq!(line, Some(12), "{text}");
    compiles(&gathered);
}

#[test]
fn malformed_rules_cost_no_other() {
    let gathered = one(
        "rule a { condition: true }\nrule open {\n condition: true\n\
         rule b { condition: a }\nrule c { conditions: true }\nnonsense here\n\
         rule d { strings: $a = \"x condition: $a }\nrule e { condition: b and open }\n\
         rule f { condition: b }\n",
    );
    let (kept, out) = sorted(&gathered);
    assert_eq!(kept, ["a", "b", "f"]);
    use LeftOutReason::{Depends, Syntax};
    assert_eq!(
        out,
        [
            (2, "open", Syntax),
            (5, "c", Syntax),
            (6, "", Syntax),
            (7, "d", Syntax),
            (8, "e", Depends),
        ]
    );
    compiles(&gathered);
}

#[test]
fn a_lost_global_rule_takes_what_stands_under_it() {
    let text = "rule a { condition: true }\nglobal rule g { condition: lost }\nrule b { condition: true }\n";
    let gathered = one(text);
    let (kept, out) = sorted(&gathered);
    assert!(kept.is_empty() && gathered.files.is_empty());
    use LeftOutReason::{Depends, Undefined};
    assert_eq!(
        out,
        [(2, "g", Undefined), (1, "a", Depends), (3, "b", Depends)]
    );
    let kept = one("global private rule g { condition: true }\nrule b { condition: true }\n");
    assert_eq!(sorted(&kept).0, ["g", "b"]);
    assert!(kept.files[0].rules[0].private && !kept.files[0].rules[1].private);
}

#[test]
fn expressions_that_only_others_take_are_read_as_they_do() {
    let text = r#"rule a { strings: $a = /x\Rule{/ condition: $a }"#;
    let gathered = one(text);
    assert_eq!(sorted(&gathered), (vec!["a"], vec![]));
    assert!(gathered.relaxed_expressions);
    compiles(&gathered);
    assert!(!one("rule a { condition: true }").relaxed_expressions);
}

#[test]
fn what_others_define_is_defined_and_what_is_always_empty_is_told() {
    let gathered = one(
        "rule a { condition: filename == \"x\" and filepath contains \"y\" and extension == \".z\" }\n\
         rule b { meta: owner = \"me\" condition: filetype == \"EXE\" or owner == \"root\" }\n",
    );
    let asks: Vec<_> = gathered.files[0]
        .rules
        .iter()
        .map(|rule| &rule.asks_empty)
        .collect();
    assert!(asks[0].is_empty());
    assert_eq!(*asks[1], ["filetype", "owner"]);
    assert!(gathered.left_out.is_empty());
}

#[test]
fn a_message_is_cut_at_its_limit() {
    let name = "é".repeat(LEFT_OUT_MESSAGE_BYTES_MAX);
    let cut = shortened(&format!("x{name}"));
    assert_eq!(cut.len(), LEFT_OUT_MESSAGE_BYTES_MAX - 1);
    let long = "n".repeat(LEFT_OUT_MESSAGE_BYTES_MAX);
    let gathered = one(&format!("rule a {{ condition: {long} }}"));
    assert_eq!(
        gathered.left_out[0].message.len(),
        LEFT_OUT_MESSAGE_BYTES_MAX
    );
}

#[test]
fn a_file_without_a_rule_is_listed() {
    let gathered = one("this is no set at all");
    assert!(gathered.files.is_empty());
    assert_eq!(sorted(&gathered).1, [(1, "", LeftOutReason::Syntax)]);
    assert_eq!(one("// nothing\n"), Gathered::default());
}

#[test]
fn what_takes_too_long_is_left_out_with_what_goes_by_it() {
    let gathered = one("import \"hash\"\nrule quick { condition: true }\n\
         private rule long { condition: quick and for any i in (1..400) : (hash.sha256(i, filesize - i) == \"\") }\n\
         rule goes_by { condition: long }\n");
    let (kept, out) = sorted(&gathered);
    assert_eq!(kept, ["quick"]);
    use LeftOutReason::{Depends, Slow};
    assert_eq!(out, [(3, "long", Slow), (4, "goes_by", Depends)]);
    let message = &gathered.left_out[0].message;
    assert!(
        message.starts_with("it takes ") && message.ends_with(" ms of processor time for 1 MiB")
    );
}
