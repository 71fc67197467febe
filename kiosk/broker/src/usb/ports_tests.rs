use super::*;

fn key(number: u32) -> DeviceKey {
    DeviceKey {
        port: "1-2".to_owned(),
        number,
    }
}

fn disk(sequence: u64, size_bytes: u64) -> Disk {
    Disk {
        name: "sda".to_owned(),
        sequence,
        size_bytes,
        number: (8, 0),
        removable: true,
    }
}

fn device(number: u32, disks: Vec<Disk>) -> Device {
    Device {
        key: key(number),
        authorized: false,
        disks,
    }
}

/// Looks are a tenth of a second apart unless they say otherwise.
struct Gate {
    ports: Ports,
    now: Instant,
}

impl Gate {
    fn new() -> Self {
        Self {
            ports: Ports::default(),
            now: Instant::now(),
        }
    }

    fn look(&mut self, there: &[Device]) -> Vec<Moved> {
        self.wait(Duration::from_millis(100));
        self.ports.look(there, &|_| true, self.now)
    }

    fn wait(&mut self, time: Duration) {
        self.now = self.now.checked_add(time).unwrap();
    }

    fn let_in(&mut self, number: u32) {
        self.ports.let_in(&key(number), self.now);
    }
}

#[test]
fn a_device_comes_once_however_often_it_is_looked_at() {
    let mut gate = Gate::new();
    assert_eq!(gate.look(&[device(1, vec![])]), [Moved::Came(key(1))]);
    assert_eq!(gate.look(&[device(1, vec![])]), []);
    assert_eq!(gate.look(&[]), [Moved::Went(key(1))]);
    assert_eq!(gate.look(&[]), []);
}

#[test]
fn another_device_in_the_same_port_is_a_removal_and_an_insertion() {
    let mut gate = Gate::new();
    let _ = gate.look(&[device(1, vec![])]);
    assert_eq!(
        gate.look(&[device(2, vec![])]),
        [Moved::Went(key(1)), Moved::Came(key(2))]
    );
}

#[test]
fn the_disk_of_a_device_that_was_not_let_in_is_nobodys_business() {
    let mut gate = Gate::new();
    let _ = gate.look(&[device(1, vec![])]);
    assert_eq!(gate.look(&[device(1, vec![disk(5, 512)])]), []);
    gate.let_in(1);
    gate.ports.close(&key(1));
    assert_eq!(gate.look(&[device(1, vec![disk(5, 512)])]), []);
}

#[test]
fn a_disk_is_told_of_once_and_its_end_too() {
    let mut gate = Gate::new();
    let _ = gate.look(&[device(1, vec![])]);
    gate.let_in(1);
    assert!(gate.ports.awaits());
    assert_eq!(
        gate.look(&[device(1, vec![disk(5, 512)])]),
        [Moved::Medium(key(1), disk(5, 512))]
    );
    assert!(!gate.ports.awaits());
    assert_eq!(gate.look(&[device(1, vec![disk(5, 512)])]), []);
    assert_eq!(
        gate.look(&[device(1, vec![])]),
        [Moved::MediumGone(key(1), 5)]
    );
    assert_eq!(gate.look(&[device(1, vec![])]), []);
}

#[test]
fn a_card_that_is_changed_is_another_medium() {
    let mut gate = Gate::new();
    let _ = gate.look(&[device(1, vec![])]);
    gate.let_in(1);
    let _ = gate.look(&[device(1, vec![disk(5, 512)])]);
    assert_eq!(
        gate.look(&[device(1, vec![disk(6, 512)])]),
        [
            Moved::MediumGone(key(1), 5),
            Moved::Medium(key(1), disk(6, 512))
        ]
    );
    assert_eq!(
        gate.look(&[device(1, vec![disk(7, 0)])]),
        [Moved::MediumGone(key(1), 6)]
    );
}

#[test]
fn a_reader_without_a_card_is_empty_and_the_card_is_told_of_later() {
    let mut gate = Gate::new();
    let _ = gate.look(&[device(1, vec![])]);
    gate.let_in(1);
    let empty = [device(1, vec![disk(5, 0)])];
    assert_eq!(gate.look(&empty), []);
    gate.wait(EMPTY_WAIT_MAX);
    assert_eq!(gate.look(&empty), [Moved::Empty(key(1))]);
    assert_eq!(gate.look(&empty), []);
    assert_eq!(
        gate.look(&[device(1, vec![disk(6, 512)])]),
        [Moved::Medium(key(1), disk(6, 512))]
    );
}

#[test]
fn a_device_without_a_disk_is_given_up() {
    let mut gate = Gate::new();
    let _ = gate.look(&[device(1, vec![])]);
    gate.let_in(1);
    gate.wait(EMPTY_WAIT_MAX);
    assert_eq!(gate.look(&[device(1, vec![])]), []);
    gate.wait(DISK_WAIT_MAX);
    assert_eq!(gate.look(&[device(1, vec![])]), [Moved::Silent(key(1))]);
    // Its disk comes too late: the medium has its answer.
    assert_eq!(gate.look(&[device(1, vec![disk(5, 512)])]), []);
}

#[test]
fn udev_is_waited_for_and_not_for_ever() {
    let mut gate = Gate::new();
    let _ = gate.look(&[device(1, vec![])]);
    gate.let_in(1);
    let there = [device(1, vec![disk(5, 512)])];
    let unsettled = |_: &Disk| false;
    assert_eq!(gate.ports.look(&there, &unsettled, gate.now), []);
    let later = gate.now.checked_add(SETTLE_WAIT_MAX).unwrap();
    assert_eq!(
        gate.ports.look(&there, &unsettled, later),
        [Moved::Medium(key(1), disk(5, 512))]
    );
}

#[test]
fn forgetting_makes_everything_new() {
    let mut gate = Gate::new();
    let _ = gate.look(&[device(1, vec![])]);
    gate.let_in(1);
    let _ = gate.look(&[device(1, vec![disk(5, 512)])]);
    gate.ports.forget(&|_| true);
    assert_eq!(gate.look(&[device(1, vec![disk(5, 512)])]), []);
    gate.ports.forget(&|_| false);
    assert_eq!(
        gate.look(&[device(1, vec![disk(5, 512)])]),
        [Moved::Came(key(1))]
    );
}

#[test]
fn a_device_that_is_shut_out_is_in_until_it_is_pulled_out() {
    let mut gate = Gate::new();
    let _ = gate.look(&[device(1, vec![])]);
    gate.let_in(1);
    let _ = gate.look(&[device(1, vec![disk(5, 512)])]);
    gate.ports.close(&key(1));
    // Its disk goes with its driver, and that is no removal.
    assert_eq!(gate.look(&[device(1, vec![])]), []);
    assert_eq!(gate.look(&[]), [Moved::Went(key(1))]);
}
