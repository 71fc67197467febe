use std::rc::Rc;

use super::*;

/// A device whose bytes can be changed between two reads, and whose sectors can go bad.
#[derive(Clone)]
struct Device {
    bytes: Rc<RefCell<Vec<u8>>>,
    /// The error of reads that touch this byte.
    broken: Rc<Cell<Option<(usize, i32)>>>,
}

impl Device {
    fn new(size_bytes: usize) -> Self {
        let bytes = (0..size_bytes).map(|n| u8::try_from(n % 253).unwrap());
        Self {
            bytes: Rc::new(RefCell::new(bytes.collect())),
            broken: Rc::new(Cell::new(None)),
        }
    }

    fn change(&self, at: usize) {
        self.bytes.borrow_mut()[at] ^= 1;
    }
}

impl Blocks for Device {
    fn size_bytes(&self) -> u64 {
        u64::try_from(self.bytes.borrow().len()).unwrap()
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
        let range = usize::try_from(offset_bytes).unwrap()..;
        let range = range.start..range.start + buffer.len();
        if let Some((_, code)) = self.broken.get().filter(|(at, _)| range.contains(at)) {
            return Err(io::Error::from_raw_os_error(code));
        }
        let bytes = self.bytes.borrow();
        buffer.copy_from_slice(bytes.get(range).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

const MIB: usize = 1 << 20;

/// A device of 4 MiB and a bit, read whole as `purpose`.
fn read_whole(purpose: Purpose) -> (Device, Witness<Device>) {
    let device = Device::new(4 * MIB + 512);
    let witness = Witness::new(device.clone(), RandomState::new());
    witness.reads_for(purpose);
    read(&witness, 0, 4 * MIB + 512);
    (device, witness)
}

fn read(witness: &Witness<Device>, offset: usize, length: usize) {
    let mut buffer = vec![0; length];
    let offset = u64::try_from(offset).unwrap();
    witness.read_at(offset, &mut buffer).unwrap();
}

fn span(offset_bytes: u64, size_bytes: u64) -> Span {
    Span {
        offset_bytes,
        size_bytes,
    }
}

#[test]
fn a_device_that_stays_what_it_is_reads_the_same() {
    for purpose in [Purpose::Structure, Purpose::Content] {
        let (device, witness) = read_whole(purpose);
        let whole = u64::try_from(4 * MIB + 512).unwrap();
        let again = witness.read_again(&device);
        assert_eq!(again, (whole, SecondReading::Same));
    }
}

#[test]
fn one_bit_that_reads_differently_the_second_time_is_found_and_its_bytes_are_named() {
    for purpose in [Purpose::Structure, Purpose::Content] {
        let (device, witness) = read_whole(purpose);
        device.change(MIB + 5);
        let (compared, reading) = witness.read_again(&device);
        assert_eq!(reading, SecondReading::Differs(span(1_048_576, 65_536)));
        assert_eq!(compared, 1_048_576);
        // In the tail, which is no whole piece.
        let (device, witness) = read_whole(purpose);
        device.change(4 * MIB + 511);
        let (_, reading) = witness.read_again(&device);
        assert_eq!(reading, SecondReading::Differs(span(4_194_304, 512)));
    }
}

#[test]
fn bytes_that_were_not_read_are_not_compared() {
    let device = Device::new(4 * MIB);
    let witness = Witness::new(device.clone(), RandomState::new());
    read(&witness, 100, 1000);
    read(&witness, 65_500, 100);
    device.change(99);
    device.change(1100);
    device.change(65_600);
    let (compared, reading) = witness.read_again(&device);
    assert_eq!((compared, reading), (1100, SecondReading::Same));
    device.change(65_599);
    let (_, reading) = witness.read_again(&device);
    assert_eq!(reading, SecondReading::Differs(span(65_536, 64)));
}

#[test]
fn what_cannot_be_read_the_second_time_is_named() {
    for (code, expected) in [
        (5, SecondReading::Unreadable(span(65_536, 65_536))),
        (19, SecondReading::Gone),
    ] {
        let (device, witness) = read_whole(Purpose::Content);
        device.broken.set(Some((70_000, code)));
        assert_eq!(witness.read_again(&device), (65_536, expected));
    }
}

#[test]
fn a_read_that_fails_leaves_no_note() {
    let device = Device::new(MIB);
    let witness = Witness::new(device.clone(), RandomState::new());
    device.broken.set(Some((10, 5)));
    assert!(witness.read_at(0, &mut [0; 512]).is_err());
    device.broken.set(None);
    assert_eq!(witness.read_again(&device), (0, SecondReading::Same));
}

#[test]
fn a_piece_that_changes_while_the_scan_runs_is_told_even_when_it_changes_back() {
    for first in [Purpose::Structure, Purpose::Content] {
        let (device, witness) = read_whole(first);
        device.change(65_536);
        witness.reads_for(Purpose::Structure);
        read(&witness, 0, 3 * 65_536);
        device.change(65_536);
        let (_, reading) = witness.read_again(&device);
        assert_eq!(reading, SecondReading::Differs(span(65_536, 65_536)));
    }
}

#[test]
fn a_content_that_turns_out_to_be_structure_is_kept_for_certain() {
    let device = Device::new(40 * PIECE_BYTES);
    let witness = Witness::with_limits(device.clone(), RandomState::new(), 40, 1);
    for purpose in [Purpose::Content, Purpose::Structure] {
        witness.reads_for(purpose);
        read(&witness, 0, 40 * PIECE_BYTES);
    }
    let notes = witness.notes.borrow();
    assert_eq!(notes.structures.kept.len(), 40);
    drop(notes);
    device.change(39 * PIECE_BYTES);
    let (_, reading) = witness.read_again(&device);
    let last = span(39 * PIECE_STEP, PIECE_STEP);
    assert_eq!(reading, SecondReading::Differs(last));
}

#[test]
fn notes_are_bounded_and_a_fair_sample_of_what_was_read() {
    let pieces = 400;
    let device = Device::new(pieces * PIECE_BYTES);
    let mut in_first_half = 0;
    let rounds = 40;
    for _ in 0..rounds {
        let witness = Witness::with_limits(device.clone(), RandomState::new(), 20, 10);
        for purpose in [Purpose::Structure, Purpose::Content] {
            witness.reads_for(purpose);
            // One byte of each piece: for a sample it does not matter how long a piece is.
            for piece in 0..pieces {
                let within = usize::from(purpose == Purpose::Content);
                read(&witness, piece * PIECE_BYTES + within, 1);
            }
        }
        let notes = witness.notes.borrow();
        for (sample, limit) in [(&notes.structures, 20), (&notes.contents, 10)] {
            assert_eq!((sample.kept.len(), sample.by_range.len()), (limit, limit));
            for (place, note) in sample.kept.iter().enumerate() {
                assert_eq!(sample.by_range.get(&note.range), Some(&place));
            }
            let middle = u64::try_from(pieces / 2).unwrap() * PIECE_STEP;
            let early = sample.kept.iter().filter(|note| note.range.0 < middle);
            in_first_half += early.count();
        }
        drop(notes);
        let (compared, reading) = witness.read_again(&device);
        assert_eq!((compared, reading), (30, SecondReading::Same));
    }
    // Of 1200 draws half are expected, with a deviation of 17.
    assert!((450..750).contains(&in_first_half), "{in_first_half}");
}

#[test]
fn the_limits_of_a_worker_are_those_that_are_named() {
    let witness = Witness::new(Device::new(512), RandomState::new());
    let notes = witness.notes.borrow();
    assert_eq!(notes.structures.limit, STRUCTURE_NOTES_MAX);
    assert_eq!(notes.contents.limit, CONTENT_NOTES_MAX);
    // A content past its limit still leaves no more notes than it says.
    let mut sample = Sample::new(CONTENT_NOTES_MAX);
    for number in 0..4 * CONTENT_NOTES_MAX {
        let range = (u64::try_from(number).unwrap(), 1);
        if let Some(place) = sample.place_for(range, |count| count.wrapping_mul(0x9E37_79B9)) {
            sample.put(place, Note { range, hash: 0 });
        }
    }
    assert_eq!(sample.kept.len(), CONTENT_NOTES_MAX);
}

#[test]
fn two_witnesses_do_not_share_what_they_would_accept() {
    let keys: Vec<RandomState> = (0..2)
        .map(|_| std::thread::spawn(RandomState::new).join().unwrap())
        .collect();
    assert_ne!(keys[0].hash_one([7; 64]), keys[1].hash_one([7; 64]));
}
