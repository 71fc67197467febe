//! The people at the gate: a visit's code or badge, a PIN of the staff, and which way the next
//! medium goes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use decide::CodeFault;
use wire::custody::{SignIn, SignInFault, SignInRefused, VisitName, Way};
use wire::ledger::Event;
use wire::view::{self, TYPED_BYTES_MAX, Typed};

use super::{Daemon, report};
use crate::attempts::Attempts;
use crate::errand::Errand;
use crate::pin;

/// How long the screen says what became of what was typed.
const TYPED_STAYS: Duration = Duration::from_secs(8);

/// Shortest time between two codes or PINs: a hand takes longer, and a keyboard that is a
/// program fills the ledger no faster.
const TYPING_PAUSE: Duration = Duration::from_millis(500);

/// How long the next medium counts as one on its way out.
const EXIT_WAIT: Duration = Duration::from_secs(120);

/// Who is at the gate, as far as they said so.
#[derive(Default)]
pub(super) struct Gate {
    visitor: Option<Present<VisitName>>,
    staff: Option<Present<String>>,
    exit_since: Option<Instant>,
    typed: Option<(Typed, Instant)>,
    /// Wrong codes, and numbers that are nobody's.
    codes: Attempts,
    /// Wrong PINs, by account.
    pins: BTreeMap<String, Attempts>,
    /// When something was last typed.
    typed_at: Option<Instant>,
    /// A PIN that is being checked, and whose.
    checking: Option<(String, Errand<bool>)>,
}

/// Somebody who is signed in, and since when nothing was heard of them.
struct Present<W> {
    who: W,
    heard: Instant,
}

impl<W> Present<W> {
    fn new(who: W) -> Self {
        Self {
            who,
            heard: Instant::now(),
        }
    }

    fn left(&self, seconds_max: u64) -> u64 {
        seconds_max.saturating_sub(self.heard.elapsed().as_secs())
    }
}

impl Gate {
    fn say(&mut self, typed: Typed) {
        self.typed = Some((typed, Instant::now()));
    }

    /// The visit whose code was given.
    pub(super) fn visit(&self) -> Option<&VisitName> {
        self.visitor.as_ref().map(|present| &present.who)
    }

    /// The visit whose code was given, which is used now and so counts for longer.
    pub(super) fn used_visit(&mut self) -> Option<VisitName> {
        let present = self.visitor.as_mut()?;
        present.heard = Instant::now();
        Some(present.who.clone())
    }

    /// Which way the next medium goes; the one after it goes in.
    pub(super) fn take_way(&mut self) -> Way {
        match self.exit_since.take() {
            Some(_) => Way::Out,
            None => Way::In,
        }
    }

    /// Who of the staff answers for what is said at the screen now.
    pub(super) fn hear_staff(&mut self) -> Option<String> {
        let present = self.staff.as_mut()?;
        present.heard = Instant::now();
        Some(present.who.clone())
    }
}

impl Daemon {
    /// What the screen may ask, and may tell.
    pub(super) fn gate_view(&self) -> view::Gate {
        let (gate, policy) = (&self.gate, &self.site.policy.gate);
        let visitor = gate.visitor.as_ref().map(|present| view::Visitor {
            person: present.who.person.clone(),
            company: present.who.company.clone(),
            seconds_left: present.left(policy.visit_seconds),
        });
        let staff = gate.staff.as_ref().map(|present| view::Staff {
            name: present.who.clone(),
            seconds_left: present.left(policy.staff_seconds),
        });
        view::Gate {
            asks_visit: policy.visit_required,
            visitor,
            takes_exits: policy.exits,
            is_exit: gate.exit_since.is_some(),
            is_enrolling: self.is_enrolling(),
            takes_staff: self.lists.accounts.has_pins(),
            staff,
            typed: gate.typed.map(|(typed, _)| typed),
            locked_seconds: gate.codes.closed_seconds(Instant::now()),
            requests: self.standing.requests,
            overdue: self.standing.overdue,
            lists_refused: self
                .lists
                .refused()
                .map(wire::name::line)
                .map(|line| wire::name::line_within(&line, view::STAFF_LINE_BYTES_MAX)),
        }
    }

