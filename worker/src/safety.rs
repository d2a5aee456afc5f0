//! Rules over what steps would touch, which no plan and no approval can switch off. They only refuse.

pub(crate) mod backup;
pub(crate) mod family;
