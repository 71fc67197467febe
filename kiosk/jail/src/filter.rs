//! A list of system calls made into seccomp programs.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, Error, SeccompAction, SeccompCmpArgLen, SeccompCmpOp,
    SeccompCondition, SeccompFilter, SeccompRule, TargetArch, apply_filter_all_threads,
};

use crate::calls::{Call, Calls, Test};
use crate::error::JailError;

/// Programs ready to be installed.
pub(crate) struct Filter(Vec<BpfProgram>);

impl Filter {
    pub(crate) fn new(calls: &Calls) -> Result<Self, JailError> {
        let mut programs = Vec::new();
        // The kernel takes the most severe answer of all programs, and an error number is more
        // severe than leave: so what is refused here must be on the list of the last one too.
        if let Some((refused, errno)) = &calls.refused {
            let answer = SeccompAction::Errno(errno.cast_unsigned());
            programs.push(program(refused, answer, SeccompAction::Allow)?);
        }
        programs.push(program(
            &calls.allowed,
            SeccompAction::Allow,
            SeccompAction::KillProcess,
        )?);
        Ok(Self(programs))
    }

    /// Installs it on every thread, for good. The one that kills is the last, because it need
    /// not allow to install another.
    pub(crate) fn install(&self) -> Result<(), JailError> {
        for program in &self.0 {
            apply_filter_all_threads(program).map_err(JailError::Filter)?;
        }
        Ok(())
    }
}

/// `answer` for the calls that are named, `otherwise` for the rest.
fn program(
    calls: &[Call],
    answer: SeccompAction,
    otherwise: SeccompAction,
) -> Result<BpfProgram, JailError> {
    build(calls, answer, otherwise).map_err(|error| JailError::Filter(Error::Backend(error)))
}

fn build(
    calls: &[Call],
    answer: SeccompAction,
    otherwise: SeccompAction,
) -> Result<BpfProgram, BackendError> {
    let mut table: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for call in calls {
        // No rule at all means "whatever its arguments"; several rules mean "any of them". A
        // call is therefore named either once without tests or always with them.
        let rules = table.entry(call.number).or_default();
        let mut conditions = Vec::new();
        for (argument, test) in &call.tests {
            conditions.push(condition(*argument, *test)?);
        }
        if !conditions.is_empty() {
            rules.push(SeccompRule::new(conditions)?);
        }
    }
    let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
    SeccompFilter::new(table, otherwise, answer, architecture)?.try_into()
}

fn condition(argument: u8, test: Test) -> Result<SeccompCondition, BackendError> {
    match test {
        // The kernel looks at the low half of a register only, where it takes an `int`.
        Test::Int(value) => SeccompCondition::new(
            argument,
            SeccompCmpArgLen::Dword,
            SeccompCmpOp::Eq,
            u64::from(value.cast_unsigned()),
        ),
        Test::Long(value) => {
            SeccompCondition::new(argument, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, value)
        }
        Test::Without(bits) => SeccompCondition::new(
            argument,
            SeccompCmpArgLen::Qword,
            SeccompCmpOp::MaskedEq(bits),
            0,
        ),
    }
}