    /// Whether an administrator waits for a medium to register.
    pub(super) fn is_enrolling(&self) -> bool {
        let until = self.standing.enrolling_until.as_deref();
        let until: Option<jiff::Timestamp> = until.and_then(|until| until.parse().ok());
        until.is_some_and(|until| jiff::Timestamp::now() < until)
    }

    /// A visit's code or badge was typed.
    pub(super) fn type_code(&mut self, code: &str) {
        let now = Instant::now();
        if !self.takes_typing(now) {
            return;
        }
        if 0 < self.gate.codes.closed_seconds(now) || TYPED_BYTES_MAX < code.len() {
            return self.gate.say(Typed::Wrong);
        }
        let at = self.moment();
        let name = |visit: &decide::Visit| VisitName {
            id: visit.id.clone(),
            person: visit.person.clone(),
            company: visit.company.clone(),
        };
        let (fault, typed, whom) = match self.lists.contractors.for_code(code, &at) {
            Ok(visit) => {
                let visit = name(visit);
                self.gate.codes.right();
                self.gate.say(Typed::Taken);
                if self.gate.visit() != Some(&visit) {
                    self.sign_out_visitor();
                    self.note(Event::SignedIn(SignIn::Visit(visit.clone())));
                }
                self.gate.visitor = Some(Present::new(visit));
                return self.ask_visitors();
            }
            Err(CodeFault::Unknown) => (SignInFault::Unknown, Typed::Wrong, None),
            Err(CodeFault::Ended(visit)) => (SignInFault::Ended, Typed::Ended, Some(name(&visit))),
            Err(CodeFault::NotYetValid(visit)) => (
                SignInFault::NotYetValid,
                Typed::NotYetValid,
                Some(name(&visit)),
            ),
        };
        // A visit that ended is known to whoever has its code: that is no guess.
        let locked_seconds = match &whom {
            Some(_) => 0,
            None => self.gate.codes.wrong(now),
        };
        self.gate.say(typed);
        self.note(Event::SignInRefused(Box::new(SignInRefused {
            whom: whom.map(SignIn::Visit),
            why: fault,
            locked_seconds,
        })));
    }

    /// A number and a PIN were typed. To check one takes a moment, on purpose.
    pub(super) fn type_pin(&mut self, number: &str, typed: String) {
        let now = Instant::now();
        if !self.takes_typing(now) {
            return;
        }
        let is_busy = self.gate.checking.is_some() || 0 < self.gate.codes.closed_seconds(now);
        if is_busy || TYPED_BYTES_MAX < typed.len() {
            return self.gate.say(Typed::Wrong);
        }
        let at = self.moment();
        let account = self.lists.accounts.numbered(number);
        let may = |account: &&decide::Account| account.in_force(&self.lists.contractors, &at);
        let whom = account.map(|account| account.name.clone());
        let pins = whom.as_ref().and_then(|name| self.gate.pins.get(name));
        if pins.is_some_and(|pins| 0 < pins.closed_seconds(now)) {
            return self.gate.say(Typed::Wrong);
        }
        let hash = account.filter(may).and_then(|account| account.pin.clone());
        let (Some(name), Some(hash)) = (whom.clone(), hash) else {
            let fault = whom
                .as_ref()
                .map_or(SignInFault::Unknown, |_| SignInFault::Ended);
            return self.refuse_staff(whom, fault);
        };
        let check = move || Ok(pin::verify(&typed, &hash));
        match Errand::start(None, now, check) {
            Ok(errand) => {
                self.gate.checking = Some((name, errand));
                self.gate.say(Typed::Checking);
            }
            Err(error) => {
                report(&format!("a PIN cannot be checked: {error}"));
                self.gate.say(Typed::Wrong);
            }
        }
    }

    /// Whether what is typed is taken at all: not without a ledger to write it down in, and not
    /// faster than people type.
    fn takes_typing(&mut self, now: Instant) -> bool {
        let last = self.gate.typed_at.replace(now);
        let is_fast = last.is_some_and(|last| now.saturating_duration_since(last) < TYPING_PAUSE);
        self.greeted && !is_fast
    }

