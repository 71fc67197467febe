//! Other people's rules: what the engine takes of them, and a list of what it does not.
//!
//! Every file is compiled by itself. A rule with an error is left out, and with it every rule
//! that goes by it: their errors follow by themselves in the next round, because the name that
//! they ask for is gone. The rounds end when nothing is wrong, and each leaves something out.

mod complaint;

mod cost;

mod split;

use wire::rules::{
    EXTERNALS_EMPTY, Gathered, GatheredFile, GatheredRule, LEFT_OUT_MESSAGE_BYTES_MAX, LeftOut,
    LeftOutReason, SourceFile,
};

use complaint::{Complaint, SYNTAX};
use cost::Probes;
use split::{Kind, Piece, newlines, pieces};

/// Everything in `files` that compiles.
pub(crate) fn gather(files: &[SourceFile]) -> Gathered {
    let mut gathered = Gathered::default();
    let probes = Probes::new();
    for file in files {
        let mut found = Sorted::of(file, false);
        if found.has(LeftOutReason::Expression) {
            let relaxed = Sorted::of(file, true);
            if relaxed.left_out.len() < found.left_out.len() {
                gathered.relaxed_expressions = true;
                found = relaxed;
            }
        }
        if found.costly(&probes) {
            found.settle();
        }
        let rules = found.rules();
        if !rules.is_empty() {
            gathered.files.push(GatheredFile {
                origin: file.origin.clone(),
                text: found.text(),
                rules,
            });
        }
        gathered.left_out.extend(found.left_out);
    }
    gathered
}

/// One file, sorted into what stays and what is left out.
struct Sorted<'f> {
    file: &'f SourceFile,
    relaxed: bool,
    pieces: Vec<Piece>,
    /// For each piece, why it is left out.
    out: Vec<Option<LeftOutReason>>,
    left_out: Vec<LeftOut>,
}

impl<'f> Sorted<'f> {
    fn of(file: &'f SourceFile, relaxed: bool) -> Self {
        let pieces = pieces(&file.text);
        let out = vec![None; pieces.len()];
        let mut sorted = Self {
            file,
            relaxed,
            pieces,
            out,
            left_out: Vec::new(),
        };
        sorted.includes();
        sorted.settle();
        sorted
    }

    /// Leaves out whatever the engine complains about.
    fn settle(&mut self) {
        loop {
            let complaints = self.complaints(&self.blanked());
            let Some(first) = complaints.first() else {
                break;
            };
            if !self.round(&complaints) {
                self.all(first);
                break;
            }
        }
        self.under_globals();
    }

    /// Leaves out the rules that take too long; `false` when there are none.
    fn costly(&mut self, probes: &Probes) -> bool {
        if !cost::is_too_much(probes.cost(&self.blanked(), self.relaxed)) {
            return false;
        }
        let mut any = false;
        for at in 0..self.pieces.len() {
            let is_rule = self
                .pieces
                .get(at)
                .is_some_and(|piece| piece.rule().is_some());
            if !is_rule || self.out.get(at).is_none_or(Option::is_some) {
                continue;
            }
            let wanted = self.closure(at);
            let alone = self.text_but(|other| !wanted.contains(&other));
            // What no longer compiles goes by a rule that is already out, and goes with it.
            let Some(cost) = probes.cost(&alone, self.relaxed) else {
                continue;
            };
            if cost::is_too_much(Some(cost)) {
                let message = format!(
                    "it takes {} ms of processor time for 1 MiB",
                    cost.as_millis()
                );
                any |= self.leave_out(at, LeftOutReason::Slow, &message);
            }
        }
        any
    }

    /// The pieces that a rule needs: imports, global rules, and the rules that it goes by.
    fn closure(&self, rule: usize) -> Vec<usize> {
        let mut wanted = vec![rule];
        for (at, piece) in self.pieces.iter().enumerate() {
            let always = match &piece.kind {
                Kind::Import(_) => true,
                Kind::Rule(head) => head.global,
                Kind::Include | Kind::Stray => false,
            };
            if always && self.out.get(at).is_some_and(Option::is_none) {
                wanted.push(at);
            }
        }
        let mut next = 0;
        while let Some(at) = wanted.get(next) {
            next = next.saturating_add(1);
            let Some(Kind::Rule(head)) = self.pieces.get(*at).map(|piece| &piece.kind) else {
                continue;
            };
            for (other, piece) in self.pieces.iter().enumerate() {
                let asked = piece
                    .rule()
                    .is_some_and(|name| head.asks.iter().any(|asked| asked == name));
                let is_in = self.out.get(other).is_some_and(Option::is_none);
                if asked && is_in && !wanted.contains(&other) {
                    wanted.push(other);
                }
            }
        }
        wanted
    }

