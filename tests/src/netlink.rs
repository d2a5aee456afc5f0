//! Keeps a test, and whatever it starts, from hearing what becomes of the machine's networks.

use std::sync::OnceLock;

use anyhow::Result;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

/// From now on no netlink socket is opened. By one Chromium hears that the machine has got or lost an address, as it does with every Docker
/// network of a test beside, and drops what is under way (`ERR_NETWORK_CHANGED`); without one it takes the network for unchanged.
///
/// # Errors
/// If the kernel takes no filter.
pub fn refuse() -> Result<()> {
    static DONE: OnceLock<Result<(), String>> = OnceLock::new();
    DONE.get_or_init(|| filter().map_err(|error| format!("no test can be kept from netlink here: {error}")))
        .clone()
        .map_err(anyhow::Error::msg)
}

fn filter() -> Result<()> {
    let netlink = u64::try_from(libc::AF_NETLINK)?;
    let family = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, netlink)?;
    let rules = [(libc::SYS_socket, vec![SeccompRule::new(vec![family])?])].into();
    let refused = SeccompAction::Errno(u32::try_from(libc::EAFNOSUPPORT)?);
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refused, std::env::consts::ARCH.try_into()?)?;
    Ok(seccompiler::apply_filter_all_threads(&BpfProgram::try_from(filter)?)?)
}
