use jiff::civil::date;
use proptest::prelude::*;
use wire::MediumName;

use super::*;
use crate::allowlist::parse;

const TODAY: Date = date(2026, 11, 23);

/// Two media, with the status and the last day of the first as given.
fn list_with(status: &str, from: &str, until: &str) -> Allowlist {
    let rest = "interfaces = [\"08:06:62\", \"08:06:50\"]\ncapacity_bytes = 1000\nowner = \"o\"\n\
                company = \"c\"\nstorage_place = \"s\"\n";
    parse(&format!(
        "[[medium]]\nid = \"A\"\nvid = \"0951\"\npid = \"1666\"\nserial = \"S-100\"\n{rest}\
         status = \"{status}\"\nvalid_from = {from}\nvalid_until = {until}\n\
         [[medium]]\nid = \"B\"\nvid = \"0951\"\npid = \"1666\"\nserial = \"S-200\"\n{rest}\
         status = \"active\"\nvalid_from = 2026-01-01\nvalid_until = 2026-12-31\n"
    ))
    .unwrap()
}

fn list() -> Allowlist {
    list_with("active", "2026-11-23", "2026-11-23")
}

fn interfaces(texts: &[&str]) -> Vec<Interface> {
    texts
        .iter()
        .map(|text| Interface::try_from((*text).to_owned()).unwrap())
        .collect()
}

fn claim() -> Claim {
    Claim {
        vid: 0x0951,
        pid: 0x1666,
        serial: Some(MediumName::new("S-100").unwrap()),
        manufacturer: MediumName::default(),
        product: MediumName::default(),
        interfaces: interfaces(&["08:06:50", "08:06:62"]),
        capacity_bytes: Some(1000),
        usb: None,
    }
}

fn serial(text: &str) -> Option<MediumName> {
    Some(MediumName::new(text).unwrap())
}

#[track_caller]
fn assert_refused(
    claim: &Claim,
    list: &Allowlist,
    code: ReasonCode,
    entry: Option<&str>,
    detail: &str,
) {
    let admission = admit(claim, list, TODAY);
    let refusal = admission.refusal().unwrap();
    assert_eq!(
        (refusal.code, refusal.entry.as_deref()),
        (code, entry),
        "{refusal:?}"
    );
    assert_eq!(refusal.detail, detail);
    assert_eq!(admission.medium(), None);
}

#[test]
fn a_registered_medium_is_admitted_on_its_first_and_last_day() {
    assert_eq!(
        admit(&claim(), &list(), TODAY),
        Admission::Registered { id: "A".to_owned() }
    );
    assert_eq!(admit(&claim(), &list(), TODAY).medium(), Some("A"));
}

#[test]
fn the_day_after_the_last_is_expired_and_the_day_before_the_first_not_yet_valid() {
    use ReasonCode::{Expired, NotYetValid};
    let over = list_with("active", "2026-01-01", "2026-11-22");
    assert_refused(
        &claim(),
        &over,
        Expired,
        Some("A"),
        "valid until 2026-11-22",
    );
    let early = list_with("active", "2026-11-24", "2026-12-31");
    assert_refused(
        &claim(),
        &early,
        NotYetValid,
        Some("A"),
        "valid from 2026-11-24",
    );
}

#[test]
fn withdrawn_and_lost_media_are_refused_whatever_their_dates() {
    for (status, code, detail) in [
        ("revoked", ReasonCode::Revoked, "the medium was withdrawn"),
        ("lost", ReasonCode::Lost, "the medium was reported lost"),
    ] {
        for until in ["2020-01-01", "2099-01-01"] {
            let list = list_with(status, "2019-01-01", until);
            assert_refused(&claim(), &list, code, Some("A"), detail);
        }
    }
}

#[test]
fn a_function_besides_storage_is_refused_first_under_any_name() {
    use ReasonCode::NotStorage;
    let keyboard = Claim {
        interfaces: interfaces(&["08:06:50", "03:01:01"]),
        ..claim()
    };
    let detail = "interface 03:01:01 is not plain storage";
    assert_refused(&keyboard, &list(), NotStorage, Some("A"), detail);
    let unknown = Claim {
        serial: None,
        ..keyboard
    };
    assert_refused(&unknown, &list(), NotStorage, None, detail);
    let nothing = Claim {
        interfaces: Vec::new(),
        ..claim()
    };
    assert_refused(
        &nothing,
        &list(),
        NotStorage,
        Some("A"),
        "the medium shows no interface",
    );
}

