use wire::Digest;
use wire::scan::{Spare, WORKERS_MAX};
use wire::worker::Place;

use super::*;

fn order(target: TargetKind, files_max: u64) -> Order {
    let limits = Limits {
        files_max,
        ..Limits::default()
    };
    Order {
        target,
        size_bytes: 0,
        limits,
        spare: Spare {
            unallocated: true,
            deleted: true,
        },
        delivery: false,
        workers: WORKERS_MAX,
        lists: Vec::new(),
        consultation: None,
    }
}

fn item(volume: Option<u32>, name: &str) -> Item {
    Item {
        volume,
        path: MediumName::new(name).unwrap(),
        kind: RowKind::File,
        size_bytes: 10,
        locator: Locator::Path,
        findings: Vec::new(),
        share: Share {
            allocated_bytes: 10,
            ..Share::default()
        },
    }
}

fn clean(volume: Option<u32>, name: &str) -> Row {
    Row {
        volume,
        path: MediumName::new(name).unwrap(),
        within: Vec::new(),
        kind: RowKind::File,
        size_bytes: 10,
        sha256: Some(Digest([1; 32])),
        content_type: None,
        outcome: Outcome::Clean,
        inherited: false,
        findings: Vec::new(),
    }
}

fn place() -> Place {
    Place {
        offset_bytes: 0,
        size_bytes: 100,
        kind: "fat16".to_owned(),
    }
}

fn rows(news: &[News]) -> Vec<&Row> {
    news.iter()
        .filter_map(|one| match one {
            News::Row(row) => Some(&**row),
            News::Ready { .. }
            | News::Layout { .. }
            | News::Progress(_)
            | News::Volume(_)
            | News::Delivered(_)
            | News::End(_)
            | News::Failed { .. } => None,
        })
        .collect()
}

/// A board with one walked volume of `names`, ready to examine.
fn walked(names: &[&str], files_max: u64) -> (Board, Vec<News>) {
    let mut board = Board::new(&order(TargetKind::Image, files_max));
    let mut news = Vec::new();
    let layout = board.next().unwrap();
    news.extend(board.answer(&layout, Answer::Volume(place())).unwrap().0);
    let done = Answer::Layout {
        scheme: "mbr".to_owned(),
        findings: Vec::new(),
    };
    news.extend(board.answer(&layout, done).unwrap().0);
    let walk = board.next().unwrap();
    for name in names {
        let found = Answer::Item(Box::new(item(Some(0), name)));
        news.extend(board.answer(&walk, found).unwrap().0);
    }
    let done = Answer::Walked {
        label: MediumName::default(),
        allocated_bytes: 20,
        unallocated_bytes: 80,
        findings: Vec::new(),
    };
    news.extend(board.answer(&walk, done).unwrap().0);
    (board, news)
}

fn totals(board: &Board) -> Totals {
    let News::End(totals) = board.end() else {
        panic!("no end")
    };
    totals
}

#[test]
fn the_share_of_a_content_becomes_what_was_read_of_it() {
    let (mut board, _) = walked(&["a", "b", "c", "d"], 100);
    let mut last = Vec::new();
    for reading in [
        Some(Reading::Whole),
        Some(Reading::Zero),
        Some(Reading::Partial),
        None,
    ] {
        let task = board.next().unwrap();
        let Some(reading) = reading else {
            last = board.lost(task, Gap::Timeout, "late");
            continue;
        };
        let done = Answer::Examined {
            bytes_read: 10,
            bytes_hashed: 10,
            reading,
        };
        board.answer(&task, done).unwrap();
    }
    let Some(News::Volume(report)) = last.last() else {
        panic!("no report: {last:?}")
    };
    let expected = Coverage {
        allocated_bytes: 20,
        examined_bytes: 10,
        zero_bytes: 10,
        unreadable_bytes: 10,
        unallocated_bytes: 80,
        ..Coverage::default()
    };
    assert_eq!(report.coverage, expected);
}

