use jiff::tz::{Offset, TimeZone};

use super::*;
use crate::{allowlist, contractors};

fn at(now: &str) -> Moment {
    Moment {
        now: now.parse().unwrap(),
        zone: TimeZone::fixed(Offset::constant(9)),
    }
}

fn list() -> Allowlist {
    let medium = |id: &str, serial: &str, company: &str| {
        format!(
            "[[medium]]\nid = \"{id}\"\nvid = \"0951\"\npid = \"1666\"\nserial = \"{serial}\"\n\
             interfaces = [\"08:06:50\"]\ncapacity_bytes = 1000\nowner = \"o\"\n\
             company = \"{company}\"\nvalid_from = 2026-01-01\nvalid_until = 2030-12-31\n\
             status = \"active\"\nstorage_place = \"s\"\n"
        )
    };
    let text = [
        medium("A", "1", "保守会社A"),
        medium("B", "2", "保守会社A"),
        medium("C", "3", "設備課"),
    ];
    allowlist::parse(&text.concat()).unwrap()
}

fn contractors() -> Contractors {
    contractors::parse(
        "[[company]]\nname = \"保守会社A\"\ncontract_until = 2026-11-30T17:00:00\n\
         [[visit]]\nid = \"V-1\"\nperson = \"山田\"\ncompany = \"保守会社A\"\n\
         valid_from = 2026-11-30\nvalid_until = 2026-11-30T16:00:00\ncode = \"048213\"\n\
         [[visit]]\nid = \"V-2\"\nperson = \"鈴木\"\ncompany = \"保守会社A\"\nmedia = [\"B\"]\n\
         valid_from = 2026-11-29\nvalid_until = 2026-12-31\nbadge = \"BADGE-7\"\n",
    )
    .unwrap()
}

fn registered(id: &str) -> Admission {
    Admission::Registered { id: id.to_owned() }
}

fn code(admission: &Admission) -> Option<ReasonCode> {
    admission.refusal().map(|refusal| refusal.code)
}

#[test]
fn a_medium_ends_with_its_companys_contract_to_the_second() {
    let asked = |id, now| under_contract(registered(id), &list(), &contractors(), &at(now));
    assert_eq!(asked("A", "2026-11-30T07:59:59Z"), registered("A"));
    let ended = asked("A", "2026-11-30T08:00:00Z");
    assert_eq!(code(&ended), Some(ReasonCode::Expired));
    let refusal = ended.refusal().unwrap();
    assert_eq!(refusal.entry.as_deref(), Some("A"));
    assert_eq!(
        refusal.detail,
        "the contract of its company ended 2026-11-30T17:00:00"
    );
    // The plant's own media have no contract that could end.
    assert_eq!(asked("C", "2029-01-01T00:00:00Z"), registered("C"));
}

#[test]
fn a_visit_covers_the_media_it_names_or_all_of_its_company() {
    let all = contractors();
    let asked = |id, visit, now| {
        let visit = all.visit(visit);
        code(&on_visit(registered(id), &list(), &all, visit, &at(now)))
    };
    let noon = "2026-11-30T03:00:00Z";
    assert_eq!(asked("A", "V-1", noon), None);
    assert_eq!(asked("B", "V-1", noon), None);
    assert_eq!(asked("C", "V-1", noon), Some(ReasonCode::NoVisit));
    assert_eq!(asked("B", "V-2", noon), None);
    assert_eq!(asked("A", "V-2", noon), Some(ReasonCode::NoVisit));
    assert_eq!(asked("A", "none", noon), Some(ReasonCode::NoVisit));
    // The visit would go on; its company's contract does not, whoever the medium is of.
    assert_eq!(
        asked("B", "V-2", "2026-11-30T08:00:00Z"),
        Some(ReasonCode::Expired)
    );
    let (early, late) = ("2026-11-29T14:59:59Z", "2026-11-30T07:00:00Z");
    assert_eq!(asked("A", "V-1", early), Some(ReasonCode::NotYetValid));
    assert_eq!(asked("A", "V-1", late), Some(ReasonCode::Expired));
}

#[test]
fn a_visit_makes_nothing_good_that_the_list_refused() {
    let refused = refused(ReasonCode::Lost, "A", "lost".to_owned());
    let contractors = contractors();
    let visit = contractors.visit("V-1");
    let noon = at("2026-11-30T03:00:00Z");
    let asked = on_visit(refused.clone(), &list(), &contractors, visit, &noon);
    assert_eq!(asked, refused);
    let asked = under_contract(refused.clone(), &list(), &contractors, &noon);
    assert_eq!(asked, refused);
    let by_hand = on_visit(Admission::ByHand, &list(), &contractors, None, &noon);
    assert_eq!(by_hand, Admission::ByHand);
}

#[test]
fn a_code_or_badge_finds_its_visit_while_it_may_be_used() {
    let all = contractors();
    let found = |typed, now| all.for_code(typed, &at(now)).map(|visit| visit.id.as_str());
    let noon = "2026-11-30T03:00:00Z";
    assert_eq!(found("048213", noon), Ok("V-1"));
    assert_eq!(found("BADGE-7", noon), Ok("V-2"));
    assert_eq!(found("", noon), Err(CodeFault::Unknown));
    assert_eq!(found("048214", noon), Err(CodeFault::Unknown));
    let early = found("048213", "2026-11-29T03:00:00Z");
    assert!(matches!(early, Err(CodeFault::NotYetValid(_))));
    let late = found("048213", "2026-11-30T07:00:00Z");
    assert!(matches!(late, Err(CodeFault::Ended(_))));
    // The visit would go on; the contract does not.
    let over = found("BADGE-7", "2026-11-30T08:00:00Z");
    assert!(matches!(over, Err(CodeFault::Ended(_))));
}

use crate::contractors::CodeFault;