#[test]
fn the_right_name_on_another_body_is_a_suspected_clone() {
    use ReasonCode::CloneSuspected;
    let larger = Claim {
        capacity_bytes: Some(1001),
        ..claim()
    };
    let detail = "capacity differs from the registered medium";
    assert_refused(&larger, &list(), CloneSuspected, Some("A"), detail);
    let simpler = Claim {
        interfaces: interfaces(&["08:06:50"]),
        ..claim()
    };
    let detail = "interfaces differ from the registered medium";
    assert_refused(&simpler, &list(), CloneSuspected, Some("A"), detail);
    let both = Claim {
        capacity_bytes: Some(1),
        ..simpler
    };
    let detail = "interfaces and capacity differ from the registered medium";
    assert_refused(&both, &list(), CloneSuspected, Some("A"), detail);
}

#[test]
fn an_unregistered_medium_names_the_nearest_entry() {
    use ReasonCode::Unregistered;
    let near = Claim {
        serial: serial("S-201"),
        ..claim()
    };
    assert_refused(
        &near,
        &list(),
        Unregistered,
        Some("B"),
        "serial differs from this entry",
    );
    let far = Claim {
        serial: serial("X"),
        ..claim()
    };
    assert_refused(
        &far,
        &list(),
        Unregistered,
        Some("A"),
        "serial differs from this entry",
    );
    let other_pid = Claim { pid: 1, ..claim() };
    let detail = "vendor or product differs from this entry";
    assert_refused(&other_pid, &list(), Unregistered, Some("A"), detail);
    let stranger = Claim {
        vid: 1,
        serial: serial("X"),
        ..claim()
    };
    assert_refused(
        &stranger,
        &list(),
        Unregistered,
        None,
        "no entry is like it",
    );
}

#[test]
fn a_medium_without_a_serial_is_unregistered_and_says_so() {
    let detail = "the medium has no serial number, so it cannot be told from others of its kind";
    for none in [None, serial("")] {
        let claim = Claim {
            serial: none,
            ..claim()
        };
        assert_refused(&claim, &list(), ReasonCode::Unregistered, None, detail);
    }
}

#[test]
fn an_entry_without_a_serial_admits_nothing() {
    let text = "[[medium]]\nid = \"A\"\nvid = \"0951\"\npid = \"1666\"\ninterfaces = [\"08:06:50\"]\n\
                capacity_bytes = 1\nowner = \"o\"\ncompany = \"c\"\nstatus = \"active\"\n\
                valid_from = 2026-01-01\nvalid_until = 2099-01-01\nstorage_place = \"s\"\n";
    let list = parse(text).unwrap();
    for serial in [None, serial(""), serial("S")] {
        let claim = Claim {
            serial,
            interfaces: interfaces(&["08:06:50"]),
            capacity_bytes: Some(1),
            ..claim()
        };
        let admission = admit(&claim, &list, TODAY);
        assert_eq!(admission.refusal().unwrap().code, ReasonCode::Unregistered);
    }
}

#[test]
fn judged_as_a_registered_medium_needs_that_medium_to_be_usable() {
    let as_a = |list: &Allowlist| admit_as(list, "A", TODAY);
    assert_eq!(
        as_a(&list()),
        Admission::AsRegistered { id: "A".to_owned() }
    );
    assert_eq!(
        admit_as(&list(), "C", TODAY).refusal().unwrap().code,
        ReasonCode::Unregistered
    );
    let lost = list_with("lost", "2026-01-01", "2026-12-31");
    assert_eq!(as_a(&lost).refusal().unwrap().code, ReasonCode::Lost);
    let over = list_with("active", "2026-01-01", "2026-11-22");
    assert_eq!(as_a(&over).refusal().unwrap().code, ReasonCode::Expired);
}