    /// Other files are files of their own here, each with its own names.
    fn includes(&mut self) {
        for at in 0..self.pieces.len() {
            if self
                .pieces
                .get(at)
                .is_some_and(|one| one.kind == Kind::Include)
            {
                let message = "includes are not followed: every file is read by itself";
                self.leave_out(at, LeftOutReason::Include, message);
            }
        }
    }

    /// Leaves out what these complaints are about; `false` when that was nothing.
    fn round(&mut self, complaints: &[Complaint]) -> bool {
        // What is no rule by its form can hide others from the reader that complains.
        if complaints.iter().any(|one| one.code == SYNTAX) {
            return self.malformed()
                || self.blamed(complaints.iter().filter(|one| one.code == SYNTAX));
        }
        self.blamed(complaints.iter())
    }

    fn blamed<'c>(&mut self, complaints: impl Iterator<Item = &'c Complaint>) -> bool {
        let mut any = false;
        for complaint in complaints {
            let holds = |piece: &Piece| piece.range.contains(&complaint.at);
            let Some(at) = self.pieces.iter().position(holds) else {
                continue;
            };
            let reason = self.reason(complaint);
            any |= self.leave_out(at, reason, &self.placed(complaint));
        }
        any
    }

    /// Leaves out the pieces that are malformed by themselves.
    fn malformed(&mut self) -> bool {
        let mut any = false;
        for at in 0..self.pieces.len() {
            let Some(range) = self.pieces.get(at).map(|piece| piece.range.clone()) else {
                continue;
            };
            let alone = self.file.text.get(range.clone()).unwrap_or_default();
            let complaints = self.complaints(alone);
            if let Some(mut complaint) = complaints.into_iter().find(|one| one.code == SYNTAX) {
                complaint.at = complaint.at.saturating_add(range.start);
                let message = self.placed(&complaint);
                any |= self.leave_out(at, LeftOutReason::Syntax, &message);
            }
        }
        any
    }

    /// Nothing else is known to be wrong, and yet the engine refuses the file.
    fn all(&mut self, first: &Complaint) {
        let (reason, message) = (self.reason(first), self.placed(first));
        for at in 0..self.pieces.len() {
            self.leave_out(at, reason, &message);
        }
        if self.pieces.is_empty() {
            self.list(1, None, reason, &message);
        }
    }

    /// A rule under a global rule finds less than its author meant when that is gone: more.
    fn under_globals(&mut self) {
        let lost = self.pieces.iter().zip(&self.out).find_map(|(piece, out)| {
            let Kind::Rule(head) = &piece.kind else {
                return None;
            };
            (head.global && out.is_some()).then(|| head.name.clone())
        });
        let Some(name) = lost else {
            return;
        };
        for at in 0..self.pieces.len() {
            if self
                .pieces
                .get(at)
                .is_some_and(|piece| piece.rule().is_some())
            {
                let message = format!("it stands under the global rule {name}, which was left out");
                self.leave_out(at, LeftOutReason::Depends, &message);
            }
        }
    }

    fn reason(&self, complaint: &Complaint) -> LeftOutReason {
        let gone = |is: &dyn Fn(&Kind) -> bool| {
            let mut pieces = self.pieces.iter().zip(&self.out);
            pieces.any(|(piece, out)| out.is_some() && is(&piece.kind))
        };
        match (complaint.code, complaint.unknown.as_deref()) {
            (_, Some(unknown)) => {
                if gone(&|kind| matches!(kind, Kind::Rule(head) if head.name == unknown)) {
                    LeftOutReason::Depends
                } else if gone(&|kind| matches!(kind, Kind::Import(name) if name == unknown)) {
                    LeftOutReason::Module
                } else {
                    LeftOutReason::Undefined
                }
            }
            (SYNTAX, _) => LeftOutReason::Syntax,
            ("E010", _) => LeftOutReason::Module,
            ("E012" | "E013", _) => LeftOutReason::Duplicate,
            ("E014" | "E015" | "E030" | "E031", _) => LeftOutReason::Expression,
            ("E018" | "E034" | "E045", _) => LeftOutReason::Slow,
            _ => LeftOutReason::Refused,
        }
    }

    /// The complaint with its line.
    fn placed(&self, complaint: &Complaint) -> String {
        let line = newlines(&self.file.text, 0..complaint.at).saturating_add(1);
        format!("line {line}: {}", complaint.message)
    }

    fn leave_out(&mut self, at: usize, reason: LeftOutReason, message: &str) -> bool {
        let (Some(out), Some(piece)) = (self.out.get_mut(at), self.pieces.get(at)) else {
            return false;
        };
        if out.is_some() {
            return false;
        }
        *out = Some(reason);
        let (line, rule) = (piece.line, piece.rule().map(str::to_owned));
        self.list(line, rule, reason, message);
        true
    }

    fn list(&mut self, line: u64, rule: Option<String>, reason: LeftOutReason, message: &str) {
        self.left_out.push(LeftOut {
            file: self.file.origin.clone(),
            line,
            rule,
            reason,
            message: shortened(message),
        });
    }

    fn has(&self, reason: LeftOutReason) -> bool {
        self.left_out.iter().any(|one| one.reason == reason)
    }

    fn rules(&self) -> Vec<GatheredRule> {
        let kept = self
            .pieces
            .iter()
            .zip(&self.out)
            .filter(|(_, out)| out.is_none());
        kept.filter_map(|(piece, _)| match &piece.kind {
            Kind::Rule(head) => Some(GatheredRule {
                name: head.name.clone(),
                line: piece.line,
                private: head.private,
                asks_empty: EXTERNALS_EMPTY
                    .iter()
                    .filter(|empty| head.asks.iter().any(|asked| asked == *empty))
                    .map(|empty| (*empty).to_owned())
                    .collect(),
            }),
            Kind::Import(_) | Kind::Include | Kind::Stray => None,
        })
        .collect()
    }

    fn blanked(&self) -> String {
        self.text_but(|at| self.out.get(at).is_none_or(Option::is_some))
    }

    /// The text with blanks where the pieces are that are not wanted: every place stays the same.
    fn text_but(&self, unwanted: impl Fn(usize) -> bool) -> String {
        self.replaced(|at, piece| unwanted(at).then(|| blanks(piece)))
    }

    /// The text for the set: a remark in the place of what is left out, every line where it was.
    fn text(&self) -> String {
        self.replaced(|at, piece| {
            let reason = self.out.get(at).copied().flatten()?;
            let what = self.pieces.get(at).and_then(Piece::rule).unwrap_or("this");
            let lines = piece.bytes().filter(|byte| *byte == b'\n').count();
            Some(format!(
                "/* left out: {what} ({reason:?}) */{}",
                "\n".repeat(lines)
            ))
        })
    }

    fn replaced(&self, with: impl Fn(usize, &str) -> Option<String>) -> String {
        let text = &self.file.text;
        let mut result = String::with_capacity(text.len());
        let mut done = 0;
        for (at, piece) in self.pieces.iter().enumerate() {
            let own = text.get(piece.range.clone()).unwrap_or_default();
            if let Some(other) = with(at, own) {
                result.push_str(text.get(done..piece.range.start).unwrap_or_default());
                result.push_str(&other);
                done = piece.range.end;
            }
        }
        result.push_str(text.get(done..).unwrap_or_default());
        result
    }

    fn complaints(&self, text: &str) -> Vec<Complaint> {
        complaint::complaints(text, &self.file.origin, self.relaxed)
    }
}

fn blanks(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte == b'\n' { '\n' } else { ' ' })
        .collect()
}

fn shortened(message: &str) -> String {
    let (kept, _) = message.split_at(message.floor_char_boundary(LEFT_OUT_MESSAGE_BYTES_MAX));
    kept.to_owned()
}

#[cfg(test)]
#[path = "gather/tests.rs"]
mod tests;
