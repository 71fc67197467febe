use wire::ReasonCode;
use wire::view::OutOfService;

use super::*;
use crate::fixtures::{half_way, incomplete, pass, scanning, shown, stop, view};

const SECOND: Duration = Duration::from_secs(1);

fn after(news: Vec<News>) -> Screen {
    news.into_iter().fold(Screen::new((80, 22), false), update)
}

fn seen(sequence: u64, stages: Vec<Stage>) -> News {
    News::View(Box::new(view(sequence, stages)))
}

fn lanes(screen: &Screen) -> usize {
    match &screen.link {
        Link::Live(view) => view.lanes.len(),
        Link::Connecting | Link::Lost(_) => 0,
    }
}

fn ticks(seconds: u64) -> Vec<News> {
    (0..seconds).map(|_| News::Tick(SECOND)).collect()
}

#[test]
fn a_pass_does_not_outlive_the_silence_of_the_daemon() {
    let told = vec![News::Connected, seen(1, vec![Stage::Judged(pass())])];
    let mut screen = after(told);
    for _ in 1..SILENCE_SECONDS_MAX {
        screen = update(screen, News::Tick(SECOND));
        assert!(matches!(screen.link, Link::Live(_)));
    }
    screen = update(screen, News::Tick(SECOND));
    assert_eq!(screen.link, Link::Lost(Lost::Silent));
}

#[test]
fn a_pass_does_not_outlive_the_connection() {
    let told = vec![
        News::Connected,
        seen(1, vec![Stage::Judged(pass())]),
        News::Disconnected,
    ];
    assert_eq!(after(told).link, Link::Lost(Lost::Disconnected));
    let told = vec![
        News::Connected,
        seen(1, vec![Stage::Judged(pass())]),
        News::Connected,
    ];
    assert_eq!(after(told).link, Link::Lost(Lost::Disconnected));
}

#[test]
fn a_pass_does_not_outlive_a_packet_that_makes_no_sense() {
    let told = vec![
        News::Connected,
        seen(1, vec![Stage::Judged(pass())]),
        News::Garbled,
    ];
    assert_eq!(after(told).link, Link::Lost(Lost::Garbled));
}

#[test]
fn an_older_view_is_not_shown_and_is_no_sign_of_life() {
    let mut told = vec![
        News::Connected,
        seen(5, vec![]),
        seen(4, vec![Stage::Judged(pass())]),
    ];
    assert_eq!(lanes(&after(told.clone())), 0);
    told.extend([
        News::Tick(SECOND),
        News::Tick(SECOND),
        seen(5, vec![]),
        News::Tick(SECOND),
    ]);
    assert_eq!(after(told).link, Link::Lost(Lost::Silent));
}

#[test]
fn a_restarted_daemon_counts_anew_after_a_new_connection() {
    let told = vec![News::Connected, seen(500, vec![]), News::Disconnected];
    let screen = after(told);
    let unheard = update(screen.clone(), seen(1, vec![Stage::Checking]));
    assert_eq!(lanes(&unheard), 0, "not before the new connection");
    let heard = update(
        update(screen, News::Connected),
        seen(1, vec![Stage::Checking]),
    );
    assert_eq!(lanes(&heard), 1);
}

#[test]
fn a_daemon_that_speaks_again_is_shown_again() {
    let mut told = vec![News::Connected, seen(1, vec![])];
    told.extend(ticks(10));
    told.push(seen(2, vec![Stage::Checking]));
    assert_eq!(lanes(&after(told)), 1);
}

#[test]
fn a_daemon_that_is_still_starting_is_not_yet_missed() {
    let mut told = vec![News::Disconnected, News::Tick(SECOND), News::Disconnected];
    assert_eq!(after(told.clone()).link, Link::Connecting);
    told.extend(ticks(SILENCE_SECONDS_MAX));
    assert_eq!(after(told).link, Link::Lost(Lost::Silent));
}

#[test]
fn a_view_that_contradicts_itself_is_not_believed() {
    let mut with_reason = pass();
    with_reason.reasons = shown(Verdict::Stop, &[(ReasonCode::Limit, 1)]).reasons;
    let mut unregistered = pass();
    unregistered.medium = None;
    let mut unrecorded = pass();
    unrecorded.entry.number = 0;
    for false_pass in [with_reason, unregistered, unrecorded] {
        for stage in [
            Stage::Judged(false_pass.clone()),
            Stage::Removed(false_pass.clone()),
        ] {
            let screen = after(vec![News::Connected, seen(1, vec![stage])]);
            assert_eq!(screen.link, Link::Lost(Lost::Garbled));
        }
    }
    for true_answer in [pass(), stop(), incomplete()] {
        let told = vec![News::Connected, seen(1, vec![Stage::Judged(true_answer)])];
        assert_eq!(lanes(&after(told)), 1);
    }
}

#[test]
fn more_lanes_than_ports_are_not_believed() {
    let full = seen(1, vec![Stage::Checking; LANES_MAX]);
    assert_eq!(lanes(&after(vec![full])), LANES_MAX);
    let over = seen(1, vec![Stage::Checking; LANES_MAX + 1]);
    assert_eq!(after(vec![over]).link, Link::Lost(Lost::Garbled));
}

#[test]
fn no_key_changes_or_leaves_a_real_kiosk() {
    let screen = after(vec![seen(1, vec![])]);
    for key in ['0', '1', '4', 'q', '\u{3}', '\u{1b}'] {
        let (pressed, wish) = update(screen.clone(), News::Key(Key::Character(key))).take_wish();
        assert_eq!((&pressed, wish), (&screen, None));
    }
}

#[test]
fn a_key_of_the_virtual_bay_is_asked_for_once() {
    let pressed = update(Screen::new((80, 22), true), News::Key(Key::Character('2')));
    let (taken, wish) = pressed.take_wish();
    assert_eq!(wish, Some(Wish::Insert(2)));
    assert_eq!(taken.take_wish().1, None);
}

#[test]
fn the_estimate_follows_its_lane_and_starts_anew_with_another_medium() {
    let told = vec![seen(1, vec![scanning(half_way(), 60)])];
    let screen = after(told);
    assert!(screen.etas[0].seconds().is_some());
    let mut other = view(2, vec![scanning(half_way(), 2)]);
    other.lanes[0].label = crate::fixtures::named("another");
    let screen = update(screen, News::View(Box::new(other)));
    assert_eq!(screen.etas, [Eta::default()]);
}

#[test]
fn out_of_service_is_shown_as_it_is_said() {
    let mut out = view(1, vec![]);
    out.out_of_service = Some(OutOfService::Rules);
    let screen = update(
        Screen::new((80, 22), false),
        News::View(Box::new(out.clone())),
    );
    assert_eq!(screen.link, Link::Live(Box::new(out)));
}