proptest! {
    #[test]
    fn only_a_claim_equal_in_every_part_is_admitted(
        vid in prop_oneof![Just(0x0951_u16), any::<u16>()],
        pid in prop_oneof![Just(0x1666_u16), any::<u16>()],
        name in prop_oneof![Just("S-100".to_owned()), "[S0-9-]{0,6}"],
        capacity in prop_oneof![Just(1000_u64), any::<u64>()],
        parts in prop::collection::vec(
            prop_oneof![Just("08:06:50"), Just("08:06:62"), Just("03:01:01")], 0..4),
        shift in -400_i32..400,
    ) {
        let today = TODAY.checked_add(jiff::Span::new().days(shift)).unwrap();
        let list = list_with("active", "2026-06-01", "2027-05-31");
        let claim = Claim {
            vid, pid, serial: serial(&name), capacity_bytes: Some(capacity),
            interfaces: interfaces(&parts), ..claim()
        };
        let mut sorted = parts.clone();
        sorted.sort_unstable();
        let equal = |serial: &str| (vid, pid, name.as_str(), capacity) == (0x0951, 0x1666, serial, 1000)
            && sorted == ["08:06:50", "08:06:62"];
        let in_time = |from: Date, until: Date| from <= today && today <= until;
        let a = equal("S-100") && in_time(date(2026, 6, 1), date(2027, 5, 31));
        let b = equal("S-200") && in_time(date(2026, 1, 1), date(2026, 12, 31));
        let admitted = matches!(admit(&claim, &list, today), Admission::Registered { .. });
        prop_assert_eq!(admitted, a || b);
    }
}

#[test]
fn a_device_without_a_driver_is_asked_everything_but_its_capacity() {
    let unknown = Claim {
        capacity_bytes: None,
        ..claim()
    };
    let unbound = admit_unbound(&unknown, &list(), TODAY);
    assert_eq!(unbound.medium(), Some("A"));
    // A capacity that was never seen is no capacity that agrees.
    let refusal = admit(&unknown, &list(), TODAY);
    assert_eq!(refusal.refusal().unwrap().code, ReasonCode::CloneSuspected);
    let keyboard = Claim {
        interfaces: interfaces(&["08:06:50", "03:01:01"]),
        ..unknown.clone()
    };
    let refused = admit_unbound(&keyboard, &list(), TODAY);
    let refusal = refused.refusal().unwrap();
    assert_eq!(refusal.code, ReasonCode::NotStorage);
    assert_eq!(refusal.function, Some(wire::Function::Keyboard));
    let stranger = Claim {
        serial: serial("nobody"),
        ..unknown
    };
    let refused = admit_unbound(&stranger, &list(), TODAY);
    assert_eq!(refused.refusal().unwrap().code, ReasonCode::Unregistered);
}

#[test]
fn of_several_functions_the_most_dangerous_is_named() {
    let odd = Claim {
        interfaces: interfaces(&["02:06:00", "08:06:50", "03:01:01", "ff:00:00"]),
        ..claim()
    };
    let refused = admit(&odd, &list(), TODAY);
    let function = refused.refusal().unwrap().function;
    assert_eq!(function, Some(wire::Function::Keyboard));
}

/// Two entries by their model, and one with a serial number that must have its strings too.
fn models() -> Allowlist {
    let rest = "interfaces = [\"08:06:50\"]\nowner = \"o\"\ncompany = \"c\"\nstorage_place = \"s\"\n\
                status = \"active\"\nvalid_from = 2026-01-01\nvalid_until = 2026-12-31\n\
                vid = \"0951\"\npid = \"1666\"\nmanufacturer = \"Acme\"\nproduct = \"Plain\"\n\
                release = \"0110\"\n";
    parse(&format!(
        "[[medium]]\nid = \"SMALL\"\nidentity = \"model\"\ncapacity_bytes = 1000\n{rest}\
         [[medium]]\nid = \"LARGE\"\nidentity = \"model\"\ncapacity_bytes = 2000\n{rest}\
         [[medium]]\nid = \"NAMED\"\nserial = \"S-1\"\ncapacity_bytes = 1000\n{rest}"
    ))
    .unwrap()
}