    fn refuse_staff(&mut self, whom: Option<String>, why: SignInFault) {
        let now = Instant::now();
        // One person's mistakes close nobody else's way, and nobody's success clears them.
        let locked_seconds = match &whom {
            Some(name) => self.gate.pins.entry(name.clone()).or_default().wrong(now),
            None => self.gate.codes.wrong(now),
        };
        self.gate.say(Typed::Wrong);
        self.note(Event::SignInRefused(Box::new(SignInRefused {
            whom: whom.map(SignIn::Staff),
            why,
            locked_seconds,
        })));
    }

    /// Whoever is signed in is so no longer, and the next medium goes in.
    pub(super) fn sign_out(&mut self) {
        self.sign_out_visitor();
        self.sign_out_staff();
        self.gate.exit_since = None;
        self.gate.typed = None;
    }

    fn sign_out_visitor(&mut self) {
        if let Some(present) = self.gate.visitor.take() {
            self.note(Event::SignedOut(SignIn::Visit(present.who)));
        }
    }

    fn sign_out_staff(&mut self) {
        if let Some(present) = self.gate.staff.take() {
            self.note(Event::SignedOut(SignIn::Staff(present.who)));
        }
    }

    /// Somebody says whether the next medium is on its way out.
    pub(super) fn say_exit(&mut self, is_exit: bool) {
        let takes = is_exit && self.site.policy.gate.exits;
        self.gate.exit_since = takes.then(Instant::now);
    }

    /// Ends what has lasted long enough, and hears what came of a PIN.
    pub(super) fn mind_gate(&mut self) {
        let policy = self.site.policy.gate;
        let now = Instant::now();
        let over = |left: Option<u64>| left == Some(0);
        let visitor = self.gate.visitor.as_ref();
        let at = self.moment();
        let is_void = visitor.is_some_and(|present| {
            let contractors = &self.lists.contractors;
            let visit = contractors.visit(&present.who.id);
            visit.is_none_or(|visit| contractors.visit_has_ended(visit, &at))
        });
        if is_void || over(visitor.map(|present| present.left(policy.visit_seconds))) {
            self.sign_out_visitor();
            self.changed = true;
        }
        let staff = self.gate.staff.as_ref();
        let is_void = staff.is_some_and(|present| {
            let account = self.lists.accounts.find(&present.who);
            account.is_none_or(|account| !account.in_force(&self.lists.contractors, &at))
        });
        if is_void || over(staff.map(|present| present.left(policy.staff_seconds))) {
            self.sign_out_staff();
            self.changed = true;
        }
        let gate = &mut self.gate;
        let stayed = |since: &Instant, stays| stays <= since.elapsed();
        if gate
            .exit_since
            .is_some_and(|since| stayed(&since, EXIT_WAIT))
        {
            gate.exit_since = None;
            self.changed = true;
        }
        if gate
            .typed
            .is_some_and(|(_, since)| stayed(&since, TYPED_STAYS))
        {
            gate.typed = None;
            self.changed = true;
        }
        let result = gate
            .checking
            .as_ref()
            .and_then(|(_, errand)| errand.result(now));
        if let Some(result) = result
            && let Some((name, _)) = self.gate.checking.take()
        {
            self.changed = true;
            // A check that failed has not said yes.
            if result.is_ok_and(|is_right| is_right) {
                self.gate.pins.remove(&name);
                self.gate.say(Typed::Taken);
                self.sign_out_staff();
                self.note(Event::SignedIn(SignIn::Staff(name.clone())));
                self.gate.staff = Some(Present::new(name));
            } else {
                self.refuse_staff(Some(name), SignInFault::WrongPin);
            }
        }
    }

    /// Has an entry written that nobody waits for. Without a ledger there is nothing at the
    /// gate to write down: nothing is begun then.
    pub(super) fn note(&mut self, event: Event) {
        self.changed = true;
        if let Some(lost) = self.record(None, event) {
            self.happen(lost);
        }
    }
}