#[test]
fn contents_are_read_in_the_order_of_the_medium() {
    let mut board = Board::new(&order(TargetKind::Image, 100));
    let layout = board.next().unwrap();
    let at = |name: &str, position_bytes| Item {
        share: Share {
            position_bytes,
            allocated_bytes: 10,
            ..Share::default()
        },
        volume: None,
        ..item(None, name)
    };
    for (name, position) in [("third", 900), ("first", 5), ("second", 5)] {
        let found = Answer::Item(Box::new(at(name, position)));
        board.answer(&layout, found).unwrap();
    }
    let done = Answer::Layout {
        scheme: "mbr".to_owned(),
        findings: Vec::new(),
    };
    board.answer(&layout, done).unwrap();
    let order = std::iter::from_fn(|| board.next()).map(|task| match task.job {
        Job::Examine { item, .. } => item.path.as_text().unwrap().to_owned(),
        Job::Layout | Job::Walk { .. } | Job::ReadBack => panic!("another job"),
    });
    assert_eq!(order.collect::<Vec<_>>(), ["first", "second", "third"]);
    assert_eq!(totals(&board).outside.allocated_bytes, 30);
}

#[test]
fn everything_found_leaves_as_a_row_and_then_its_volume_is_reported() {
    let (mut board, _) = walked(&["a", "b"], 100);
    for name in ["a", "b"] {
        assert!(!board.is_done());
        let task = board.next().unwrap();
        let row = Answer::Row(Box::new(clean(Some(0), name)));
        assert_eq!(rows(&board.answer(&task, row).unwrap().0).len(), 1);
        let done = Answer::Examined {
            bytes_read: 10,
            bytes_hashed: 12,
            reading: Reading::Whole,
        };
        let (news, ended) = board.answer(&task, done).unwrap();
        assert!(ended);
        assert_eq!(news.len(), usize::from(name == "b"), "{news:?}");
    }
    assert!(board.is_done());
    let expected = Totals {
        rows: 2,
        volumes: 1,
        bytes_read: 20,
        bytes_hashed: 24,
        outside: wire::Coverage::default(),
    };
    assert_eq!(totals(&board), expected);
}

#[test]
fn a_lost_worker_costs_one_file_and_no_more() {
    let (mut board, _) = walked(&["a", "b"], 100);
    let task = board.next().unwrap();
    let news = board.lost(task, Gap::Damaged, "the worker died");
    assert_eq!(rows(&news)[0].outcome, Outcome::Unchecked(Gap::Damaged));
    assert_eq!(rows(&news)[0].path.as_bytes(), b"a");
    assert!(!board.is_done());
    assert!(board.next().is_some());
}

#[test]
fn a_lost_walk_is_a_row_and_a_report() {
    let mut board = Board::new(&order(TargetKind::Image, 100));
    let layout = board.next().unwrap();
    board.answer(&layout, Answer::Volume(place())).unwrap();
    board
        .answer(
            &layout,
            Answer::Layout {
                scheme: "mbr".to_owned(),
                findings: Vec::new(),
            },
        )
        .unwrap();
    let walk = board.next().unwrap();
    let news = board.lost(walk, Gap::Timeout, "late");
    assert_eq!(rows(&news)[0].outcome, Outcome::Unchecked(Gap::Timeout));
    assert!(news.iter().any(|one| matches!(one, News::Volume(_))));
    assert!(board.is_done());
}

#[test]
fn past_files_max_one_row_says_so_and_what_is_matched_still_comes() {
    let (mut board, news) = walked(&["a", "b", "c", "d"], 2);
    assert_eq!(rows(&news).len(), 1);
    assert_eq!(rows(&news)[0].outcome, Outcome::Unchecked(Gap::Limit));
    let task = board.next().unwrap();
    let mut member = clean(Some(0), "member");
    for _ in 0..3 {
        let row = Answer::Row(Box::new(member.clone()));
        board.answer(&task, row).unwrap();
    }
    assert_eq!(totals(&board).rows, 2);
    member.outcome = Outcome::Matched;
    let news = board
        .answer(&task, Answer::Row(Box::new(member)))
        .unwrap()
        .0;
    assert_eq!(rows(&news).len(), 1);
}