fn nameless() -> Claim {
    Claim {
        serial: None,
        manufacturer: MediumName::new("Acme").unwrap(),
        product: MediumName::new("Plain").unwrap(),
        interfaces: interfaces(&["08:06:50"]),
        usb: Some(wire::claim::Attachment {
            port: "1-1".to_owned(),
            release: "0110".to_owned(),
            descriptors_sha256: wire::Digest([0; 32]),
            descriptors: wire::claim::Descriptors::cut(&[]),
        }),
        ..claim()
    }
}

#[test]
fn a_medium_without_a_serial_number_is_known_by_all_of_its_model() {
    let list = models();
    let id = |claim: &Claim| admit(claim, &list, TODAY).medium().map(str::to_owned);
    let sized = |bytes| Claim {
        capacity_bytes: Some(bytes),
        ..nameless()
    };
    assert_eq!(id(&sized(1000)).as_deref(), Some("SMALL"));
    assert_eq!(id(&sized(2000)).as_deref(), Some("LARGE"));
    assert_refused(
        &sized(3000),
        &list,
        ReasonCode::Unregistered,
        Some("SMALL"),
        "capacity differs from this entry, which is known by its model alone",
    );
    let other = Claim {
        product: MediumName::new("Other").unwrap(),
        ..nameless()
    };
    let detail = "the medium is of another model than this entry";
    assert_refused(
        &other,
        &list,
        ReasonCode::Unregistered,
        Some("SMALL"),
        detail,
    );
    let unattached = Claim {
        usb: None,
        ..nameless()
    };
    assert_eq!(id(&unattached), None, "without its release");
    // An empty serial number is none; a medium that has one is nobody's model.
    let empty = Claim {
        serial: serial(""),
        ..nameless()
    };
    assert_eq!(id(&empty).as_deref(), Some("SMALL"));
    let named = Claim {
        serial: serial("S-2"),
        ..nameless()
    };
    assert_eq!(id(&named), None);
}

#[test]
fn before_its_driver_is_bound_a_model_is_admitted_as_far_as_it_shows() {
    let list = models();
    let unbound = Claim {
        capacity_bytes: None,
        ..nameless()
    };
    assert!(admit_unbound(&unbound, &list, TODAY).medium().is_some());
    assert_eq!(admit(&unbound, &list, TODAY).medium(), None);
}

#[test]
fn strings_that_an_entry_asks_for_must_be_the_mediums() {
    let list = models();
    let named = Claim {
        serial: serial("S-1"),
        ..nameless()
    };
    assert_eq!(admit(&named, &list, TODAY).medium(), Some("NAMED"));
    let renamed = Claim {
        product: MediumName::new("Pl\u{202e}ain").unwrap(),
        ..named
    };
    let admission = admit(&renamed, &list, TODAY);
    let refusal = admission.refusal().unwrap();
    assert_eq!(refusal.code, ReasonCode::CloneSuspected);
    assert_eq!(refusal.detail, "product differs from the registered medium");
    let told = refusal.told();
    assert_eq!(told.differences[0].listed, "Plain");
    let claimed = told.differences[0].claimed.as_deref().unwrap();
    assert!(!claimed.chars().any(wire::name::is_hidden), "{claimed}");
}

#[test]
fn what_differs_is_told_of_both() {
    let other = Claim {
        capacity_bytes: Some(7),
        interfaces: interfaces(&["08:06:50"]),
        ..claim()
    };
    let admission = admit(&other, &list(), TODAY);
    let told = admission.refusal().unwrap().told();
    let said: Vec<_> = told
        .differences
        .iter()
        .map(|one| {
            (
                one.key.as_str(),
                one.listed.as_str(),
                one.claimed.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            ("interfaces", "08:06:62 08:06:50", Some("08:06:50")),
            ("capacity_bytes", "1000", Some("7")),
        ]
    );
    let near = Claim {
        serial: serial("S-101"),
        ..claim()
    };
    let admission = admit(&near, &list(), TODAY);
    let told = admission.refusal().unwrap().told();
    assert_eq!(
        (
            told.differences[0].listed.as_str(),
            told.differences[0].claimed.as_deref()
        ),
        ("S-100", Some("S-101"))
    );
}