#[test]
fn when_time_is_up_everything_that_waits_is_a_row() {
    let (mut board, _) = walked(&["a", "b", "c"], 100);
    let news = board.cut_short();
    let late = |row: &&Row| row.outcome == Outcome::Unchecked(Gap::Timeout);
    assert_eq!(rows(&news).into_iter().filter(late).count(), 3);
    assert!(board.is_done());

    let mut folder = Board::new(&order(TargetKind::Folder, 100));
    assert!(!folder.is_done());
    assert_eq!(rows(&folder.cut_short()).len(), 1);
    assert!(folder.is_done());
}

#[test]
fn a_worker_is_not_believed_about_what_is_not_its_job() {
    let (mut board, _) = walked(&["a"], 100);
    let task = board.next().unwrap();
    for answer in [
        Answer::Ready,
        Answer::Volume(place()),
        Answer::Item(Box::new(item(Some(0), "x"))),
        Answer::Row(Box::new(clean(Some(1), "other volume"))),
        Answer::Row(Box::new(clean(None, "no volume"))),
        Answer::Layout {
            scheme: "mbr".to_owned(),
            findings: Vec::new(),
        },
    ] {
        assert!(board.answer(&task, answer.clone()).is_err(), "{answer:?}");
    }
}

#[test]
fn more_volumes_than_the_limit_are_one_gap_each() {
    let mut board = Board::new(&order(TargetKind::Image, 1000));
    let layout = board.next().unwrap();
    for _ in 0..wire::ledger::VOLUMES_MAX {
        assert!(
            board
                .answer(&layout, Answer::Volume(place()))
                .unwrap()
                .0
                .is_empty()
        );
    }
    let news = board.answer(&layout, Answer::Volume(place())).unwrap().0;
    assert_eq!(rows(&news)[0].outcome, Outcome::Unchecked(Gap::Limit));
}

#[test]
fn files_of_a_folder_wait_in_the_socket_past_the_limit() {
    let mut board = Board::new(&order(TargetKind::Folder, 100));
    let file = || jail::memory::sealed("file", b"x").unwrap();
    for number in 0..LOOSE_WAITING_MAX {
        assert!(board.wants_supply());
        let path = MediumName::new(number.to_string()).unwrap();
        board
            .supply(
                Supply::File {
                    path,
                    size_bytes: 1,
                },
                Some(file()),
            )
            .unwrap();
    }
    assert!(!board.wants_supply());
    assert!(board.next().is_some());
    assert!(board.wants_supply());
    board.supply(Supply::End, None).unwrap();
    assert!(!board.wants_supply());
    assert!(board.supply(Supply::End, None).is_err());
}

#[test]
fn a_content_that_ends_its_worker_keeps_what_the_second_engine_found_in_it() {
    let (mut board, _) = walked(&["a", "b"], 100);
    let mut lost = |findings: &[Finding]| {
        let mut task = board.next().unwrap();
        for found in findings {
            Board::remember(&mut task, found);
        }
        let news = board.lost(task, Gap::Damaged, "the worker died");
        rows(&news)[0].clone()
    };
    let said = |rule, tier| Finding::own(rule, Source::Clamav, tier, "");
    let (first, second) = (said("one", Tier::Block), said("two", Tier::Block));
    let row = lost(&[said("limit", Tier::Incomplete), first.clone(), second]);
    assert_eq!(row.outcome, Outcome::Matched);
    assert_eq!(row.findings.first(), Some(&first));
    assert_eq!(row.findings.len(), 2);
    let row = lost(&[said("limit", Tier::Incomplete)]);
    assert_eq!(row.outcome, Outcome::Unchecked(Gap::Damaged));
}

#[test]
fn a_content_that_is_asked_about_has_the_time_for_it() {
    let allowed = |consultation| {
        let order = Order {
            consultation,
            ..order(TargetKind::Folder, 10)
        };
        let mut board = Board::new(&order);
        let descriptor = Some(jail::memory::sealed("file", b"x").unwrap());
        let path = MediumName::new("a").unwrap();
        let file = Supply::File {
            path,
            size_bytes: 1,
        };
        board.supply(file, descriptor).unwrap();
        board.next().unwrap().allowed
    };
    let alone = allowed(None);
    let asked = allowed(Some(Consultation {
        members: true,
        seconds_max: 7,
    }));
    assert_eq!(asked, alone * 2 + Duration::from_secs(7));
}
